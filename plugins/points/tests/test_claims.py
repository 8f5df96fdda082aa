"""Claiming, deciding, objecting; caps and cool-downs."""

from __future__ import annotations

import base64
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

JPEG = (
    bytes.fromhex("ffd8")
    + b"\xff\xe1\x00\x10Exif\0\0GPS 32.9"
    + b"\xff\xdb\x00\x04ab"
    + b"\xff\xda\x00\x02xyz\xff\xd9tail"
)
PHOTO = base64.b64encode(JPEG).decode()


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["errors"]]


async def claim(village: Any, rule: str, at: int = 0, **given: Any) -> Any:
    asked = {"rule": rule, "actedOn": "2026-06-30", "text": "做了", **given}
    return await village.resident(at).do("claimPoints", "claim { id version evidence { kind url } }", **asked)


async def test_photos_lose_where_they_were_taken(village: Any) -> None:
    rule = await village.rule(proof="PHOTO")
    assert codes(await claim(village, rule)) == ["EVIDENCE_REQUIRED"]
    assert codes(await claim(village, rule, photos=["bm8="])) == ["BAD_USER_INPUT"]
    made = await claim(village, rule, photos=[PHOTO], text=None)
    [evidence] = made["claim"]["evidence"]
    kept = base64.b64decode(evidence["url"].partition(",")[2])
    assert evidence["kind"] == "PHOTO"
    assert kept == bytes.fromhex("ffd8") + b"\xff\xdb\x00\x04ab" + b"\xff\xda\x00\x02xyz\xff\xd9"


async def test_claims_have_bounds(village: Any) -> None:
    rule = await village.rule(cap=8, cooldownDays=2)
    assert codes(await claim(village, rule, actedOn="2026-05-31")) == ["RULE_NOT_IN_FORCE"]
    assert codes(await claim(village, rule, actedOn="2026-07-01")) == ["BAD_USER_INPUT"]
    outside = await village.server.as_("resident").do(
        "claimPoints", "claim { id }", rule=rule, actedOn="2026-06-30", text="做了"
    )
    assert codes(outside) == ["NOT_FOUND"]


@pytest.mark.asyncio(loop_scope="function")  # the town has one programme to earn by
async def test_cap_and_cooldown_hold(village: Any) -> None:
    """Five, then three that are left of eight, then nothing; and never two within the days."""
    village.server.clock.move(days=20)
    rule = await village.rule(cap=8, cooldownDays=2, startsOn="2026-06-30")
    village.server.clock.move(days=11)
    assert (await village.earn(rule, "2026-07-21"))["errors"] == []
    assert codes(await village.earn(rule, "2026-07-22")) == ["COOLING_DOWN"]
    assert (await village.earn(rule, "2026-07-24"))["errors"] == []
    assert (await village.account())["balance"] == 8
    assert codes(await village.earn(rule, "2026-07-27")) == ["CAP_REACHED"]
    [chance] = (await village.resident().ask("{ whatWouldEarn { amount capLeft } }")).data["whatWouldEarn"]
    assert chance == {"amount": 5, "capLeft": 0}


async def test_same_act_is_claimed_once(village: Any) -> None:
    rule = await village.rule()
    assert codes(await claim(village, rule)) == []
    assert codes(await claim(village, rule)) == ["DUPLICATE"]


async def test_nobody_decides_on_their_own(village: Any) -> None:
    rule = await village.rule()
    made = (await claim(village, rule))["claim"]
    asked = {"claim": made["id"], "approve": True, "expectedVersion": made["version"]}
    me = village.server.as_("grid_worker", grid="610921100", person=str(village.people[0]))
    assert codes(await me.do("decidePointsClaim", "claim { id }", **asked)) == ["CONFLICT_OF_INTEREST"]
    filed = await village.worker.do(
        "claimPoints", "claim { id version }", rule=rule, actedOn="2026-06-30", text="代报",
        person=f"Person:{village.people[1]}",
    )  # fmt: skip
    again = {"claim": filed["claim"]["id"], "approve": True, "expectedVersion": 1}
    assert codes(await village.worker.do("decidePointsClaim", "claim { id }", **again)) == ["CONFLICT_OF_INTEREST"]
    assert codes(await village.leader.do("decidePointsClaim", "claim { id }", **again)) == []


async def test_peers_decide_together(village: Any) -> None:
    rule = await village.rule(approver="PEERS", peers=2)
    made = (await claim(village, rule))["claim"]
    peers = [village.server.as_("points_reviewer", grid="610921100", person=str(village.people[at])) for at in (1, 2)]
    asked = {"claim": made["id"], "approve": True}
    first = await peers[0].do("voteOnPointsClaim", "claim { state agreed }", **asked)
    assert first["claim"] == {"state": "CLAIMED", "agreed": 1}
    assert codes(await peers[0].do("voteOnPointsClaim", "claim { id }", **asked)) == ["DUPLICATE"]
    early = await village.worker.do("decidePointsClaim", "claim { id }", **asked, expectedVersion=made["version"])
    assert codes(early) == ["FOR_PEERS"]
    second = await peers[1].do("voteOnPointsClaim", "claim { state agreed }", **asked)
    assert second["claim"] == {"state": "APPROVED", "agreed": 2}
    assert (await village.account())["balance"] == 5


async def test_objection_is_decided_by_another(village: Any) -> None:
    rule = await village.rule()
    made = (await claim(village, rule))["claim"]
    asked = {"claim": made["id"], "approve": False, "expectedVersion": made["version"]}
    assert codes(await village.worker.do("decidePointsClaim", "claim { id }", **asked)) == ["BAD_USER_INPUT"]
    await village.worker.do("decidePointsClaim", "claim { id }", **asked, note="照片不清")
    stranger = await village.resident(1).do("objectToPoints", "objection { id }", claim=made["id"], reason="不服")
    assert codes(stranger) == ["NOT_FOUND"]
    raised = await village.resident().do(
        "objectToPoints", "objection { id decideBy }", claim=made["id"], reason="确已打扫"
    )
    assert raised["objection"]["decideBy"] == "2026-07-15"
    decided = {"objection": raised["objection"]["id"], "uphold": True, "answer": "现场核实属实"}
    done = await village.leader.do("decidePointsObjection", "objection { state claim { state } }", **decided)
    assert done["objection"] == {"state": "UPHELD", "claim": {"state": "APPROVED"}}
    assert (await village.account())["balance"] == 5
    inbox = await village.resident().ask("{ me { notices { nodes { kind } } } }")
    kinds = [one["kind"] for one in inbox.data["me"]["notices"]["nodes"]]
    assert sorted(kinds) == ["points.claim_decided", "points.objection_decided"]


async def test_objection_has_a_term(village: Any) -> None:
    rule = await village.rule()
    await village.earn(rule, "2026-06-30")
    [entry] = (await village.account(asks="entries { nodes { id } }"))["entries"]["nodes"]
    village.server.clock.move(days=16)
    late = await village.resident().do("objectToPoints", "objection { id }", entry=entry["id"], reason="有误")
    assert codes(late) == ["TERM_OVER"]


@pytest.mark.asyncio(loop_scope="function")  # the town has one programme to earn by
async def test_wrong_booking_is_reversed_not_changed(village: Any) -> None:
    rule = await village.rule(cap=5)
    await village.earn(rule, "2026-06-30")
    entries = "entries(orderBy: POSTED_AT_ASC) { nodes { id amount kind reversed } }"
    [entry] = (await village.account(asks=entries))["entries"]["nodes"]
    refused = await village.worker.ask(
        "mutation($input: ReversePointsInput!) { reversePoints(input: $input) { errors { code } } }",
        input={"idempotencyKey": "a", "entry": entry["id"], "reason": "重复"},
    )
    assert refused.codes == ["FORBIDDEN"]
    elsewhere = village.server.as_("points_manager", grid="610921102")
    theirs, nowhere = [
        await elsewhere.do("reversePoints", "entry { id }", entry=one, reason="x")
        for one in (entry["id"], "PointsEntry:00000000-0000-7000-8000-000000000000")
    ]
    assert theirs == nowhere and codes(theirs) == ["NOT_FOUND"], "what is not yours is not there"
    done = await village.manager.do("reversePoints", "entry { amount kind }", entry=entry["id"], reason="重复登记")
    assert done["entry"] == {"amount": -5, "kind": "REVERSED"}
    again = await village.manager.do("reversePoints", "entry { id }", entry=entry["id"], reason="重复登记")
    assert codes(again) == ["ALREADY_REVERSED"]
    seen = await village.account(asks=f"balance {entries}")
    assert seen["balance"] == 0 and [one["reversed"] for one in seen["entries"]["nodes"]] == [True, False]
    [chance] = (await village.resident().ask("{ whatWouldEarn { capLeft } }")).data["whatWouldEarn"]
    assert chance["capLeft"] == 5, "what was reversed does not count towards the cap"


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_office_hears_of_what_is_overdue(village: Any, run_jobs: Any) -> None:
    rule = await village.rule(decideDays=3)
    await claim(village, rule)
    asked = '{ me { notices(filter: { kind: { equals: "points.claims_overdue" } }) { nodes { body } } } }'
    village.server.clock.move(days=3)
    await run_jobs()
    assert (await village.worker.ask(asked)).data["me"]["notices"]["nodes"] == []
    village.server.clock.move(days=1)
    assert (await run_jobs()).failed == []
    [notice] = (await village.worker.ask(asked)).data["me"]["notices"]["nodes"]
    assert notice["body"] == "Claims that were to be decided by yesterday: 1."
