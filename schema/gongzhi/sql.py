"""Terms that pypika lacks. A value never enters the text: what a client sends is a bound parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term, ValueWrapper
from pypika_tortoise.utils import format_alias_sql

Alternatives = Sequence[Criterion] | None
"""Which rows: those that meet one of these, none if there are none, every row if it is None.

They are kept apart because a list that is ordered and cut off is answered from an index a branch,
and from none if they are joined by `or`.
"""


class Disjoint(tuple[Criterion, ...]):
    """Alternatives no two of which a row can meet, so that nobody has to look for rows that come twice."""


class Bind:
    """A value that is known when the statement runs: `read(variables, context)`."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[Any, Any], Any]) -> None:
        self.read = read


class Sql(Criterion):
    """SQL written out, with places for other terms. Only for text that is in our own source."""

    def __init__(self, text: str, *parts: Any, **named: Any) -> None:
        super().__init__()
        self.text, self.parts, self.named = text, parts, named

    def get_sql(self, ctx: SqlContext) -> str:
        inner = ctx if ctx.subquery and not ctx.with_alias else ctx.copy(with_alias=False, subquery=True)
        texts = getattr(ctx.parameterizer, "texts", None)
        text = self._written(inner) if texts is None else texts.find(self, inner, self._written)
        return format_alias_sql(text, self.alias, ctx) if ctx.with_alias and self.alias else text

    def _written(self, ctx: SqlContext) -> str:
        def show(part: Any) -> Any:
            return part.get_sql(ctx) if hasattr(part, "get_sql") else part

        return self.text.format(*map(show, self.parts), **{name: show(part) for name, part in self.named.items()})


def bound(read: Callable[[Any, Any], Any], cast: str = "") -> Term:
    """A parameter, read when the statement runs. `cast` is its PostgreSQL type where the place does not tell."""
    value = ValueWrapper(Bind(read))
    return Sql(f"{{0}}::{cast}", value) if cast else value


def every(*criteria: Criterion) -> Criterion:
    """All of these. Each is put in parentheses, for nobody knows what `or` is written inside."""
    return Sql(" and ".join(f"({{{at}}})" for at in range(len(criteria))), *criteria)


def some(*criteria: Criterion) -> Criterion:
    """One of these."""
    return Sql(" or ".join(f"({{{at}}})" for at in range(len(criteria))), *criteria)


def narrow(rows: Alternatives, criterion: Criterion) -> Alternatives:
    """Those of the rows that also meet this criterion."""
    return [criterion] if rows is None else [every(one, criterion) for one in rows]


def widen(rows: Alternatives, *more: Criterion) -> Alternatives:
    """These rows and those that meet one of the criteria."""
    return None if rows is None else [*rows, *more]


def within(table: Table, kind: str, key: Any) -> Criterion:
    """The located rows in the grid of this kind and key, by the ancestor column that has an index for it.

    Located rows know their county and what is below; above it, the counties are looked up first.
    """
    if kind in ("PROVINCE", "CITY"):
        counties = f"select c.id from grids.grid c where c.kind='COUNTY' and c.{ancestor(kind)}={{1}}"
        return Sql(f"{{0}}=any(array({counties}))", table.field("county_id"), key)
    return Sql("{0}={1}", table.field(ancestor(kind)), key)


def ancestor(kind: str) -> str:
    """The column of a located row that has its ancestor of this kind."""
    return f"{kind.lower()}_id"


def quoted(text: str) -> str:
    """A text of ours as SQL, inside a template."""
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"
