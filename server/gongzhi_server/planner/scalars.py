"""Terms whose JSON is what the schema promises for a type."""

from __future__ import annotations

from typing import Any

from gongzhi.sql import Sql
from graphql import GraphQLEnumType, GraphQLList, GraphQLOutputType, get_nullable_type
from pypika_tortoise.terms import LiteralValue, Term

# PostgreSQL's JSON of a timestamptz is ISO 8601 with its offset already, and a date's is a date.
FORMS = {"Decimal": "{0}::text", "ID": "{0}::text"}


def encode(kind: GraphQLOutputType, term: Term) -> Term:
    """The term as the type is sent."""
    named = get_nullable_type(kind)
    if isinstance(named, GraphQLEnumType):
        names = {str(value.value): name for name, value in named.values.items()}
        if any(value != name for value, name in names.items()):
            whens = " ".join(f"when {quoted(value)} then {quoted(name)}" for value, name in names.items())
            return Sql("case {0} {1} end", term, LiteralValue(whens))
    elif not isinstance(named, GraphQLList) and named.name in FORMS:
        return Sql(FORMS[named.name], term)
    return term


def quoted(text: Any) -> str:
    """A constant of our own schema as SQL."""
    return "'" + str(text).replace("'", "''") + "'"
