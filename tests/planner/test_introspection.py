"""Introspection: right, beside other fields, computed once, and keeping nobody waiting."""

from __future__ import annotations

import asyncio

from gongzhi_server.planner.introspection import Introspection
from gongzhi_server.testing import Server
from graphql import build_client_schema, get_introspection_query, print_schema

from .bench import Bench

WHOLE = get_introspection_query(descriptions=True, input_value_deprecation=True)


async def test_tools_read_the_schema(server: Server) -> None:
    answer = await server.ask(WHOLE)
    schema = build_client_schema(answer.data)
    assert schema.query_type and "cases" in schema.query_type.fields
    assert "type Person" in print_schema(schema)


async def test_schema_stands_beside_rows(server: Server) -> None:
    """Fields, aliases and fragments are answered in one operation, in the order in which they are asked for."""
    query = """query($name: String!, $with: Boolean!) {
      grid(code: "610921") { code } ...Types one: __type(name: "Grid") @include(if: $with) { kind } __typename
    } fragment Types on Query { other: __type(name: $name) { name } nothing: __type(name: "Nothing") { name } }"""
    answer = await server.ask(query, name="Case", **{"with": True})
    expected = {
        "grid": {"code": "610921"},
        "other": {"name": "Case"},
        "nothing": None,
        "one": {"kind": "OBJECT"},
        "__typename": "Query",
    }
    assert answer.data == expected
    assert list(answer.data) == list(expected)
    without = await server.ask(query, name="Person", **{"with": False})
    assert without.data == {**{key: expected[key] for key in expected if key != "one"}, "other": {"name": "Person"}}


async def test_others_are_served_meanwhile(server: Server) -> None:
    # Not what another test has had described.
    whole = asyncio.create_task(server.ask(get_introspection_query(descriptions=True, specified_by_url=True)))
    while not whole.done():
        answer = await server.ask('{ grid(code: "610921") { code } }')
        assert answer.data["grid"]
        break
    else:
        raise AssertionError("the schema was described before anybody else had a turn")
    assert not whole.done(), "the schema held the event loop until it was described"
    assert (await whole).data["__schema"]


async def test_answers_are_kept_by_size(bench: Bench) -> None:
    asked = Introspection(bench.engine.planner.schema, most=5_000)
    prepare = bench.engine.prepare
    small = prepare("query($name: String!) { __type(name: $name) { name kind } }", None)
    for name in ("Case", "Grid", "Case"):
        fields, errors = await asked.answer(small, {"name": name, "undeclared": name * 9})
        assert not errors and list(fields) == ["__type"]
    assert asked.computed == 2
    large = prepare("{ __schema { types { name fields { name description } } } }", None)
    await asked.answer(large, {})
    await asked.answer(large, {})
    assert asked.computed == 4, "an answer larger than all room is not kept"
    await asked.answer(small, {"name": "Case"})
    assert asked.computed == 4, "and puts nothing out"


async def test_no_schema_asked_costs_nothing(bench: Bench) -> None:
    asked = Introspection(bench.engine.planner.schema)
    assert await asked.answer(bench.engine.prepare("{ __typename }", None), {}) == ({}, [])
    assert asked.computed == 0
