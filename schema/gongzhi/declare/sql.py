"""SQL terms: those that pypika lacks. What a client sends is a bound parameter, never text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import (
    ArithmeticExpression,
    Criterion,
    Field,
    Function,
    LiteralValue,
    Negative,
    Term,
    Tuple,
    ValueWrapper,
)
from pypika_tortoise.utils import format_alias_sql

from gongzhi.declare.sqltext import Shown

from . import sqltext

Alternatives = Sequence[Criterion] | None
"""Which rows: those that meet one of these, none if there are none, every row if it is None.

They are kept apart because a list that is ordered and cut off is answered from an index a branch,
and from none if they are joined by `or`.
"""


class ReachedTable(Table):
    """A table whose rows are reached from the row that they belong to: rules ask that row, and need not look it up."""

    reached_from: Table
    relation: str
    """The relation by which it belongs there."""


class Disjoint(tuple[Criterion, ...]):
    """Alternatives no two of which a row can meet, so that nobody has to look for rows that come twice."""


class Bind:
    """A value that is known when the statement runs: `read(variables, context)`."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[Any, Any], Any]) -> None:
        self.read = read


class Sql(Criterion):
    """SQL written out, with places for other terms. Only for text that is in our own source.

    It is one operand wherever it stands: where operators are at its outside it is put in parentheses, and so are the
    terms in its places. Raises DeclarationError for text that is no whole, such as `a) or (b`.
    """

    held: str | None = None
    """The permission that the viewer holds on every row that meets it, if it is that which it tells."""

    def __init__(self, text: str, *parts: Any, **named: Any) -> None:
        super().__init__()
        self.text, self.parts, self.named = text, parts, named
        # Read at once, so that a fragment that is no whole fails where it is written.
        self.template = sqltext.read_template(text)

    def get_sql(self, ctx: SqlContext) -> str:
        text = self.inner_sql(ctx)
        # `id = X and a or b` once told another county of a meeting: no fragment trusts its neighbours.
        text = f"({text})" if self.template.loose else text
        return format_alias_sql(text, self.alias, ctx) if ctx.with_alias and self.alias else text

    def inner_sql(self, ctx: SqlContext) -> str:
        """Return the SQL without parentheses around it."""
        inner = ctx if ctx.subquery and not ctx.with_alias else ctx.copy(with_alias=False, subquery=True)
        texts = getattr(ctx.parameterizer, "texts", None)
        return self._write(inner) if texts is None else str(texts.find(self, inner, self._write))

    def _write(self, ctx: SqlContext) -> str:
        shown = [render_part(part, ctx) for part in self.parts]
        named = {name: render_part(part, ctx) for name, part in self.named.items()} if self.named else self.named
        return self.template.fill(shown, named)


class JoinedCriteria(Sql):
    """Terms with an operator between them."""

    def __init__(self, word: str, *parts: Any) -> None:
        # Not by the constructor of `Sql`, which would read the word as a fragment.
        Criterion.__init__(self)
        self.text, self.parts, self.named = f" {word} ", parts, {}
        self.template = sqltext.join_template(word, len(parts))


def render_part(part: Any, ctx: SqlContext) -> Shown:
    """Return the SQL of what stands in a place, plain and as it stands beside an operator."""
    if isinstance(part, Sql):
        text = part.inner_sql(ctx)
        return text, f"({text})" if part.template.loose else text
    if not hasattr(part, "get_sql"):
        return str(part), str(part)
    text = part.get_sql(ctx)
    return text, f"({text})" if type(part) not in PLAIN and is_apart(part, text) else text


def is_apart(part: Any, text: str) -> bool:
    """Return whether a term of pypika's needs parentheses beside an operator."""
    if isinstance(part, LiteralValue):
        return sqltext.is_loose_literal(text)
    return isinstance(part, Criterion | ArithmeticExpression | Negative) and not isinstance(part, WHOLE)


PLAIN = frozenset((Field, ValueWrapper))
"""The commonest terms, which are one operand."""
WHOLE = (Field, Function, Tuple)
"""Terms of pypika's that are one operand, though they are among its criteria."""


def bind(read: Callable[[Any, Any], Any], cast: str = "") -> Term:
    """Return a parameter, read when the statement runs. `cast` is its PostgreSQL type where the place does not tell."""
    value = ValueWrapper(Bind(read))
    return Sql(f"{{0}}::{cast}", value) if cast else value


def all_of(*criteria: Criterion) -> Criterion:
    """Return a criterion that holds where all of these do."""
    return JoinedCriteria("and", *criteria)


def any_of(*criteria: Criterion) -> Criterion:
    """Return a criterion that holds where one of these does."""
    return JoinedCriteria("or", *criteria)


def narrow_rows(rows: Alternatives, criterion: Criterion) -> Alternatives:
    """Return those of the rows that also meet this criterion."""
    return [criterion] if rows is None else [all_of(one, criterion) for one in rows]


def widen_rows(rows: Alternatives, *more: Criterion) -> Alternatives:
    """Return these rows and those that meet one of the criteria."""
    return None if rows is None else [*rows, *more]


def rows_within(table: Table, kind: str, key: Any) -> Sql:
    """Return the located rows in the grid of this kind and key, by the ancestor column that has an index for it.

    Located rows know their county and what is below; above it, the counties are looked up first.
    """
    if kind in ("PROVINCE", "CITY"):
        counties = f"select c.id from grids.grid c where c.kind='COUNTY' and c.{ancestor_column(kind)}={{1}}"
        return Sql(f"{{0}}=any(array({counties}))", table.field("county_id"), key)
    return Sql("{0}={1}", table.field(ancestor_column(kind)), key)


def ancestor_column(kind: str) -> str:
    """Return the column of a located row that has its ancestor of this kind."""
    return f"{kind.lower()}_id"


def quote_text(text: str) -> str:
    """Return a text of ours as SQL, inside a template."""
    # Braces stand for places in a template.
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"
