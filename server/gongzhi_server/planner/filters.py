"""The `filter` argument as criteria."""

from __future__ import annotations

from typing import Any

from gongzhi.filters import Value
from gongzhi.plans import Frame
from gongzhi.sql import Sql, every, some
from pypika_tortoise.terms import Criterion

from .rows import Rows


def filtered(rows: Rows, at: Frame) -> None:
    """Keep only the rows that meet the filter, if there is one."""
    given: Any = at.given
    if "filter" in given:
        criterion = _all(rows, at, given, ("filter",))
        if criterion is not None:
            rows.where(criterion)


def _all(rows: Rows, at: Frame, given: Any, path: tuple[str | int, ...]) -> Criterion | None:
    found = [one for name in given.at(*path) if (one := _one(rows, at, given, (*path, name))) is not None]
    return every(*found) if found else None


def _one(rows: Rows, at: Frame, given: Any, path: tuple[str | int, ...]) -> Criterion | None:
    """One entry of a filter object. What is null is no condition."""
    name, value = path[-1], given.at(*path)
    if value is None:
        return None
    match name:
        case "and" | "or":
            inner = [_all(rows, at, given, (*path, index)) for index in range(len(value))]
            kept = [one for one in inner if one is not None]
            if name == "or" and (not inner or len(kept) < len(inner)):
                return None if inner else Sql("false")  # an empty object is met by all, an empty list by none
            return (every if name == "and" else some)(*kept) if kept else None
        case "not":
            inside = _all(rows, at, given, path)
            return None if inside is None else Sql("not coalesce({0},false)", inside)
    comparison = rows.target.filter[snake(str(name))]
    ways = [way for way in value if value[way] is not None]
    found = [comparison.build(at, way, Value(given, (*path, way))) for way in ways]
    return every(*found) if found else None


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
