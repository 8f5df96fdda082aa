"""What is read of a document once, and what with each request."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi_server.planner import Document
from gongzhi_server.planner.arguments import ArgumentRefusal
from graphql import get_variable_values

from .bench import Bench

VARIABLES = (
    "query($first: Int!, $after: String, $number: String!, $bare: Boolean = true)"
    "{ cases(first: $first, after: $after) { totalCount } case(number: $number) { number title @skip(if: $bare) } }"
)
LONG = "x" * 20_001


def prepared(bench: Bench, text: str) -> Document:
    return bench.engine.documents.prepare_document(bench.engine.limits, text, None)


@pytest.mark.parametrize(
    "given",
    [
        {"first": 3, "after": "a", "number": "1", "bare": False},
        {"first": 3.0, "after": None, "number": "", "bare": True},
        {"first": 3, "after": "a", "number": "1"},
        {"first": 3, "number": "1", "bare": False},
        {"first": None, "after": "a", "number": "1", "bare": False},
        {"first": "3", "after": "a", "number": "1", "bare": False},
        {"first": 3, "after": ["a"], "number": "1", "bare": False},
        {"first": 3, "after": "a", "number": {}, "bare": False},
        {"first": 2**40, "after": "a", "number": "1", "bare": 1},
        {},
    ],
)
async def test_variables_are_coerced_as_graphql_does(bench: Bench, given: dict[str, Any]) -> None:
    document = prepared(bench, VARIABLES)
    expected = get_variable_values(bench.engine.planner.schema, document.node.variable_definitions or (), given)
    found = document.simply_coerced(given)
    if len(given) < 4 or isinstance(expected, list):
        assert found is None
    else:
        assert found and found.coerced == expected.coerced
        assert {name: one.value for name, one in found.sources.items()} == given


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        ('{ case(number: "1") { number timeline(first: 3) { type } } }', []),
        ("query($n: String!) { case(number: $n) { number timeline(first: 3) { type } } }", ["number"]),
        ("query($t: String) { cases(filter: { title: { equals: $t } }) { totalCount } }", ["filter"]),
        (f'{{ case(number: "{LONG}") {{ number }} }}', ["number"]),
    ],
    ids=["written out", "variable", "variable inside", "too long"],
)
async def test_each_request_is_checked_for_what_may_be_amiss(bench: Bench, text: str, checked: list[str]) -> None:
    document = prepared(bench, text)
    assert [one.name for one in document.arguments] == checked
    names = [one.variable.name.value for one in document.node.variable_definitions or ()]
    for one in document.arguments:
        with pytest.raises(ArgumentRefusal, match="20,000"):
            one.check(bench.engine.coerce_variables(document, dict.fromkeys(names, LONG)))
