"""Names: those of mutations, their inputs and payloads follow one rule, so that nobody has to look them up."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from gongzhi_server.testing import INSTALLED, built_schema
from graphql import GraphQLInputObjectType, GraphQLScalarType, is_specified_scalar_type

VERBS = set((Path(__file__).parent / "verbs.txt").read_text().split())
"""What mutations begin with. Before you add one: is there a word for it already?"""


def uses(kind: str) -> dict[str, list[str]]:
    """Which mutations have each input, or each payload."""
    found, mutation = defaultdict(list), built_schema(INSTALLED)._schema.mutation_type
    assert mutation
    for name, field in mutation.fields.items():
        found[str(field.args["input"].type if kind == "Input" else field.type).rstrip("!")].append(name)
    return found


def title(name: str) -> str:
    return name[0].upper() + name[1:]


def test_mutations_begin_with_a_verb() -> None:
    names = [name for found in uses("Input").values() for name in found]
    assert len(names) > 200
    assert [name for name in names if re.match("[a-z]+", name).group() not in VERBS] == []  # type: ignore[union-attr]


def test_inputs_are_named_after_their_mutation() -> None:
    """One that several mutations share is named after none of them."""
    wrong = {
        kind: names
        for kind, names in uses("Input").items()
        if not kind.endswith("Input") or (kind == f"{title(names[0])}Input") != (len(names) == 1)
    }
    assert wrong == {}


def test_payloads_are_named_after_what_they_hold() -> None:
    """Or after their mutation, which then is the only one that answers so."""
    payloads = uses("Payload")
    mutations = {title(name) for names in payloads.values() for name in names}
    wrong = {
        kind: names
        for kind, names in payloads.items()
        if not kind.endswith("Payload")
        or (kind.removesuffix("Payload") in mutations and [f"{title(one)}Payload" for one in names] != [kind])
    }
    assert wrong == {}


def test_accounts_are_named_by_their_name() -> None:
    """In one way, everywhere: who signs in with another provider has an account here by name alone."""
    types = built_schema(INSTALLED)._schema.type_map.values()
    inputs = {
        f"{one.name}.{name}": str(field.type).rstrip("!")
        for one in types
        if isinstance(one, GraphQLInputObjectType)
        for name, field in one.fields.items()
        if name == "account"
    }
    # Accounts of points, which nobody signs in with.
    points = {"AwardPointsHonourInput.account", "RedeemInput.account"}
    assert {name for name, kind in inputs.items() if kind == "ID"} == points
    assert {kind for name, kind in inputs.items() if name not in points} == {"String", "StringComparison"}


def test_positions_are_called_place() -> None:
    """Refusals of a position name `place`, wherever it was given."""
    called = {
        field
        for kind in built_schema(INSTALLED)._schema.type_map.values()
        if isinstance(kind, GraphQLInputObjectType)
        for field, of in kind.fields.items()
        if str(of.type).strip("[]!") == "PointInput"
    }
    assert called == {"place"}


def test_scalars_say_what_they_look_like_in_both_languages() -> None:
    """A library's own words are in English, and say less."""
    kinds = built_schema(INSTALLED)._schema.type_map.values()
    ours = [one for one in kinds if isinstance(one, GraphQLScalarType) and not is_specified_scalar_type(one)]
    assert {"Date", "DateTime", "Decimal", "JSON"} <= {one.name for one in ours}
    assert [one.name for one in ours if not re.search(r" \([^)]*[一-鿿][^)]*\)\.$", one.description or "")] == []
