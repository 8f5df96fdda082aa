"""Supervision over HTTP: by hand, by rule, answered, lifted, and never the requester's to read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from gongzhi_server.testing import Clock

from .actors import COUNTY, POWER, Offices, opening, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROW = "supervision { id level state version replyDueAt light unit { code } }"
READ = """query($n: String!) { case(number: $n) { dueAt supervisions(first: 20) { nodes { level state reason reply
  rule { level } unit { code } } } timeline(last: 40) { type audience } } }"""


async def supervised(offices: Offices, number: str, **more: Any) -> Any:
    given = {"number": number, "level": "SUPERVISION", "reason": "群众多次催问", **more}
    return (await offices.do(offices.town, "superviseCase", ROW, **given))["supervision"]


async def read(caller: Any, number: str) -> Any:
    return (await caller.ask(READ, n=number)).data["case"]


async def test_supervision_story(offices: Offices, clock: Clock, shared_database: str) -> None:
    opening(clock)
    number = await offices.case()
    before = await offices.told(offices.unit(POWER), "case.supervised")
    made = await supervised(offices, number)
    assert (made["level"], made["light"], made["unit"]) == ("SUPERVISION", "GREEN", {"code": POWER})
    assert datetime.fromisoformat(made["replyDueAt"]) == clock() + timedelta(days=2, hours=8)  # three working days
    assert await offices.told(offices.unit(POWER), "case.supervised") == before + 1
    twice = await offices.town.do("superviseCase", ROW, number=number, level="SUPERVISION", reason="再催")
    assert refused(twice) == [("DUPLICATE", ["level"])]
    given = {"supervision": made["id"], "expectedVersion": 1}
    assert refused(await offices.unit("610921-SLJ").do("answerSupervision", ROW, text="不知", **given))
    answer = await offices.do(offices.unit(POWER), "answerSupervision", ROW, text="明日换杆。", **given)
    assert answer["supervision"]["state"] == "ANSWERED"
    stale = await offices.town.do("liftSupervision", ROW, reason="已办", **given)
    assert refused(stale) == [("STALE_VERSION", ["expectedVersion"])]
    await offices.do(offices.town, "liftSupervision", ROW, supervision=made["id"], expectedVersion=2, reason="已办")
    seen = await read(offices.town, number)
    assert [(one["state"], one["reply"]) for one in seen["supervisions"]["nodes"]] == [("LIFTED", "明日换杆。")]
    connection = await asyncpg.connect(shared_database)
    by = await connection.fetchval(
        "select lifted_by from supervision.supervision where id = $1", made["id"].partition(":")[2]
    )
    await connection.close()
    assert by == "town"
    steps = [one["type"] for one in seen["timeline"] if one["audience"] == "STAFF"]
    assert steps[-3:] == ["case.supervised", "case.supervision_answered", "case.supervision_lifted"]


async def test_only_the_county_lists(offices: Offices, clock: Clock) -> None:
    opening(clock)
    number = await offices.case()
    given = {"number": number, "level": "LISTED", "reason": "久拖不决"}
    assert refused(await offices.town.do("superviseCase", ROW, **given)) == [("FORBIDDEN", ["level"])]
    before = await offices.told(offices.county, "case.supervised")
    made = (await offices.do(offices.county, "superviseCase", ROW, replyWithin="PT3H", **given))["supervision"]
    assert datetime.fromisoformat(made["replyDueAt"]) == clock() + timedelta(hours=5)  # lunch is no hour
    listed = "{ supervisions(filter: { level: { equals: LISTED } }, first: 50) { nodes { case { number } } } }"
    assert {"case": {"number": number}} in (await offices.county.ask(listed)).data["supervisions"]["nodes"]
    assert await offices.told(offices.county, "case.supervised") > before
    elsewhere = offices.server.as_("town_dispatcher", grid="610921110")
    assert (await elsewhere.ask(listed)).data["supervisions"]["nodes"] == []


async def test_requester_reads_none_of_it(offices: Offices, shared_database: str) -> None:
    import asyncpg

    number = await offices.case()
    connection = await asyncpg.connect(shared_database)
    person = await connection.fetchval("select id from people.person order by id limit 1")
    await connection.execute("update cases.case set requester_id = $1 where number = $2", person, number)
    await connection.close()
    await supervised(offices, number)
    seen = await read(offices.server.as_("resident", person=str(person)), number)
    assert seen["supervisions"]["nodes"] == []
    assert {one["audience"] for one in seen["timeline"]} == {"PUBLIC"}


async def test_overdue_cases_are_supervised(offices: Offices, clock: Clock) -> None:
    """At first a reminder, then louder, each once; only while offices are open."""
    number, began = await offices.case(), clock()
    clock.time = datetime.fromisoformat((await read(offices.county, number))["dueAt"])
    try:
        levels = []
        for hours in (0, 17, 24, 24, 24, 24, 24, 24, 24, 24, 24):
            clock.move(hours=hours)
            await offices.server.worker.drain()
            rows = (await read(offices.county, number))["supervisions"]["nodes"]
            levels.append(tuple(one["rule"]["level"] for one in rows))
    finally:
        clock.time = began
    assert levels[0] == () and levels[-1] == ("REMINDER", "SUPERVISION", "LISTED")
    assert set(levels) == {(), ("REMINDER",), ("REMINDER", "SUPERVISION"), levels[-1]}
    assert {one["unit"]["code"] for one in rows} == {POWER}


async def test_county_sets_its_rule(offices: Offices) -> None:
    admin = offices.server.as_("administrator", sub="admin")
    rule = "rule { level overdue overdueUnit reply county { code } until }"
    given = {"county": COUNTY, "level": "REMINDER", "overdue": "PT4H", "reply": "P2D", "basis": "县政府办〔2026〕1号"}
    made = (await offices.do(admin, "setSupervisionRule", rule, **given))["rule"]
    assert (made["overdue"], made["overdueUnit"], made["county"]) == (240, "WORKING_MINUTE", {"code": COUNTY})
    await offices.do(admin, "setSupervisionRule", rule, **{**given, "overdue": "P1D"})
    asked = "{ supervisionRules(first: 20) { nodes { overdueUnit until county { code } } } }"
    mine = [one for one in (await admin.ask(asked)).data["supervisionRules"]["nodes"] if one["county"]]
    assert sorted((one["overdueUnit"], one["until"] is None) for one in mine) == [
        ("WORKING_DAY", True),
        ("WORKING_MINUTE", False),
    ]
    bad = await admin.do("setSupervisionRule", rule, **{**given, "county": "610921101"})
    assert refused(bad) == [("BAD_USER_INPUT", ["county"])]
