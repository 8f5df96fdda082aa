"""Many at once: what may happen once happens once, and everybody else is told so."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from gongzhi_server.testing import Clock

from .actors import COUNTY, POWER, VILLAGE, WATER, Offices, opening, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE = 4


async def together(*asked: Any) -> Counter[str]:
    """How many were done, and by code how many were refused."""
    payloads = await asyncio.gather(*asked)
    return Counter(code for one in payloads for code in ([code for code, _ in refused(one)] or ["done"]))


async def test_one_check_in(offices: Offices) -> None:
    given = {"kind": "ROUTINE", "matter": "堆料", "grid": VILLAGE, "units": [POWER, WATER]}
    whistle = (await offices.do(offices.town, "callWhistle", "whistle { id }", **given))["whistle"]["id"]
    units = [offices.unit(code) for code in (POWER, WATER) for _ in range(AT_ONCE)]
    found = await together(*(one.do("checkInToWhistle", "whistle { id }", whistle=whistle) for one in units))
    assert found == {"done": 2, "DUPLICATE": 2 * (AT_ONCE - 1)}


async def test_one_word_on_a_request(offices: Offices) -> None:
    """Yes and no at once: one of them holds, and who asked is told once."""
    given = {"kind": "TOUGH", "matter": "危桥", "grid": VILLAGE, "units": [POWER]}
    whistle = (await offices.do(offices.village, "callWhistle", "whistle { id }", **given))["whistle"]["id"]
    words = [
        offices.town.do("decideWhistle", "whistle { id }", whistle=whistle, approve=bool(at % 2))
        for at in range(AT_ONCE)
    ]
    assert await together(*words) == {"done": 1, "DUPLICATE": AT_ONCE - 1}
    assert await offices.told(offices.village, "whistle.decided", whistle) == 1


async def test_plans_have_no_gap(offices: Offices, clock: Clock) -> None:
    """Of two plans on one version one is stale, and the versions go on by one."""
    opening(clock)
    given = {"kind": "ROUTINE", "matter": "堆料", "grid": VILLAGE, "units": [POWER]}
    whistle = (await offices.do(offices.town, "callWhistle", "whistle { id }", **given))["whistle"]["id"]
    task = {"unit": POWER, "text": "移杆", "dueAt": clock().replace(year=clock().year + 1).isoformat()}
    for version in (1, 2):
        plans = [
            offices.town.do(
                "planWhistle", "whistle { id }", whistle=whistle, expectedVersion=version, text=str(at), tasks=[task]
            )
            for at in range(AT_ONCE)
        ]
        assert await together(*plans) == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    asked = "query($id: ID!) { node(id: $id) { ... on Whistle { plans { version tasks { text } } } } }"
    plans = (await offices.town.ask(asked, id=whistle)).data["node"]["plans"]
    assert plans == [{"version": at, "tasks": [{"text": "移杆"}]} for at in (2, 1)]


async def test_one_side_assesses_once(offices: Offices) -> None:
    given = {"kind": "ROUTINE", "matter": "堆料", "grid": VILLAGE, "units": [POWER]}
    whistle = (await offices.do(offices.town, "callWhistle", "whistle { id }", **given))["whistle"]["id"]
    closing = {"whistle": whistle, "expectedVersion": 1, "outcome": "已清运"}
    ends = [offices.town.do("closeWhistle", "whistle { id }", **closing) for _ in range(AT_ONCE)]
    assert await together(*ends) == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    rating = {"whistle": whistle, "unit": POWER, "rating": 4}
    callers = [caller for caller in (offices.town, offices.unit(POWER)) for _ in range(AT_ONCE)]
    found = await together(*(one.do("assessWhistle", "whistle { id }", **rating) for one in callers))
    assert found == {"done": 2, "DUPLICATE": 2 * (AT_ONCE - 1)}


async def test_one_supervision_of_a_level(offices: Offices, clock: Clock) -> None:
    opening(clock)
    number = await offices.case()
    before = await offices.told(offices.unit(POWER), "case.supervised")
    asked = [
        offices.town.do("superviseCase", "supervision { id }", number=number, level="SUPERVISION", reason=f"催问 {at}")
        for at in range(AT_ONCE)
    ]
    assert await together(*asked) == {"done": 1, "DUPLICATE": AT_ONCE - 1}
    assert await offices.told(offices.unit(POWER), "case.supervised") == before + 1


async def test_one_rule_holds(offices: Offices) -> None:
    """Rules for one level that are set at once: each was set, and the last of them holds."""
    admin = offices.server.as_("administrator", sub="admin")
    given = {"county": COUNTY, "level": "LISTED", "reply": "P2D", "basis": "规定"}
    rules = [admin.do("setSupervisionRule", "rule { id }", **given, overdue=f"P{at}D") for at in range(1, AT_ONCE + 1)]
    assert await together(*rules) == {"done": AT_ONCE}
    asked = "{ supervisionRules(first: 50) { nodes { level until county { code } } } }"
    found = (await admin.ask(asked)).data["supervisionRules"]["nodes"]
    ours = [one["until"] for one in found if one["level"] == "LISTED" and one["county"]]
    assert len(ours) == AT_ONCE and ours.count(None) == 1


async def test_one_centre(offices: Offices) -> None:
    """Set up at once where there is none: one is, and the others have not seen it."""
    admin = offices.server.as_("administrator", grid=COUNTY)
    asked = (
        '{ grids(filter: { kind: { equals: VILLAGE }, grid: { within: "610921108" } }, last: 1) { nodes { code } } }'
    )
    [village] = [one["code"] for one in (await admin.ask(asked)).data["grids"]["nodes"]]
    made = [
        admin.do("setGovernanceCenter", "center { version }", grid=village, name=f"中心 {at}") for at in range(AT_ONCE)
    ]
    assert await together(*made) == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    ends = [
        admin.do("closeGovernanceCenter", "center { version }", grid=village, expectedVersion=1) for _ in range(AT_ONCE)
    ]
    assert await together(*ends) == {"done": 1, "NOT_FOUND": AT_ONCE - 1}


async def test_one_end_of_an_emergency(offices: Offices, clock: Clock) -> None:
    until = clock().replace(minute=59).isoformat()
    given = {"grid": "610921100", "powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": until}
    declared = [offices.county.do("declareEmergency", "emergency { id }", **given) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*declared)
    [made] = [one["emergency"]["id"] for one in answers if one["emergency"]]
    assert [refused(one) for one in answers if not one["emergency"]] == [[("DUPLICATE", ["previous"])]] * (AT_ONCE - 1)
    ending = {"emergency": made, "expectedVersion": 1}
    ends = [offices.county.do("endEmergency", "emergency { id }", **ending) for _ in range(AT_ONCE)]
    assert await together(*ends) == {"done": 1, "STALE_VERSION": AT_ONCE - 1}
    assert await offices.told(offices.county, "emergency.ended", made) == 1


async def test_patrol_sent_again(offices: Offices) -> None:
    """A phone that lost the answer sends it again: one patrol, one case."""
    worker = offices.server.as_("grid_worker", grid=VILLAGE)
    finding = {"category": "utilities.electricity", "title": "路灯不亮", "description": "村口路灯不亮"}
    given = {"grid": VILLAGE, "at": "2026-06-30T09:00:00+08:00", "found": "路灯不亮", "case": finding}
    sent = [
        worker.do("recordPatrol", "patrol { id } case { number }", **given, idempotencyKey="from the phone")
        for _ in range(AT_ONCE)
    ]
    answers = await asyncio.gather(*sent)
    assert {(one["patrol"]["id"], one["case"]["number"]) for one in answers if one["patrol"]} == {
        (answers[0]["patrol"]["id"], answers[0]["case"]["number"])
    }
