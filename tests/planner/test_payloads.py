"""What a mutation answers with: rows that its command named, planned after it was carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Call, Problem, command, problems, result_field
from gongzhi.runtime.context import Context
from gongzhi_server.graphql.engine import GraphQLEngine

from .bench import ROOMY, Bench, context
from .expected_visibility import Rows
from .sample_plugin import over_core

Calls = list[str]


@strawberry.input(description="Which.")
class TouchInput:
    idempotency_key: str = strawberry.field(description="The key.")


@strawberry.type(description="What was touched.")
class TouchPayload:
    case: Case | None = result_field("The case.")
    cases: list[Case] | None = result_field("Several.")
    errors: list[Problem] = problems()


@command("Touch cases.", requires=None)
async def touch(call: Call, input: TouchInput) -> TouchPayload:
    raise NotImplementedError


@pytest.fixture
def calls() -> Calls:
    return []


@pytest.fixture
def touching(bench: Bench, rows: Rows, calls: Calls) -> Bench:
    """A bench whose one mutation answers with a tip-off, shown or not, and three ordinary cases."""
    sealed = next(row.id for row in rows.kinds["Case"] if row.series == "SEALED")
    ordinary = [row.id for row in rows.kinds["Case"] if row.series == "ORDINARY"][:3]

    def made(viewer: Viewer) -> Context:
        async def perform(command: Any, given: Any) -> TouchPayload:
            calls.append(given.idempotency_key)
            shown = given.idempotency_key == "shown"
            return TouchPayload(
                case=ref(Case, sealed, shown=shown), cases=[ref(Case, key) for key in ordinary], errors=[]
            )

        return replace(context(viewer), perform=perform)

    found = bench.over(over_core([("others", extend(Mutation, touch=touch))]))
    found.engine = GraphQLEngine(found.schema, found.fetch, made, ROOMY)
    return found


TEXT = 'mutation {{ touch(input: {{ idempotencyKey: "{}" }}) {{ {} }} }}'


async def test_rows_of_a_payload_come_from_one_statement(touching: Bench) -> None:
    selection = "cases { number requester { name } timeline(last: 1) { type } } errors { code }"
    found = (await touching.data(TEXT.format("a", selection)))["touch"]
    assert len(found["cases"]) == 3 and all(row["number"] for row in found["cases"]) and found["errors"] == []
    assert len(touching.seen) == 1


async def test_a_payload_hides_what_is_hidden(touching: Bench) -> None:
    """But for what the command says is shown, whatever the rule."""
    for key, hidden in (("a", True), ("shown", False)):
        found = (await touching.data(TEXT.format(key, "case { number }")))["touch"]
        assert (found["case"] is None) is hidden


async def test_batches_run_on_payloads(bench: Bench, touching: Bench) -> None:
    from .sample_plugin import EXTENSIONS

    contributions = [("tests", one) for one in EXTENSIONS] + [("others", extend(Mutation, touch=touch))]
    touching.engine = GraphQLEngine(over_core(contributions), touching.fetch, touching.engine.context, ROOMY)
    found = (await touching.data(TEXT.format("a", "cases { age earlier { age } }"), "auditor"))["touch"]
    assert len(found["cases"]) == 3 and any(row["age"] for row in found["cases"])


async def test_denied_fields_of_a_payload_are_told(touching: Bench) -> None:
    from .sample_plugin import EXTENSIONS

    contributions = [("tests", one) for one in EXTENSIONS] + [("others", extend(Mutation, touch=touch))]
    touching.engine = GraphQLEngine(over_core(contributions), touching.fetch, touching.engine.context, ROOMY)
    said = await touching.ask(TEXT.format("a", "cases { number secret }"), "town")
    assert said.codes == ["FORBIDDEN"] and {row["secret"] for row in said.data["touch"]["cases"] if row} <= {None}


@pytest.mark.parametrize(
    "selection",
    [
        "cases { events(first: 101) { totalCount } }",
        'cases { events(after: "x") { nodes { at } } }',
        "cases { timeline(first: 1, last: 1) { at } }",
        "cases { distance(from: { longitude: 500, latitude: 0, crs: WGS84 }) }",
    ],
)
async def test_nothing_is_done_that_cannot_be_answered(touching: Bench, calls: Calls, selection: str) -> None:
    """Or a change would be made, and its caller told that it was refused."""
    said = await touching.ask(TEXT.format("a", selection))
    assert said.refused and not calls and not touching.seen


async def test_nothing_is_done_that_costs_too_much(touching: Bench, calls: Calls) -> None:
    touching.engine.limits = replace(ROOMY, cost=100)
    said = await touching.ask(TEXT.format("a", "case { events { nodes { case { events { nodes { at } } } } } }"))
    assert said.refused and said.codes == ["COST_EXCEEDED"] and not calls


async def test_mutations_say_what_they_are(touching: Bench) -> None:
    found = await touching.data(
        'mutation { __typename touch(input: { idempotencyKey: "a" }) { __typename cases { __typename } } }'
    )
    assert found["__typename"] == "Mutation" and found["touch"]["__typename"] == "TouchPayload"
    assert found["touch"]["cases"] == [{"__typename": "Case"}] * 3


async def test_mutations_go_one_after_the_other(touching: Bench, calls: Calls) -> None:
    text = """mutation {
      one: touch(input: { idempotencyKey: "1" }) { cases { number } }
      two: touch(input: { idempotencyKey: "2" }) { cases { number } }
    }"""
    found = await touching.data(text)
    assert calls == ["1", "2"] and found["one"] == found["two"]
