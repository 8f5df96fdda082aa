"""Scalars: terms whose JSON is what the schema promises for a type."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.sql import Sql
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLOutputType, get_nullable_type
from pypika_tortoise.terms import LiteralValue, Term
from tortoise.fields import DateField, DatetimeField

# PostgreSQL's JSON of a timestamptz is ISO 8601 with its offset already, and a date's is a date.
# A Decimal as a JSON number would be rounded by clients that read numbers as doubles.
FORMS = {"Decimal": "{0}::text", "ID": "{0}::text"}
DATES = "Date", "DateTime"
FINITE = "nullif({0},'infinity')"
"""What does not end has no date: in the database it is infinity, which has its place in an order; clients get null."""


def encode_term(kind: GraphQLOutputType, term: Term) -> Term:
    """Convert a term to the JSON that its type is sent as."""
    named = get_nullable_type(kind)
    if isinstance(named, GraphQLEnumType):
        names = {str(getattr(value.value, "value", value.value)): name for name, value in named.values.items()}
        # An enum that is stored under the names it is sent by needs no translation.
        if any(value != name for value, name in names.items()):
            whens = " ".join(
                f"when {quote_constant(value)} then {quote_constant(name)}" for value, name in names.items()
            )
            return Sql("case {0} {1} end", term, LiteralValue(whens))
    elif not isinstance(named, GraphQLList) and named.name in FORMS:
        return Sql(FORMS[named.name], term)
    elif not isinstance(named, GraphQLList) and named.name in DATES and not isinstance(kind, GraphQLNonNull):
        return Sql(FINITE, term)
    return term


CASTS = {
    "Boolean": "bool",
    "Date": "date",
    "DateTime": "timestamptz",
    "Decimal": "numeric",
    "Float": "float8",
    "ID": "text",
    "Int": "int",
    "String": "text",
}
"""The PostgreSQL type of each scalar."""


def as_declared(kind: GraphQLOutputType, term: Term) -> Term:
    """Cast a term to the type it declares, so that a wrong one fails in the database and not in a client."""
    named = get_nullable_type(kind)
    if isinstance(named, GraphQLEnumType):
        values = ",".join(quote_constant(str(value.value)) for value in named.values.values())
        # A value that is none of the enum's is made to fail: a text that cannot be cast to int names it in the log.
        other = f"('no {named.name}: '||{{0}}::text)::int::text"
        text = f"case when {{0}}::text in ({values}) then {{0}}::text when {{0}} is not null then {other} end"
        return Sql(text, term)
    cast = None if isinstance(named, GraphQLList) else CASTS.get(named.name)
    return Sql(f"{{0}}::{cast}", term) if cast else term


def json_leaf(kind: Any, value: Term) -> Term:
    """Cast a value inside JSON to a leaf type."""
    named = get_nullable_type(kind)
    cast = None if isinstance(named, GraphQLList | GraphQLEnumType) else CASTS.get(named.name)
    return (
        Sql(f"({{0}}#>>'{{{{}}}}')::{cast if cast in ('bool', 'float8', 'int') else 'text'}", value) if cast else value
    )


def open_if_sealed(value: Term) -> Term:
    """Mark a value for Python to open where it is JSON of what opens it; where it is text, it lies in clear."""
    marked = "case jsonb_typeof(o.v) when 'array' then jsonb_build_object('@sealed',o.v,'mask','')"
    # "Offset 0": a file is encoded once, and not for each time that it is named here.
    return Sql(f"(select {marked} else to_jsonb(o.v#>>'{{{{}}}}') end from (select {{0}} as v offset 0) o)", value)


def decode_column(entity: Entity, name: str, value: Any) -> Any:
    """Convert a JSON value of a column to Python; PostgreSQL's infinity is asyncpg's last day."""
    if value == "infinity":
        field = entity.field(name)
        if isinstance(field, DateField):
            return datetime.date.max
        if isinstance(field, DatetimeField):
            return datetime.datetime.max
    return entity.python(name, value)


def column_decoder(entity: Entity | None, name: str) -> Callable[[Any], Any]:
    """Return what does as `decode_column` for one column, and looks it up once for all rows."""
    if entity is None:
        return lambda value: value
    if isinstance(entity.field(name), DatetimeField):
        return decode_moment
    return partial(decode_column, entity, name)


def decode_moment(value: str | None) -> datetime.datetime | None:
    """Convert PostgreSQL's JSON of a timestamptz, which Tortoise reads with a parser in Python, ten times as slow."""
    if value is None:
        return None
    if value == "infinity":
        return datetime.datetime.max
    return datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)


def quote_constant(text: Any) -> str:
    """Quote a constant of our own schema as SQL."""
    return "'" + str(text).replace("'", "''") + "'"
