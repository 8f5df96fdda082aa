"""Counts: what a list is counted by, in the list's one statement, is what its filters find."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gongzhi.core.cases.types import Case
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_condition, guard_comparison
from gongzhi.declare.sql import Sql
from gongzhi_server.gateway.limits import Limits
from graphql import GraphQLEnumType, GraphQLNonNull, get_named_type

from .bench import Bench
from .sample_plugin import READ_NAMES, over_core

PLACES = ("COUNTY", "TOWN", "VILLAGE")


def condition(bench: Bench, kind: str, by: str, value: str | None) -> str:
    """The filter that finds what a value counts."""
    if by in PLACES:
        return f'{{ grid: {{ within: "{value}" }} }}'
    first, *rest = by.lower().split("_")
    name = first + "".join(map(str.capitalize, rest))
    types: Any = bench.engine.planner.schema.type_map
    compared = get_named_type(types[f"{kind}Filter"].fields[name].type).fields["equals"].type
    if value is None:
        values = compared.values if isinstance(compared, GraphQLEnumType) else ("true", "false")
        return f"{{ not: {{ {name}: {{ in: [{', '.join(values)}] }} }} }}"
    text = compared.name == "String" and json.dumps(value)
    return f"{{ {name}: {{ equals: {text or value} }} }}"


@pytest.mark.parametrize("viewer", ["administrator", "auditor", "handler", "resident", "stranger"])
async def test_a_value_counts_what_a_filter_finds(bench: Bench, viewer: str) -> None:
    """By each dimension of cases, for somebody who sees all of them, for some and for nobody."""
    by: Any = bench.engine.planner.schema.type_map["CaseDimension"]
    assert {*PLACES, "STATUS", "CATEGORY", "OPEN", "LIGHT", "LEAD_UNIT"} <= set(by.values)
    whole = (await bench.data("{ cases { totalCount } }", viewer))["cases"]["totalCount"]
    fields = " ".join(f"{name}: counts(by: {name}) {{ values count }}" for name in by.values)
    found = (await bench.data(f"{{ cases {{ {fields} }} }}", viewer))["cases"]
    assert len(bench.seen) == 1
    for name, groups in found.items():
        assert sum(one["count"] for one in groups) == whole
        assert [one["count"] for one in groups] == sorted((one["count"] for one in groups), reverse=True)
        for value, count in ((one["values"][0], one["count"]) for one in groups):
            if value is None and name in (*PLACES, "LEAD_UNIT"):
                continue  # no condition says "none" of these
            where = condition(bench, "Case", name, value)
            again = await bench.data(f"{{ cases(filter: {where}) {{ totalCount }} }}", viewer)
            assert again["cases"]["totalCount"] == count, (name, value)


async def test_groups_are_those_of_the_list(bench: Bench) -> None:
    """They hold for the filter, whatever the page; by several, each combination; in the order that was asked for."""
    text = """query($by: [CaseDimension!]!, $where: CaseFilter) {
      cases(first: 1, filter: $where) { totalCount counts(by: $by) { values count } nodes { number } } }"""
    where = {"open": {"equals": True}}
    found = (await bench.data(text, by=["STATUS", "KIND"], where=where))["cases"]
    assert len(found["nodes"]) == 1 < found["totalCount"] == sum(one["count"] for one in found["counts"])
    assert len({tuple(one["values"]) for one in found["counts"]}) == len(found["counts"])
    turned = (await bench.data(text, by=["KIND", "STATUS"], where=where))["cases"]
    pairs = {(*one["values"], one["count"]) for one in found["counts"]}
    assert {(one["values"][1], one["values"][0], one["count"]) for one in turned["counts"]} == pairs
    nested = '{ grid(code: "610921") { cases { totalCount counts(by: OPEN) { values count __typename } } } }'
    inside = (await bench.data(nested))["grid"]["cases"]
    assert sum(one["count"] for one in inside["counts"]) == inside["totalCount"]
    assert inside["counts"][0]["__typename"] == "Count" and len(bench.seen) == 1


@pytest.mark.parametrize("by", ["[]", "[STATUS, KIND, LIGHT, OPEN]"])
async def test_by_too_little_or_too_much(bench: Bench, by: str) -> None:
    said = await bench.ask(f"{{ cases {{ counts(by: {by}) {{ count }} }} }}")
    assert (said.refused, said.codes) == (True, ["BAD_USER_INPUT"])
    assert said.messages == ["counts(by): Count by one to 3 of these."]


async def test_groups_have_a_cost(bench: Bench) -> None:
    """As many objects as there may be groups: three of yes or no, a hundred of codes."""
    narrow = bench.over(limits=Limits(cost=30))
    assert (await narrow.ask("{ cases(first: 1) { counts(by: OPEN) { count } } }")).errors == []
    for by in ("CATEGORY", "[OPEN, STATUS]"):
        said = await narrow.ask(f"{{ cases(first: 1) {{ counts(by: {by}) {{ count }} }} }}")
        assert said.codes == ["COST_EXCEEDED"]
    nested = "{ grids(first: 20) { nodes { cases(first: 1) { counts(by: OPEN) { count } } } } }"
    assert (await narrow.ask(nested)).codes == ["COST_EXCEEDED"]


async def test_conditions_of_plugins_are_dimensions(bench: Bench) -> None:
    """What a plugin lets lists be filtered by they are counted by, for those who may ask; one that fails is named."""
    rated = guard_comparison(compare_condition(lambda at: Sql("{0} is not null", at.rows.rating)), requires=READ_NAMES)
    failing = compare_condition(lambda at: Sql("1/(length({0})-length({0}))=1", at.rows.number))
    broken = guard_comparison(failing, requires=None)
    schema = over_core([("tests", extend(Case, filter={"rated": rated, "odd": broken}))])
    with_plugin = bench.over(schema)
    found = (await with_plugin.data("{ cases { totalCount counts(by: RATED) { values count } } }"))["cases"]
    # Null counts those on which the permission is not held.
    assert {one["values"][0] for one in found["counts"]} == {"true", "false", None}
    assert sum(one["count"] for one in found["counts"]) == found["totalCount"]
    said = await with_plugin.ask("{ cases { counts(by: RATED) { count } } }", "handler")
    assert said.codes == ["FORBIDDEN"] and said.errors[0]["extensions"]["permission"] == READ_NAMES
    said = await with_plugin.ask("{ cases { totalCount counts(by: ODD) { count } } }")
    assert said.data is None and said.errors[0]["extensions"]["plugin"] == "tests"
    kind: Any = schema._schema.type_map["CaseConnection"]
    assert isinstance(kind.fields["counts"].type, GraphQLNonNull)
    assert '  RATED @from(plugin: "tests")' in schema.as_str()
