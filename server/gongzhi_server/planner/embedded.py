"""Embedded objects: compiles the selected fields of JSON values that a builder computes."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gongzhi.declare.sql import Sql
from graphql import GraphQLList, GraphQLObjectType, GraphQLOutputType, get_nullable_type
from graphql.execution.collect_fields import FieldDetailsList
from pypika_tortoise.terms import LiteralValue, Term

from .scalars import json_leaf, open_if_sealed, quote_constant
from .statement import AnswerShape

if TYPE_CHECKING:
    from .compiler import Compiler

IS_THERE = "jsonb_typeof({}::jsonb)<>'null'"
"""Whether a JSON value is neither missing nor null: PostgreSQL takes JSON's null for a value."""


def plan_embedded(
    compiler: Compiler,
    of: GraphQLOutputType,
    details: FieldDetailsList,
    value: Term,
    sealed: Collection[str],
    shape: AnswerShape,
) -> Term:
    """Compile the selected fields of JSON objects, and note in the shape which of them Python has to open."""
    found = get_nullable_type(of)
    if isinstance(found, GraphQLList):
        item = compiler.name("j")
        inner = plan_embedded(compiler, found.of_type, details, Sql(f"{item}.value"), sealed, shape)
        text = f"(select coalesce(json_agg({{0}}),'[]') from jsonb_array_elements({{1}}) {item})"
        # A JSON null would otherwise be taken for a value and expanded.
        return Sql(f"case when {IS_THERE.format('{1}')} then {text} end", inner, value)
    if not isinstance(found, GraphQLObjectType):
        # JSON of a plugin may hold anything: each leaf is cast,
        # so that a wrong type fails here and not in a client.
        return json_leaf(found, value) if compiler.owner else value
    compiler.cost += compiler.times
    terms: list[Term] = []
    for key, inside in compiler.subfields(found, details).items():
        name = inside[0].node.name.value
        if name == "__typename":
            terms.append(LiteralValue(quote_constant(found.name)).as_(key))
        else:
            part = Sql("({0}->{1})", value, LiteralValue(quote_constant(name)))
            if name in sealed:
                shape.sealed.append(key)
                terms.append(open_if_sealed(part).as_(key))
                continue
            child = AnswerShape()
            terms.append(plan_embedded(compiler, found.fields[name].type, inside, part, sealed, child).as_(key))
            shape.add(key, child)
    return Sql(f"case when {IS_THERE.format('{0}')} then {{1}} end", value, compiler.nest_terms(terms))
