"""Deputies: their terms, stations and reception days, and what becomes of what voters ask for."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from .conftest import COUNTY, INBOX, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = """query($id: ID!) { node(id: $id) { ... on ReceptionDay { state visitors reason deputies { deputy { name } }
  heard(first: 9) { nodes { id } } } } }"""
HEARD = """query($id: ID!) { node(id: $id) { ... on HeardMatter { satisfied person { name }
  suggestion { id title state replyBy deputy unit { code } heard { id } } case { number status } } } }"""
DEPUTY = "query($id: ID!) { node(id: $id) { ... on Deputy { name level until station { id } } } }"


async def begun(ground: Ground, *at: int) -> tuple[str, list[str]]:
    """A reception day that has begun, and its deputies."""
    deputies = [await ground.register(one, "TOWNSHIP") for one in at]
    day = await ground.announce(deputies)
    ground.server.clock.move(hours=2)
    return day, deputies


def record(day: str, deputy: str, **given: Any) -> dict[str, Any]:
    asked = {"reception": day, "deputy": deputy, "title": "增设路灯", "text": "村口路段夜间无照明，建议增设路灯。"}
    return asked | given


async def test_what_a_voter_asks_becomes_a_proposal(ground: Ground) -> None:
    """It is the deputy's, with a unit and a day; the reply is judged by the deputy and by whoever asked."""
    day, [deputy, other] = await begun(ground, 0, 1)
    member, voter = ground.resident(0), ground.resident(2)
    assert await ground.told(member, "reception", day)
    asked = record(day, deputy, unit=UNIT)
    heard = (await ground.done(member, "recordHeardMatter", "heard { id }", **asked))["id"]
    named = record(day, deputy, unit=UNIT, person=ground.person(2))
    assert refused(await member.do("recordHeardMatter", "heard { id }", **named)) == [("NOT_FOUND", ["person"])], (
        "a deputy looks nobody up"
    )
    id = (await ground.done(ground.town, "recordHeardMatter", "heard { id }", **named))["id"]
    seen = (await voter.ask(HEARD, id=id)).data["node"]
    made = seen["suggestion"]
    assert (made["state"], made["replyBy"], made["unit"]) == ("SUBMITTED", ground.day(90), {"code": UNIT})
    assert made["deputy"] == ground.people[0]["name"] and made["heard"] == {"id": id}
    public = "query($id: ID!) { node(id: $id) { ... on DeputySuggestion { title heard { id } } } }"
    told = (await ground.server.ask(public, id=made["id"])).data["node"]
    assert told == {"title": "增设路灯", "heard": None}, "the proposal is public, and who asked is not"
    early = await voter.do("rateHeardMatter", "heard { id }", heard=id, satisfied=True)
    assert refused(early) == [("ILLEGAL_TRANSITION", ["heard"])]

    reply = {"suggestion": made["id"], "text": "已列入本年路灯建设计划。"}
    await ground.done(ground.handler, "replyToSuggestion", "suggestion { id }", **reply)
    await ground.run_jobs()
    assert await ground.told(voter, "replied", id) and not await ground.told(voter, "replied", heard)
    given = {"suggestion": made["id"], "satisfied": True}
    await ground.done(member, "rateSuggestionReply", "suggestion { id }", **given)
    await ground.done(voter, "rateHeardMatter", "heard { id }", heard=id, satisfied=False)
    again = await voter.do("rateHeardMatter", "heard { id }", heard=id, satisfied=True)
    assert refused(again) == [("ILLEGAL_TRANSITION", ["heard"])]
    assert (await voter.ask(HEARD, id=id)).data["node"]["satisfied"] is False
    stranger = (await ground.resident(3).ask(HEARD, id=id)).data["node"]
    assert stranger is None and other
    mine = "{ me { heardMatters(first: 9) { nodes { id } } } }"
    assert (await voter.ask(mine)).data["me"]["heardMatters"]["nodes"] == [{"id": id}]


async def test_what_a_voter_asks_becomes_a_case(ground: Ground) -> None:
    """In the voter's name, by the deputies' channel, with where it was heard on its timeline; or in nobody's name."""
    day, [deputy] = await begun(ground, 4)
    named = record(day, deputy, category="roads.lighting", person=ground.person(5))
    id = (await ground.done(ground.town, "recordHeardMatter", "heard { id }", **named))["id"]
    voter = ground.resident(5)
    case = (await voter.ask(HEARD, id=id)).data["node"]["case"]
    shown = """query($n: String!) { case(number: $n) { kind channel { code } requester { id } heard { id }
      timeline { type } } }"""
    seen = (await voter.ask(shown, n=case["number"])).data["case"]
    assert (seen["kind"], seen["channel"], seen["heard"]) == ("SUGGESTION", {"code": "DEPUTY"}, {"id": id})
    assert seen["requester"] == {"id": ground.person(5)}
    assert "ties.heard" in {one["type"] for one in seen["timeline"]}
    unsaid = record(day, deputy, category="roads.lighting")
    nameless = (await ground.done(ground.resident(4), "recordHeardMatter", "heard { id }", **unsaid))["id"]
    found = (await ground.keeper.ask(HEARD, id=nameless)).data["node"]
    assert found["person"] is None and found["case"]["status"] == "REPORTED"
    rated = await voter.do("rateHeardMatter", "heard { id }", heard=id, satisfied=True)
    assert refused(rated) == [("ILLEGAL_TRANSITION", ["heard"])], "a case is rated itself"


async def test_days_are_announced_held_and_cancelled(ground: Ground) -> None:
    """Everybody reads when; how many came is told from ten on; nothing is heard before, or on a cancelled day."""
    day, [deputy] = await begun(ground, 6)
    listed = "{ receptionDays(first: 50, filter: { state: { equals: ANNOUNCED } }) { nodes { id } } }"
    assert {"id": day} in (await ground.server.ask(listed)).data["receptionDays"]["nodes"]
    assert await ground.give(ground.resident(6), "holdReceptionDay", day, visitors=9) == []
    seen = (await ground.server.ask(DAY, id=day)).data["node"]
    assert (seen["state"], seen["visitors"]) == ("HELD", None), "nine who came are not told of"
    assert seen["deputies"] == [{"deputy": {"name": ground.people[6]["name"]}}]
    late = await ground.resident(6).do("recordHeardMatter", "heard { id }", **record(day, deputy, unit=UNIT))
    assert refused(late) == [], "what was heard is written down afterwards, too"

    ahead = await ground.announce([deputy], hours=5)
    assert await ground.give(ground.town, "holdReceptionDay", ahead, visitors=1) == [
        ("ILLEGAL_TRANSITION", ["reception"])
    ]
    early = await ground.resident(6).do("recordHeardMatter", "heard { id }", **record(ahead, deputy, unit=UNIT))
    assert refused(early) == [("ILLEGAL_TRANSITION", ["reception"])]
    assert await ground.give(ground.town, "cancelReceptionDay", ahead, reason="道路中断") == []
    assert (await ground.server.ask(DAY, id=ahead)).data["node"]["reason"] == "道路中断"
    assert len(await ground.told(ground.resident(6), "reception", ahead)) == 2
    ground.server.clock.move(hours=6)
    gone = await ground.town.do("recordHeardMatter", "heard { id }", **record(ahead, deputy, unit=UNIT))
    assert refused(gone) == [("ILLEGAL_TRANSITION", ["reception"])]


async def test_terms_and_stations(ground: Ground) -> None:
    """A name is published for the term, one term a congress at a time; a station with days ahead is not closed."""
    station = await ground.station()
    id = await ground.register(7, station=station)
    asked = {"grid": TOWN, "person": ground.person(7), "level": "COUNTY", "constituency": "第四选区"}
    asked |= {"since": ground.day(-10), "endsOn": ground.day(500)}
    twice = await ground.keeper.do("registerDeputy", "deputy { id }", **asked)
    assert refused(twice) == [("DUPLICATE", ["since"])]
    assert await ground.told(ground.resident(7), "deputy", id)
    assert (await ground.server.ask(DEPUTY, id=id)).data["node"] == {
        "name": ground.people[7]["name"], "level": "COUNTY", "until": None, "station": {"id": station},
    }  # fmt: skip
    day = await ground.announce([id], station=station)
    blocked = await ground.give(ground.town, "closeDeputyStation", station)
    assert blocked == [("ILLEGAL_TRANSITION", ["station"])]
    assert await ground.give(ground.town, "cancelReceptionDay", day, reason="改期") == []
    assert await ground.give(ground.town, "assignDeputyStation", id) == []
    assert await ground.give(ground.town, "closeDeputyStation", station) == []
    assert await ground.give(ground.keeper, "endDeputyTerm", id) == []
    ended = (await ground.server.ask(DEPUTY, id=id)).data["node"]
    assert ended["name"] is None and ended["until"] == ground.day(0) and ended["station"] is None
    again = await ground.register(7, since=ground.day(0))
    counted = """{ deputies(first: 0, filter: { level: { equals: COUNTY }, inOffice: { equals: true },
      grid: { within: "610921" } }) { totalCount } }"""
    assert (await ground.server.ask(counted)).data["deputies"]["totalCount"] >= 1 and again != id
    with pytest.raises(Exception, match="terms"):
        await ground.fetch("update ties.deputy set until=null where id=$1", id.partition(":")[2])


async def test_held_and_cancelled_at_once(ground: Ground) -> None:
    """One of them holds; the other is told to look again, and nobody reads of a day that was both."""
    day, _ = await begun(ground, 12)
    held = ground.give(ground.resident(12), "holdReceptionDay", day, visitors=30)
    found = await asyncio.gather(held, ground.give(ground.town, "cancelReceptionDay", day, reason="停电"))
    assert sorted(found, key=len)[0] == [] and sorted(found, key=len)[1] in (
        [("STALE_VERSION", ["expectedVersion"])],
        [("ILLEGAL_TRANSITION", ["reception"])],
    )
    seen = (await ground.server.ask(DAY, id=day)).data["node"]
    assert (seen["state"], seen["visitors"], seen["reason"]) in (("HELD", 30, None), ("CANCELLED", None, "停电"))


async def test_what_is_heard_comes_twice_and_is_one(ground: Ground) -> None:
    """A clerk who has no answer sends it again, also at the same moment: one proposal, one notice, one event."""
    day, [deputy] = await begun(ground, 13)
    asked = record(day, deputy, unit=UNIT) | {"idempotencyKey": str(uuid4())}

    async def send() -> Any:
        return (await ground.town.do("recordHeardMatter", "heard { id suggestion { id } }", **asked))["heard"]

    sent = await asyncio.gather(*(send() for _ in range(3)), return_exceptions=True)
    again = await send()
    assert {one["id"] for one in sent if isinstance(one, dict)} <= {again["id"]}
    [row] = await ground.fetch(
        "select (select count(*) from ties.heard where reception_id=$1), "
        "(select count(*) from events.outbox where type='ties.heard' and data->>'reception'=$1::text)",
        day.partition(":")[2],
    )
    assert list(row) == [1, 1]
    inbox = (await ground.handler.ask(INBOX, kind="party.suggestion_submitted")).data["me"]["notices"]["nodes"]
    assert sum(one["about"] == again["suggestion"]["id"] for one in inbox) == 1


async def test_two_terms_at_once(ground: Ground) -> None:
    """Of two who register the same deputy at the same moment the second is told of the first."""
    given = {
        "grid": TOWN, "person": ground.person(8), "level": "CITY", "constituency": "第一选区",
        "since": ground.day(-1), "endsOn": ground.day(900),
    }  # fmt: skip
    callers = (ground.keeper, ground.town)
    sent = await asyncio.gather(*(one.do("registerDeputy", "deputy { id }", **given) for one in callers))
    assert sorted(map(refused, sent)) == [[], [("DUPLICATE", ["since"])]]


async def test_nobody_speaks_for_another_deputy(ground: Ground) -> None:
    """A deputy writes down what they heard themselves; a deputy of another day, nothing."""
    day, [first, second] = await begun(ground, 9, 10)
    given = record(day, second, unit=UNIT)
    assert refused(await ground.resident(9).do("recordHeardMatter", "heard { id }", **given)) == [
        ("BAD_USER_INPUT", ["deputy"])
    ]
    outsider = await ground.resident(11).do("recordHeardMatter", "heard { id }", **record(day, first, unit=UNIT))
    assert refused(outsider) == [("FORBIDDEN", ["reception"])]
    # A term that has ended takes the right along.
    assert await ground.give(ground.keeper, "endDeputyTerm", first) == []
    gone = await ground.resident(9).do("recordHeardMatter", "heard { id }", **record(day, first, unit=UNIT))
    assert refused(gone) == [("FORBIDDEN", ["reception"])]
    auditor = ground.server.as_("auditor", grid=COUNTY)
    assert (await auditor.ask("{ heardMatters(first: 9) { nodes { id } } }")).data["heardMatters"]["nodes"] == []
