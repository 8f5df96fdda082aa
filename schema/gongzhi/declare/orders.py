"""Orders: ways of ordering others' lists that plugins add, by a value the database computes from the row."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Term, ValueWrapper
from tortoise.models import Model

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
class SideTable:
    """A table with one row for each row of another: the column that orders them, and the key of whose row it is."""

    model: type[Model]
    column: str
    key: str

    def table(self, alias: str) -> Table:
        return Table(self.model._meta.db_table, schema=self.model._meta.schema, alias=alias)

    def value(self, at: Frame) -> Term:
        """Return the value that orders a row."""
        beside = self.table("beside")
        text = "(select {0} from {1} beside where {2}={3})"
        whole = Sql(f'"{self.model._meta.schema}"."{self.model._meta.db_table}"')
        return Sql(text, beside.field(self.column), whole, beside.field(self.key), at.rows.id)


@dataclass(frozen=True)
class Ordering:
    """Rows by what `build` makes of them, those without a value as if they had `empty`."""

    build: Build
    empty: Least
    requires: str | None
    plugin: str | None = None
    side: SideTable | None = None
    """Whose index is walked, where the order is that of a side table."""

    def value(self, at: Frame) -> Term:
        """Return the value, which is never null."""
        cast, _ = KINDS[type(self.empty)]
        return Sql(f"coalesce(({{0}})::{cast},{{1}}::{cast})", self.build(at), ValueWrapper(self.empty))

    def read(self, value: Any) -> Any:
        """Return a value as a cursor has it. Raises ValueError or TypeError."""
        return KINDS[type(self.empty)][1](value)


def order_by(build: Build, *, empty: Least, requires: str | None) -> Ordering:
    """Order by what the database makes of the row; `at.rows` is its table.

    `empty` stands for null, and for rows on which the viewer lacks the permission `requires` (None: all who see the
    rows may order by it); its type is that of the value. No index serves such an order: all rows that are asked for
    are sorted, so offer it where a filter or a grid leaves some hundreds; `by_side_table` has an index.
    """
    check_kind(empty)
    return Ordering(build, empty, requires)


def by_side_table(model: type[Model], column: str, *, key: str, empty: Least, requires: str | None) -> Ordering:
    """Order by a column of a side table of the plugin's, which has one row for each row of the ordered table.

    `key` is the column that says whose row it is. For rows that lie in a grid the side table is `Located`, too, and has
    the indexes of `levels(table, column, key)`: lists walk them, and join what they find, however many rows there are.
    A row without one in the side table is left out. Where a county has the plugin off, or the viewer holds `requires`
    on some rows only, rows are sorted as by `order_by`.
    """
    check_kind(empty)
    field = model._meta.fields_map.get(column)
    # A cursor cannot stand on null.
    if field is None or field.null:
        raise DeclarationError(f"{model.__name__}.{column} orders rows, so it must be a column that is never null")
    side = SideTable(model, column, key)
    return Ordering(side.value, empty, requires, side=side)


def check_kind(empty: Least) -> None:
    """Refuse what nothing is ordered by. Raises DeclarationError."""
    if type(empty) not in KINDS:
        known = ", ".join(kind.__name__ for kind in KINDS)
        raise DeclarationError(f"nothing can be ordered by {type(empty).__name__}; by {known}")
