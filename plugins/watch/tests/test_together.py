"""What two do at the same moment, and many in turn: one of them wins, and the household's word is never lost."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.testing import Server

from .conftest import CONDITIONS, COUNTY, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
STALE, LATE = [("STALE_VERSION", ["expectedVersion"])], [("ILLEGAL_TRANSITION", ["watch"])]


async def test_two_confirm_at_once(ground: Ground) -> None:
    """One decides; the other is told of that, and there is one decision on record."""
    id = await ground.ask(ground.home())
    assert await ground.give(ground.first, "assessWatch", id, ground="SUDDEN") == []
    given = {"watch": id, "expectedVersion": await ground.version(id), "text": "同意。"}
    sent = await asyncio.gather(
        ground.second.do("confirmWatch", "watch { id }", confirmed=True, **given),
        ground.county.do("confirmWatch", "watch { id }", confirmed=False, **given),
    )
    found = list(map(refused, sent))
    assert sorted(found, key=len)[0] == [] and sorted(found, key=len)[1] in (STALE, LATE)
    seen = await ground.see(id)
    assert seen["state"] == ("WATCHED" if found[0] == [] else "ASKED")
    assert len([one for one in seen["steps"] if one["kind"] in ("CONFIRMED", "RETURNED")]) == 1


async def test_a_worker_proposes_while_the_household_asks(ground: Ground) -> None:
    """Whoever comes first, there is one watch, and it is asked for by the household."""
    home = ground.home()
    await ground.consent(home)
    household = f"Household:{home['id']}"
    sent = await asyncio.gather(
        ground.worker.do("proposeWatch", "watch { id }", household=household, text="房屋受损。"),
        ground.other_worker.do("proposeWatch", "watch { id }", household=household, text="收入下降。"),
        ground.head(home).do("requestWatch", "watch { id }", household=household, facts=[ground.fact()]),
    )
    found = list(map(refused, sent))
    assert found[2] == [], "the household is never turned away by a proposal"
    assert found[:2].count([("DUPLICATE", ["household"])]) >= 1
    rows = await ground.fetch("select state from watch.entry where household_id=$1", home["id"])
    assert [one["state"] for one in rows] == ["ASKED"]


async def test_leaving_while_something_is_planned(ground: Ground) -> None:
    """Whichever is first, nothing is left to be carried out for a household that has left."""
    home = ground.home()
    id = await ground.watched(home)
    plan = {"kind": "WATER", "unit": "610921-YJJ", "owner": "handler", "dueOn": "2026-09-01", "text": "修缮水窖"}
    given = {"watch": id, "expectedVersion": await ground.version(id)}
    withdraw = {"purpose": "watch.watching"}
    planned, left = await asyncio.gather(
        ground.first.do("planWatchMeasure", "measure { id }", **plan, **given),
        ground.head(home).do("withdrawConsent", "consent { id }", **withdraw),
    )
    assert refused(left) == [] and refused(planned) in ([], STALE, LATE)
    seen = await ground.see(id, ground.head(home))
    assert (seen["state"], seen["ending"]) == ("ENDED", "WITHDRAWN")
    assert {one["state"] for one in seen["measures"]} <= {"CANCELLED"}


async def test_a_measure_is_done_while_the_household_leaves(ground: Ground) -> None:
    """It is carried out or cancelled, and never both; the household has left in either case."""
    home = ground.home()
    id = await ground.watched(home)
    measure = await ground.measure(id)
    version = await ground.version(id)
    done, left = await asyncio.gather(
        ground.give(ground.handler, "finishWatchMeasure", measure, done=True),
        ground.head(home).do("leaveWatch", "watch { id }", watch=id, expectedVersion=version),
    )
    if refused(left):
        assert refused(left) == STALE
        assert await ground.give(ground.head(home), "leaveWatch", id) == []
    seen = await ground.see(id, ground.head(home))
    [last] = seen["measures"]
    assert seen["ending"] == "LEFT" and last["state"] == ("CANCELLED" if done else "DONE")


async def test_the_sweep_and_the_households_answer(ground: Ground) -> None:
    """On the last day: what the household says holds, whether the clock or they come first."""
    home = ground.home()
    id = await ground.watched(home)
    assert await ground.give(ground.first, "proposeWatchExit", id) == []
    ground.server.clock.move(days=31)
    given = {"watch": id, "expectedVersion": await ground.version(id), "agreed": True, "text": "同意。"}
    answered, _ = await asyncio.gather(
        ground.head(home).do("answerWatchExit", "watch { id }", **given), ground.run_jobs()
    )
    seen = await ground.see(id, ground.head(home))
    assert (seen["state"], seen["ending"]) == (("WATCHED", None) if refused(answered) else ("ENDED", "AGREED"))
    if refused(answered):
        assert refused(answered) in (STALE, LATE)


async def test_what_comes_three_times_is_one(ground: Ground) -> None:
    """A phone that has no answer sends it again, also at the same moment: one watch, one fact, one notice."""
    home = ground.home()
    await ground.consent(home)
    head = ground.head(home)
    given = {"idempotencyKey": str(uuid4()), "household": f"Household:{home['id']}", "facts": [ground.fact()]}
    await asyncio.gather(*(head.do("requestWatch", "watch { id }", **given) for _ in range(3)), return_exceptions=True)
    made = (await head.do("requestWatch", "watch { id }", **given))["watch"]["id"]
    counted = """select (select count(*) from watch.entry where household_id=$1), (select count(*) from watch.fact f
      join watch.entry e on e.id=f.watch_id where e.household_id=$1)"""
    assert list((await ground.fetch(counted, home["id"]))[0]) == [1, 1]
    assert len(await ground.told(head, "received", made)) == 1


async def test_one_edition_and_one_objection(ground: Ground) -> None:
    """Of two who publish or object at once the second is told of the first."""
    rule = {"county": COUNTY, "subject": "ERRORS", "name": "容错条件", "items": CONDITIONS}
    rule |= {"replaces": ground.rules["ERRORS"]}
    callers = (ground.publisher, ground.server.as_("administrator", grid=COUNTY, sub="another"))
    sent = await asyncio.gather(*(one.do("publishWatchRule", "rule { id }", **rule) for one in callers))
    assert sorted(map(refused, sent)) == [[], [("DUPLICATE", ["replaces"])]]
    home = ground.home()
    id = await ground.error(ground.first, affected=[f"Person:{home['person']}"])
    for number in (1, 2):
        assert await ground.review(id, number) == []
    given = {"exemption": id, "expectedVersion": await ground.version(id), "text": "与事实不符。"}
    both = (ground.first, ground.head(home))
    objected = await asyncio.gather(*(one.do("objectToErrorExemption", "exemption { id }", **given) for one in both))
    assert sorted(map(refused, objected)) == [[], STALE]
    seen = await ground.see_error(id, ground.first)
    assert (seen["round"], [one["kind"] for one in seen["statements"]].count("OBJECTION")) == (2, 1)


HOUSEHOLD = ("PROPOSED", "ASKED", "ASSESSED", "WATCHED", "EXIT_PROPOSED", "CONTESTED")


@dataclass(frozen=True)
class Move:
    """A command: who may give it, from which states, and where it leads."""

    command: str
    who: str
    sources: tuple[str, ...]
    leads: str
    given: dict[str, Any]


MOVES = (
    Move("assessWatch", "first", ("ASKED",), "ASSESSED", {"ground": "SUDDEN"}),
    Move("assessWatch", "first", ("ASKED",), "ASSESSED", {}),
    Move("confirmWatch", "second", ("ASSESSED",), "?", {"confirmed": True}),
    Move("confirmWatch", "second", ("ASSESSED",), "ASKED", {"confirmed": False}),
    Move("contestWatch", "head", ("REFUSED",), "CONTESTED", {}),
    Move("decideWatchContest", "county", ("CONTESTED",), "WATCHED", {"ground": "SUDDEN"}),
    Move("decideWatchContest", "county", ("CONTESTED",), "REFUSED", {}),
    Move("reviewWatch", "first", ("WATCHED",), "WATCHED", {}),
    Move("proposeWatchExit", "first", ("WATCHED",), "EXIT_PROPOSED", {}),
    Move("answerWatchExit", "head", ("EXIT_PROPOSED",), "WATCHED", {"agreed": False}),
    Move("answerWatchExit", "head", ("EXIT_PROPOSED",), "ENDED", {"agreed": True}),
    Move("leaveWatch", "head", HOUSEHOLD, "ENDED", {}),
)
# Who may give none of these, or not the others'.
CALLERS = ("first", "second", "county", "head", "neighbour", "worker", "handler", "leader")
INVARIANTS = """select
  (closed_at is not null) = (state in ('REFUSED','ENDED')) as closed,
  (ending is not null) = (state='ENDED') as ending,
  ground is null or state in ('ASSESSED','WATCHED','EXIT_PROPOSED','ENDED') as ground,
  (state not in ('WATCHED','EXIT_PROPOSED')) or watched_at is not null as watched,
  (state in ('REFUSED','ENDED')) = (due_at='infinity') as due,
  state<>'ENDED' or ending='AGREED' or not exists(select from watch.fact f where f.watch_id=e.id) as facts,
  (select count(*) from watch.step s where s.watch_id=e.id)=version as steps
  from watch.entry e where id=$1"""


def is_allowed(move: Move, name: str, state: str, contested: bool) -> bool:
    """What the model says of it; dispatchers of the town and the county decide alike but on what is contested."""
    if state not in move.sources or (move.command == "contestWatch" and contested):
        return False
    deciders = {"first": ("first", "second", "county"), "second": ("second", "county")}
    return name in deciders.get(move.who, (move.who,))


@pytest.mark.parametrize("seed", range(2))
async def test_a_walk_keeps_to_the_model(ground: Ground, seed: int) -> None:
    chosen = random.Random(seed)
    home, neighbour = ground.home(), ground.home()
    callers: dict[str, Server] = {
        "head": ground.head(home),
        "neighbour": ground.head(neighbour),
        "leader": ground.server.as_("county_leader", grid=COUNTY),
        **{name: getattr(ground, name) for name in ("first", "second", "county", "worker", "handler")},
    }
    id = await ground.ask(home)
    state, contested, refusing, assessor = "ASKED", False, False, ""
    for _ in range(24):
        move = chosen.choice(MOVES[:-1] if chosen.random() < 0.9 else MOVES)
        # Often whoever may, so that the walk gets somewhere.
        name = move.who if chosen.random() < 0.7 else chosen.choice(CALLERS)
        allowed = is_allowed(move, name, state, contested) and not (
            move.command in ("confirmWatch", "decideWatchContest") and name == assessor
        )
        problems = await ground.give(callers[name], move.command, id, **move.given)
        assert (problems == []) == allowed, (seed, name, move, state, problems)
        if allowed:
            assessor = name if move.command == "assessWatch" else assessor
            refusing = not move.given if move.command == "assessWatch" else refusing
            contested = contested or move.command == "contestWatch"
            state = move.leads if move.leads != "?" else ("REFUSED" if refusing else "WATCHED")
        assert (await ground.see(id, callers["head"]))["state"] == state
        [row] = await ground.fetch(INVARIANTS, id.partition(":")[2])
        assert all(row.values()), (seed, state, dict(row))
