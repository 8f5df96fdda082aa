"""Filters: `{ field: { equals | in | from | before | contains | within } }`, joined by `and`, `or`, `not`."""

from __future__ import annotations

import datetime
import enum
import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

import strawberry
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term
from strawberry import ID

from gongzhi.declare.plans import Build, Frame, Given
from gongzhi.declare.sql import Sql, all_of, ancestor_column, rows_within
from gongzhi.values import codes
from gongzhi.values.errors import Refusal

EQUALS = "This value exactly (等于)."
IN = "One of these values (属于)."
FROM = "This value or more (起，含)."
BEFORE = "Less than this value (止，不含)."


def _input(name: str, description: str, **ways: tuple[Any, str]) -> type:
    """Return a comparison input: every way is optional, and a null way is no condition."""
    # Two words that Python reserves, and one of two.
    names = {"in_": "in", "from_": "from", "starts_with": "startsWith"}
    fields = {
        way: strawberry.field(default=strawberry.UNSET, name=names.get(way, way), description=said)
        for way, (_, said) in ways.items()
    }
    hints = {way: kind | None for way, (kind, _) in ways.items()}
    made = type(name, (), {"__annotations__": hints, **fields})
    return strawberry.input(made, name=name, description=description)


def _span(name: str, kind: Any, what: str) -> type:
    return _input(name, what, equals=(kind, EQUALS), in_=(list[kind], IN), from_=(kind, FROM), before=(kind, BEFORE))


START = (str, "Begins with this text (以此开头).")
StringComparison = _input(
    "StringComparison", "Compares a text (文本比较).", equals=(str, EQUALS), in_=(list[str], IN), starts_with=START
)
TextComparison = _input(
    "TextComparison",
    "Compares and searches a text (文本查找).",
    equals=(str, EQUALS),
    in_=(list[str], IN),
    contains=(str, "Contains this text; two characters or more are found by index (包含)."),
)
IDComparison = _input("IDComparison", "Compares an id (标识比较).", equals=(ID, EQUALS), in_=(list[ID], IN))
BooleanComparison = _input("BooleanComparison", "Compares yes or no (是否).", equals=(bool, EQUALS))
IntComparison = _span("IntComparison", int, "Compares a whole number (整数比较).")
FloatComparison = _span("FloatComparison", float, "Compares a number (数值比较).")
DecimalComparison = _span("DecimalComparison", Decimal, "Compares an exact number (精确数值比较).")
DateComparison = _span("DateComparison", datetime.date, "Compares a date (日期比较).")
DateTimeComparison = _span("DateTimeComparison", datetime.datetime, "Compares a moment (时间比较).")
CodeComparison = _input("CodeComparison", "Compares by code (代码比较).", equals=(str, EQUALS), in_=(list[str], IN))
GridComparison = _input(
    "GridComparison",
    "Compares by grid code (网格比较).",
    equals=(str, "In this very grid (本网格)."),
    within=(str, "In this grid or below it; the code's shape tells its level (网格及下级)."),
)

PLAIN: dict[Any, type] = {
    str: StringComparison,
    ID: IDComparison,
    bool: BooleanComparison,
    int: IntComparison,
    float: FloatComparison,
    Decimal: DecimalComparison,
    datetime.date: DateComparison,
    datetime.datetime: DateTimeComparison,
}


@cache
def enum_comparison(kind: type[enum.Enum]) -> type:
    """Return the comparison input of an enum."""
    name = kind.__strawberry_definition__.name  # type: ignore[attr-defined]
    return _input(f"{name}Comparison", f"Compares a {name} (枚举比较).", equals=(kind, EQUALS), in_=(list[kind], IN))  # type: ignore[valid-type]


@dataclass(frozen=True)
class Comparison:
    """What can be asked of one thing: its input type, and the criterion for each way of asking.

    `build(frame, way, value)` is called with each way the caller used; `value` binds what they gave.
    """

    kind: type | None
    build: Callable[[Frame, str, Value], Criterion]
    requires: str | None = ""
    """The permission it needs; None for anybody. A plugin must say, for a condition tells what it looks at."""
    plugin: str | None = None
    """Whose condition it is; None for the core's. The server says."""
    term: Build | None = None
    """What is compared. Lists are counted by it, too, where it is one of few values: an enum, yes or no, a code."""
    coded: str | None = None
    """The table whose codes are asked for, where the term is the key of its row."""
    description: str | None = None
    """What is asked, with the Chinese term; else what the field of the same name says of itself."""


@dataclass(frozen=True)
class Value:
    """The value of one comparison, wherever in the arguments it stands."""

    given: Given
    path: tuple[str | int, ...]

    def bind(self, convert: Callable[[Any], Any] | None = None, cast: str = "") -> Term:
        return self.given.bind(*self.path, convert=convert, cast=cast)

    def trait(self, of: Callable[[Any], Any]) -> Any:
        return self.given.trait(*self.path, of=of)


# An array for many values: the statement's text stays the same however many are given.
SIGNS = {"equals": "{0}={1}", "in": "{0}=any({1})", "from": "{0}>={1}", "before": "{0}<{1}", "startsWith": "{0}^@{1}"}


def require_offset(moment: datetime.datetime, *path: str) -> datetime.datetime:
    """Return the moment, which must say its offset: nobody knows in which zone another one was meant.

    A command says by its path which field of the input it is.
    """
    if moment.tzinfo is None:
        raise Refusal("BAD_USER_INPUT", "A time needs its offset, such as +08:00.", "时间须带时区，如 +08:00。", path)
    return moment


def compare_term(term: Build, kind: type | None = None, convert: Callable[[Any], Any] | None = None) -> Comparison:
    """Compare what `term` makes of the row; `kind` is a comparison input such as `IntComparison`."""
    checked = convert or (require_offset if kind is DateTimeComparison else None)

    def each(values: list[Any]) -> list[Any]:
        return [checked(one) for one in values] if checked else values

    def build(at: Frame, way: str, value: Value) -> Criterion:
        return Sql(SIGNS[way], term(at), value.bind(each if way == "in" else checked))

    return Comparison(kind, build, term=term)


def is_searchable(text: str) -> bool:
    """Return whether a text has a pair of characters to look for."""
    return len(text) > 1


def compare_text(column: str) -> Comparison:
    """Compare or search a text column that has an index on its `gongzhi.grams`."""
    plain = compare_term(lambda at: at.rows.field(column))

    def build(at: Frame, way: str, value: Value) -> Criterion:
        if way != "contains":
            return plain.build(at, way, value)
        term, bound = at.rows.field(column), value.bind(cast="text")
        # Grams tell which rows can hold the text, by an index; `position` tells which of them do.
        found: Criterion = Sql("position(lower({1}) in lower({0}))>0", term, bound)
        # A single character has no pair to look up, so every row is searched.
        if value.trait(is_searchable):
            found = all_of(Sql("gongzhi.grams({0})@>gongzhi.grams({1})", term, bound), found)
        return found

    return Comparison(TextComparison, build)


def compare_condition(build: Callable[[Frame], Criterion], description: str | None = None) -> Comparison:
    """Ask whether a condition holds; it needs a description unless a field has its name."""
    return replace(compare_term(lambda at: Sql("({0})", build(at)), BooleanComparison), description=description)


def guard_comparison(comparison: Comparison, *, requires: str | None) -> Comparison:
    """Return the same comparison for those who hold a permission; None lets anybody ask who sees the rows."""
    return replace(comparison, requires=requires)


def compare_code(column: str, table: str, schema: str) -> Comparison:
    """Compare a foreign key by the code of the row it points to, in whatever edition of the table."""

    def build(at: Frame, way: str, value: Value) -> Criterion:
        other = Table(table, schema=schema, alias=f"{column}_code")
        keys = PostgreSQLQuery.from_(other).select(other.id).where(Sql(SIGNS[way], other.code, value.bind()))
        # The array is made once, before rows are looked for, so that the column's index serves.
        return Sql("{0}=any(array{1})", at.rows.field(column), keys)

    return Comparison(CodeComparison, build, term=lambda at: at.rows.field(column), coded=f"{schema}.{table}")


def grid_key(code: Term) -> Term:
    """Return the key of the grid that has this code now."""
    grid = Table("grid", schema="grids", alias="coded_grid")
    # A code may have named an earlier grid, so only the one that is valid now counts.
    found = PostgreSQLQuery.from_(grid).select(grid.id).where(grid.code == code).where(grid.valid_to.isnull())
    return Sql("{0}", found)


def kind_of(code: str) -> codes.Kind:
    """Return the kind a grid's code is of, told from its shape."""
    try:
        return codes.grid_kind(code)
    except codes.CodeError as error:
        raise Refusal("BAD_USER_INPUT", error.text.en, error.text.zh, ("grid",)) from error


def compare_place() -> Comparison:
    """Compare where a located row lies."""

    def build(at: Frame, way: str, value: Value) -> Criterion:
        # The code's shape decides which column is compared, and so the statement's text.
        key = grid_key(value.bind())
        return (
            Sql("{0}={1}", at.rows.grid_id, key) if way == "equals" else rows_within(at.rows, value.trait(kind_of), key)
        )

    return Comparison(GridComparison, build)


def compare_grid() -> Comparison:
    """Compare where a grid itself lies in the tree."""

    def build(at: Frame, way: str, value: Value) -> Criterion:
        column = "id" if way == "equals" else ancestor_column(value.trait(kind_of))
        return Sql("{0}={1}", at.rows.field(column), grid_key(value.bind()))

    return Comparison(GridComparison, build)


def comparison_for(hint: Any) -> type:
    """Return the comparison input for a field's Python type."""
    options = [one for one in typing.get_args(hint) if one is not type(None)]
    kind = options[0] if options else hint
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return enum_comparison(kind)
    return PLAIN[kind]
