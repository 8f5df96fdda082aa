"""What time brings about by itself: supervision by rule, units that do not come, emergencies that end; each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from gongzhi.runtime.checks import CHINA
from gongzhi_server.testing import Server, published_events

from .actors import COUNTY, POWER, TOWN, VILLAGE, WATER, Offices, refused

READ = """query($n: String!) { case(number: $n) { version dueAt
  supervisions(first: 20) { nodes { id level state version unit { code } rule { level county { code } } } } } }"""


@pytest.fixture
def own(server: Server) -> Offices:
    """The offices of a county of the test's own, for the clock moves far. It is Tuesday, ten in the morning."""
    return Offices(server)


async def look(offices: Offices, number: str) -> dict[str, Any]:
    return dict((await offices.county.ask(READ, n=number)).data["case"])


async def levels(offices: Offices, number: str) -> list[str]:
    return [one["level"] for one in (await look(offices, number))["supervisions"]["nodes"]]


async def pass_deadline(offices: Offices, number: str, **more: float) -> None:
    """Go on to the case's next deadline, and further."""
    offices.server.clock.time = datetime.fromisoformat((await look(offices, number))["dueAt"])
    offices.server.clock.move(**more)


def morning(offices: Offices) -> None:
    """Go on to ten o'clock of a working day."""
    clock = offices.server.clock
    clock.time = clock().astimezone(CHINA).replace(hour=10, minute=0) + timedelta(days=1)
    while clock().weekday() > 4:
        clock.move(days=1)


async def drain_twice(offices: Offices) -> None:
    """Two workers at once, as two processes of a deployment have."""
    await asyncio.gather(offices.server.worker.drain(), offices.server.worker.drain())


async def test_nobody_is_supervised_at_night(own: Offices) -> None:
    """What is overdue in the evening is asked about in the morning, by two workers once."""
    number = await own.case()
    await pass_deadline(own, number, days=2)
    own.server.clock.time = own.server.clock().astimezone(CHINA).replace(hour=22)
    await drain_twice(own)
    assert await levels(own, number) == []
    morning(own)
    for _ in range(3):  # a case that another sweep works on is left for the next one
        await drain_twice(own)
        if await levels(own, number):
            break
        own.server.clock.move(minutes=5)
    assert len(await levels(own, number)) == 1


async def test_what_was_asked_by_hand_is_not_asked_again(own: Offices) -> None:
    """Nor anything less loud; a louder one comes in its time."""
    number = await own.case()
    asked = {"number": number, "level": "LISTED", "reason": "久拖不决"}
    await own.do(own.county, "superviseCase", "supervision { id }", **asked)
    await pass_deadline(own, number, days=30)
    morning(own)
    await drain_twice(own)
    assert await levels(own, number) == ["LISTED"]


async def test_a_countys_rule_goes_before_everybodys(own: Offices) -> None:
    """From when it is set: the case that everybody's rule would leave alone is asked about."""
    number = await own.case()
    await pass_deadline(own, number)
    morning(own)
    began = own.server.clock()
    admin = own.server.as_("administrator")
    rule = {"county": COUNTY, "reply": "P1D", "basis": "县政府办〔2026〕1号"}
    for level, overdue in (("REMINDER", "PT1M"), ("SUPERVISION", "P80D"), ("LISTED", "P90D")):
        await own.do(admin, "setSupervisionRule", "rule { id }", **rule, level=level, overdue=overdue)
    own.server.clock.time = began + timedelta(minutes=10)
    await own.server.worker.drain()
    [found] = (await look(own, number))["supervisions"]["nodes"]
    assert (found["level"], found["rule"]) == ("REMINDER", {"level": "REMINDER", "county": {"code": COUNTY}})


async def test_a_reopened_case_is_supervised_anew(own: Offices) -> None:
    """What was asked about its first round says nothing about the second."""
    number = await own.case()
    await pass_deadline(own, number, days=30)
    morning(own)
    await own.server.worker.drain()
    first = await levels(own, number)
    assert first == ["LISTED"]
    version = (await look(own, number))["version"]
    own.server.clock.move(minutes=1)
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("replyToCase", {"text": "已修。"}),
        ("reopenCase", {"reason": "又坏了"}),
    )
    for at, (mutation, more) in enumerate(steps):
        caller = own.county if mutation == "reopenCase" else own.unit(POWER)
        given = {"number": number, "expectedVersion": version + at, **more}
        await own.do(caller, mutation, "case { version }", **given)
    await own.server.worker.drain()
    assert await levels(own, number) == first
    await pass_deadline(own, number, days=30)
    morning(own)
    await own.server.worker.drain()
    assert await levels(own, number) == ["LISTED", "LISTED"]


async def test_dispatchers_answer_for_what_no_unit_has(own: Offices) -> None:
    """A case that waits at an office is that office's to speak about, and of no unit."""
    matter = {"kind": "HELP", "channel": "WEB", "category": "utilities.electricity", "title": "灯", "description": "灯"}
    reported = await own.server.do("reportCase", "case { number }", **matter, grid=f"{VILLAGE}-020202")
    number = reported["case"]["number"]
    asked = {"number": number, "level": "REMINDER", "reason": "尚未派单"}
    made = (await own.do(own.county, "superviseCase", "supervision { id unit { code } }", **asked))["supervision"]
    assert made["unit"] is None and await own.told(own.town, "case.supervised", made["id"]) == 1
    given = {"supervision": made["id"], "expectedVersion": 1, "text": "今日派单。"}
    away = await own.unit(POWER).do("answerSupervision", "supervision { id }", **given)
    assert refused(away) == [("NOT_FOUND", ["supervision"])]
    done = await own.do(own.town, "answerSupervision", "supervision { state }", **given)
    assert done["supervision"]["state"] == "ANSWERED"


async def test_no_office_is_told_of_a_tip_off(own: Offices, database: str) -> None:
    """It may be against the very office that would be told; its unit is asked all the same."""
    number = await own.case()
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("update cases.case set series='SEALED' where number=$1", number)
    finally:
        await connection.close()
    asked = {"number": number, "level": "LISTED", "reason": "久拖不决"}
    made = (await own.do(own.county, "superviseCase", "supervision { id }", **asked))["supervision"]["id"]
    assert await own.told(own.unit(POWER), "case.supervised", made) == 1
    assert [await own.told(one, "case.supervised", made) for one in (own.county, own.town)] == [0, 0]


async def test_late_units_are_told_of_once(own: Offices, database: str) -> None:
    """By two workers at once; who came in time, and a call that is over, is nobody's concern."""
    called = {"kind": "EMERGENCY", "matter": "山洪", "grid": VILLAGE, "units": [POWER, WATER], "checkInWithin": "PT30M"}
    row = "whistle { id }"
    first, second = [(await own.do(own.town, "callWhistle", row, **called))["whistle"]["id"] for _ in range(2)]
    await own.do(own.unit(POWER), "checkInToWhistle", row, whistle=first)
    await own.do(own.town, "closeWhistle", row, whistle=second, expectedVersion=1, outcome="误报")
    own.server.clock.move(minutes=29)
    await drain_twice(own)
    assert await own.told(own.town, "whistle.escalated") == 0
    own.server.clock.move(minutes=1)
    await drain_twice(own)
    events = [one for one in await published_events(database) if one.type == "whistle.escalated"]
    assert [(f"Whistle:{one.data['whistle']}", one.data["unit"]) for one in events] == [(first, WATER)]


async def test_emergencies_end_once_and_at_their_time(own: Offices, database: str) -> None:
    """Noted late, by two workers at once: it ended when it was to end, and its report goes no further."""
    until = own.server.clock() + timedelta(hours=2)
    given = {"powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": until.isoformat()}
    row = "emergency { id }"
    ends = (await own.do(own.county, "declareEmergency", row, grid=TOWN, **given))["emergency"]["id"]
    waits = (await own.do(own.town, "declareEmergency", row, grid=VILLAGE, **given))["emergency"]["id"]
    own.server.clock.move(hours=5)
    await drain_twice(own)
    asked = "{ emergencies(first: 50) { nodes { id state endedAt report } } }"
    found = {one["id"]: one for one in (await own.county.ask(asked)).data["emergencies"]["nodes"]}
    assert found[ends]["state"] == "ENDED" and datetime.fromisoformat(found[ends]["endedAt"]) == until
    assert datetime.fromisoformat(found[ends]["report"]["to"]) == until
    assert found[waits]["state"] == "ENDED", "the town's office stands above the village: it needed nobody else"
    counted = Counter(one.type for one in await published_events(database) if one.type.startswith("emergency."))
    assert counted["emergency.ended"] == 2 == counted["emergency.confirmed"]
