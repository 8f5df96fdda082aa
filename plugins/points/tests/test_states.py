"""Every state of claims, objections, rules, redemptions and acts, and every command that is given to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_points.models import ClaimState, ObjectionState, RedemptionState, RuleState

from .scenes import GOOD, RULE, TOWN, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVED, INPUT = "ILLEGAL_TRANSITION", "BAD_USER_INPUT"
C, R, H = ClaimState, RuleState, RedemptionState


@dataclass(frozen=True)
class Step:
    """Where a command may be given, what tells that it may, and what is said elsewhere."""

    states: tuple[Enum, ...]
    probe: dict[str, Any] | None = None
    """Input that is refused for itself once the state is right; None where there is no such input."""
    told: str = INPUT
    said: str = MOVED
    path: str = ""
    caller: str = ""
    elsewhere: dict[Enum, str] = field(default_factory=dict)


MACHINES: dict[str, tuple[str, type[Enum], dict[str, Step]]] = {
    "claim": ("claim", C, {
        "decidePointsClaim": Step((C.CLAIMED,), {"approve": False}),
        # Who may is asked before the state: the claim that was approved is the reviewer's own.
        "voteOnPointsClaim": Step(
            (C.CLAIMED,), {}, "NOT_FOR_PEERS", elsewhere={C.APPROVED: "CONFLICT_OF_INTEREST"}
        ),
        "withdrawPointsClaim": Step((C.CLAIMED,)),
        "objectToPoints": Step((C.REFUSED,), {"reason": ""}, said="NOT_REFUSED"),
    }),
    "objection": ("objection", ObjectionState, {
        "decidePointsObjection": Step((ObjectionState.OPEN,), {"answer": "", "uphold": False}),
    }),
    "rule": ("rule", R, {
        "adoptPointsRule": Step((R.PROPOSED,), {}, "NOT_ADOPTED"),
        "endPointsRule": Step((R.ADOPTED,), {"on": "2026-06-30"}),
        "claimPoints": Step((R.ADOPTED, R.ENDED), {"text": None}, "EVIDENCE_REQUIRED", "RULE_NOT_IN_FORCE", "actedOn"),
    }),
    "redemption": ("redemption", H, {
        "cancelRedemption": Step((H.HELD,), {}, "CODE_IS_OUT", caller="resident 0"),
    }),
}  # fmt: skip
CELLS = [
    (name, command, state) for name, (_, states, steps) in MACHINES.items() for command in steps for state in states
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages(scene: Scene) -> dict[tuple[str, Enum], str]:
    """A thing of each kind in each of its states, brought there by commands alone."""
    make, village, found = scene.make, scene.village, {}
    # Those of one resident, who has points enough to redeem four times.
    for at, state in enumerate(C):
        given = {"rule": ":rule", "actedOn": "2026-06-30", "text": "扫了"}
        claim = found["claim", state] = (
            await make(f"resident {5 + at % 3}", "claimPoints", "claim", **given)
            if (state is not C.WITHDRAWN)
            else await make("resident 2", "claimPoints", "claim", **given)
        )
        if state in (C.APPROVED, C.REFUSED):
            said = {"approve": state is C.APPROVED, "note": "见说明", "expectedVersion": 1}
            await make("worker", "decidePointsClaim", "claim", claim=claim, **said)
        elif state is C.WITHDRAWN:
            await make("resident 2", "withdrawPointsClaim", "claim", claim=claim)
    await stage_objections(scene, found)
    await stage_rules(scene, found)
    more = await village.rule(code="more", amount=100)
    assert (await village.earn(more, "2026-06-30"))["errors"] == []
    for state in H:
        held = await make("resident 0", "redeem", "redemption", "code", reward=":reward")
        found["redemption", state] = held["id"]
        if state is H.SETTLED:
            codes = [{"code": held["code"]}]
            done = await village.shop.do(
                "settleRedemptions", "settled { state }", merchant=village.merchant, codes=codes
            )
            assert done["settled"] == [{"state": "SETTLED"}]
        elif state is H.CANCELLED:
            await make("shop", "cancelRedemption", "redemption", redemption=held["id"])
        elif state is H.EXPIRED:
            await village.fetch(
                "update points.redemption set state='EXPIRED' where id=$1", held["id"].partition(":")[2]
            )
    return found


async def stage_objections(scene: Scene, found: dict[tuple[str, Enum], str]) -> None:
    """Objections to refusals: one that waits, one that was upheld, one that was dismissed."""
    rule = await scene.village.rule(code="disputed")
    for at, state in enumerate(ObjectionState, 5):
        given = {"rule": rule, "actedOn": "2026-06-30", "text": "扫了"}
        claim = await scene.make(f"resident {at}", "claimPoints", "claim", **given)
        refusal = {"claim": claim, "approve": False, "note": "不清", "expectedVersion": 1}
        await scene.make("worker", "decidePointsClaim", "claim", **refusal)
        objection = await scene.make(f"resident {at}", "objectToPoints", "objection", claim=claim, reason="确已打扫")
        found["objection", state] = objection
        if state is not ObjectionState.OPEN:
            said = {"uphold": state is ObjectionState.UPHELD, "answer": "已核实"}
            await scene.make("leader", "decidePointsObjection", "objection", objection=objection, **said)


async def stage_rules(scene: Scene, found: dict[tuple[str, Enum], str]) -> None:
    """A rule that is proposed, one in force, and one that ends."""
    asked = {"programme": ":programme", **RULE, "code": "waiting", "startsOn": "2026-06-01"}
    found["rule", R.PROPOSED] = await scene.make("manager", "proposePointsRule", "rule", **asked)
    for state in (R.ADOPTED, R.ENDED):
        rule = found["rule", state] = await scene.village.rule(code=state.value.lower())
        if state is R.ENDED:
            await scene.make("manager", "endPointsRule", "rule", rule=rule, on="2026-07-01")


async def test_every_state_is_reached(scene: Scene, stages: dict[tuple[str, Enum], str]) -> None:
    for name, (table, states, _) in MACHINES.items():
        assert {state for kind, state in stages if kind == name} == set(states)
        for state in states:
            key = stages[name, state].partition(":")[2]
            text = f"select state::text from points.{table} where id=$1"
            assert await scene.village.fetch(text, key) == [(state.value,)], (name, state)


@pytest.mark.parametrize(("name", "command", "state"), CELLS, ids=[f"{one[1]}-{one[2].name}" for one in CELLS])
async def test_command_in_state(
    scene: Scene, stages: dict[tuple[str, Enum], str], name: str, command: str, state: Enum
) -> None:
    """Where a command may not be given it is refused for the state, at the field; where it may, for its own input."""
    table, _, steps = MACHINES[name]
    step, id, (caller, good) = steps[command], stages[name, state], GOOD[command]
    given = {**good, name: id} | ({"entry": None} if "entry" in good else {})
    key = id.partition(":")[2]
    if "expectedVersion" in good:
        [(given["expectedVersion"],)] = await scene.village.fetch(
            f"select version from points.{table} where id=$1", key
        )
    if command in ("withdrawPointsClaim", "objectToPoints"):
        # Whoever claimed takes back, and objects.
        [(person,)] = await scene.village.fetch("select person_id from points.claim where id=$1", key)
        caller = f"resident {scene.village.people.index(person)}"
    allowed = state in step.states
    if allowed and step.probe is None:
        return  # nothing about it can be wrong but the state
    before = await scene.count()
    [(code, path)] = await scene.give(step.caller or caller, command, given | (step.probe or {} if allowed else {}))
    assert code == (step.told if allowed else step.elsewhere.get(state, step.said)), (code, path)
    assert allowed or path == [step.path or name]
    assert await scene.count() == before


async def test_ended_redemptions_are_not_settled(scene: Scene, stages: dict[tuple[str, Enum], str]) -> None:
    """The counter learns of each code what came of it, and nothing moves but for the one that is held."""
    read = "query($id: ID!) { node(id: $id) { ... on PointsRedemption { code } } }"
    codes = []
    for state in (H.SETTLED, H.CANCELLED, H.EXPIRED):
        answer = await scene.village.resident(0).ask(read, id=stages["redemption", state])
        codes.append({"code": answer.data["node"]["code"] or "none"})
    asks = "settled { state } statement { total count }"
    done = await scene.village.shop.do("settleRedemptions", asks, merchant=scene.village.merchant, codes=codes)
    assert done["statement"] == {"total": 0, "count": 0}
    told = {one["state"] for one in done["settled"]}
    assert "SETTLED" not in told


async def test_database_keeps_ended_redemptions(scene: Scene, stages: dict[tuple[str, Enum], str]) -> None:
    """Whoever goes round the commands cannot hold again what has ended, nor change its price or account."""
    import asyncpg

    for state in (H.SETTLED, H.CANCELLED, H.EXPIRED):
        key = stages["redemption", state].partition(":")[2]
        for change in ("state='HELD'", "price=price+1", "account_id=gen_random_uuid()"):
            try:
                await scene.village.fetch(f"update points.redemption set {change} where id=$1", key)
            except (asyncpg.RestrictViolationError, asyncpg.ForeignKeyViolationError):
                continue
            raise AssertionError((state, change))


async def test_acts_have_one_end(scene: Scene) -> None:
    """A version that ends is not ended anew, and the next version takes its place on the day it begins."""
    asked = {**GOOD["publishPointsAct"][1], "code": "dam.watch"}
    act = await scene.make("office", "publishPointsAct", "act", **asked)
    assert await scene.give("office", "endPointsAct", {"act": act, "on": "2026-08-01"}) == []
    assert await scene.give("office", "endPointsAct", {"act": act, "on": "2026-09-01"}) == [(MOVED, ["act"])]
    later = {**asked, "expectedVersion": 1, "startsOn": "2026-07-15"}
    assert await scene.give("office", "publishPointsAct", later) == []
    rows = await scene.village.fetch(
        "select version, starts_on::text, ends_on::text from points.act where code='dam.watch' order by 1"
    )
    assert [tuple(row) for row in rows] == [(1, "2026-06-30", "2026-07-15"), (2, "2026-07-15", None)]
    assert await scene.give("manager", "publishPointsAct", {**later, "expectedVersion": 2}) == [
        ("FORBIDDEN", ["county"])
    ], f"{TOWN} does not write the county's register"
