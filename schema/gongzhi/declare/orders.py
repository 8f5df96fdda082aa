"""Orders that plugins add to the lists of others: by a value the database computes from the row."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypika_tortoise.terms import Term, ValueWrapper

from gongzhi.declare.plans import Build, Frame
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import DeclarationError

Least = int | float | str | datetime.date | datetime.datetime
"""What rows can be ordered by."""

KINDS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    int: ("bigint", int),
    float: ("float8", float),
    str: ("text", str),
    datetime.date: ("date", datetime.date.fromisoformat),
    datetime.datetime: ("timestamptz", datetime.datetime.fromisoformat),
}
"""The PostgreSQL type of each, and how it is read from a cursor's JSON."""


@dataclass(frozen=True)
class Ordering:
    """Rows by what `build` makes of them, those without a value as if they had `empty`."""

    build: Build
    empty: Least
    requires: str | None
    plugin: str = ""

    def value(self, at: Frame) -> Term:
        """The value, which is never null."""
        cast, _ = KINDS[type(self.empty)]
        return Sql(f"coalesce(({{0}})::{cast},{{1}}::{cast})", self.build(at), ValueWrapper(self.empty))

    def read(self, value: Any) -> Any:
        """A value as a cursor has it. Raises ValueError or TypeError."""
        return KINDS[type(self.empty)][1](value)


def by(build: Build, *, empty: Least, requires: str | None) -> Ordering:
    """Order by what the database makes of the row; `at.rows` is its table.

    `empty` stands for null, and for rows on which the viewer lacks the permission `requires` (None: all who see the
    rows may order by it); its type is that of the value. No index serves such an order: all rows that are asked for
    are sorted, so offer it where a filter or a grid leaves some hundreds.
    """
    if type(empty) not in KINDS:
        raise DeclarationError(f"nothing can be ordered by {type(empty).__name__}; by {', '.join(map(name, KINDS))}")
    return Ordering(build, empty, requires)


def name(kind: type) -> str:
    return kind.__name__
