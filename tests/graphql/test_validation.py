"""Validation asks fewer rules than there are, and finds what all of them find."""

from __future__ import annotations

from itertools import pairwise

import pytest
from gongzhi_server.graphql.validation import BOUND, choose_rules, validate_document
from graphql import build_schema, parse, specified_rules, validate

SCHEMA = build_schema("""
  directive @once on FIELD
  interface Named { name: String }
  type Person implements Named { name(of: Place, most: Int): String, friends(first: Int!): [Person!] }
  type Grid implements Named { name: String }
  input Place { code: String!, deep: Place }
  type Query { person(id: ID, place: Place): Person, grid: Grid, named: Named }
  type Mutation { move: Grid }
  type Subscription { first: Int, second: Int }
""")
DEEP = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"
BROKEN = {
    "ExecutableDefinitionsRule": "type More { name: Unknown } { grid { name } }",
    "KnownOperationTypesRule": "",
    "UniqueOperationNamesRule": "query A { grid { name } } query A { grid { name } }",
    "LoneAnonymousOperationRule": "{ grid { name } } query B { grid { name } }",
    "SingleFieldSubscriptionsRule": "subscription S { first second }",
    "KnownTypeNamesRule": "query C($a: Unknown) { person(id: $a) { name } }",
    "FragmentsOnCompositeTypesRule": "{ grid { ... on ID { name } } }",
    "VariablesAreInputTypesRule": "query D($a: Grid) { person(id: $a) { name } }",
    "ScalarLeafsRule": "{ grid }",
    "FieldsOnCorrectTypeRule": "{ grid { nothing } }",
    "UniqueFragmentNamesRule": "fragment F on Grid { name } fragment F on Grid { name } { grid { ...F } }",
    "KnownFragmentNamesRule": "{ grid { ...Nobody } }",
    "NoUnusedFragmentsRule": "fragment G on Grid { name } { grid { name } }",
    "PossibleFragmentSpreadsRule": "{ grid { ... on Person { name } } }",
    "NoFragmentCyclesRule": "fragment H on Person { friends(first: 1) { ...H } } { person { ...H } }",
    "UniqueVariableNamesRule": "query E($a: ID, $a: ID) { person(id: $a) { name } }",
    "NoUndefinedVariablesRule": "{ person(id: $nowhere) { name } }",
    "NoUnusedVariablesRule": "query G($a: ID) { grid { name } }",
    "KnownDirectivesRule": "{ grid { name @nobody } }",
    "UniqueDirectivesPerLocationRule": "{ grid { name @once @once } }",
    "DeferStreamDirectiveOnRootField": "mutation { ... @defer { move { name } } }",
    "DeferStreamDirectiveOnValidOperationsRule": "subscription T { ... @defer { first } }",
    "DeferStreamDirectiveLabel": "query J($l: String) { ... @defer(label: $l) { grid { name } } }",
    "StreamDirectiveOnListField": "{ grid { name @stream(initialCount: 1) } }",
    "KnownArgumentNamesRule": "{ person(nothing: 1) { name } }",
    "UniqueArgumentNamesRule": "{ person(id: 1, id: 1) { name } }",
    "ValuesOfCorrectTypeRule": '{ person(place: "here") { name(most: "five") } }',
    "ProvidedRequiredArgumentsRule": "{ person { friends { name } } }",
    "VariablesInAllowedPositionRule": "query I($a: Int) { person { friends(first: $a) { name } } }",
    "OverlappingFieldsCanBeMergedRule": "{ a: grid { name } a: named { name } }",
    "UniqueInputFieldNamesRule": '{ person(place: { code: "1", code: "1" }) { name } }',
    "MaxIntrospectionDepthRule": DEEP,
}
GOOD = (
    "{ grid { name } }",
    'query Z($a: ID!, $p: Place) { person(id: $a, place: $p) { ...N name(of: { code: "1" }) @once } } '
    "fragment N on Named { __typename ... on Person { friends(first: 1) { name } } }",
)
RULES = {rule.__name__: rule for rule in specified_rules}


def found(text: str) -> list[tuple[str, object]]:
    return [(one.message, one.locations) for one in validate_document(SCHEMA, parse(text), 100)]


def by_all(text: str) -> list[tuple[str, object]]:
    return [(one.message, one.locations) for one in validate(SCHEMA, parse(text))]


@pytest.mark.parametrize("name", RULES)
def test_each_rule_finds_what_it_is_for(name: str) -> None:
    """A rule that comes with a new graphql-core has no document here, and fails until it has."""
    if text := BROKEN[name]:
        assert validate(SCHEMA, parse(text), [RULES[name]]) and RULES[name] in choose_rules(parse(text))
        assert found(text) == by_all(text) != []
    else:  # of operations, which are of every schema of ours
        assert RULES[name] not in BOUND


def test_together_they_find_the_same() -> None:
    for one, other in pairwise([*BROKEN.values(), *GOOD]):
        assert found(f"{one} {other}") == by_all(f"{one} {other}")


def test_few_are_asked_of_what_is_plain() -> None:
    for text in GOOD:
        assert found(text) == []
    assert len(choose_rules(parse(GOOD[0]))) == len(specified_rules) - len(BOUND)
    assert choose_rules(parse(GOOD[0], no_location=True)) == list(specified_rules)
