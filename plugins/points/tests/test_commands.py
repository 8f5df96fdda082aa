"""Every command of points: who may not give it, what it makes of bad input, and what it names."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from gongzhi.testing.additions import read_mutations

from .scenes import GOOD, NOBODY, OTHER, RULE, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
OUTSIDERS = ("stranger", "points_manager 610921102", "grid_worker 610921102", "merchant")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, another town's office and worker, and another shop are refused as if nothing were there."""
    before = await scene.count()
    for caller in OUTSIDERS:
        found = await scene.give(caller, command, GOOD[command][1])
        assert [code for code, _ in found] and {code for code, _ in found} <= {
            "FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED",
        }, (caller, found)  # fmt: skip
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, RULED, STALE = "BAD_USER_INPUT", "NOT_FOUND", "FORBIDDEN_RULE", "STALE_VERSION"
NOWHERE = {"grid": "610921999"}
PHOTO = b64encode(b"\xff\xd8\xff\xda\x00\x02xyz\xff\xd9").decode()
Wrong = tuple[dict[str, Any], str, str]
BAD: dict[str, tuple[Wrong, ...]] = {
    "addPointsEntitlement": (
        ({"title": ""}, INPUT, "title"),
        ({"text": "长" * 1_001}, INPUT, "text"),
        ({"text": "优先办理低保"}, RULED, "text"),
        ({"text": "无信访者优先"}, RULED, "text"),
        ({"least": 0}, INPUT, "least"),
        ({"least": 1_000_001}, INPUT, "least"),
        ({"months": 0}, INPUT, "months"),
        ({"months": 61}, INPUT, "months"),
        ({"programme": f"PointsProgramme:{NOBODY}"}, MISSING, "programme"),
    ),
    "addPointsHonour": (
        ({"code": "X"}, INPUT, "code"),
        ({"code": "given"}, "DUPLICATE", "code"),
        ({"title": " "}, INPUT, "title"),
        ({"criteria": "全年不投诉"}, RULED, "criteria"),
        ({"kind": "MERCHANT"}, INPUT, "kind"),
        ({"kind": "ISSUER"}, INPUT, "kind"),
        ({"least": -1}, INPUT, "least"),
        ({"months": 61}, INPUT, "months"),
    ),
    "addPointsMerchant": (
        ({"unit": "nowhere"}, MISSING, "unit"),
        ({"unit": ":unit"}, "DUPLICATE", "unit"),
        ({"name": ""}, INPUT, "name"),
        ({"address": "长" * 201}, INPUT, "address"),
        ({"programme": "x"}, MISSING, "programme"),
    ),
    "addPointsProgramme": (
        ({"code": "Q"}, INPUT, "code"),
        ({"code": "qingquan"}, "DUPLICATE", "code"),
        ({"name": ""}, INPUT, "name"),
        (NOWHERE, MISSING, "grid"),
        ({"grid": OTHER}, "FORBIDDEN", "grid"),
        ({"lastsMonths": 0}, INPUT, "lastsMonths"),
        ({"lastsMonths": 121}, INPUT, "lastsMonths"),
        ({"warnDays": 0}, INPUT, "warnDays"),
        ({"warnDays": 181}, INPUT, "warnDays"),
        ({"codeMinutes": 0}, INPUT, "codeMinutes"),
        ({"codeMinutes": 10_081}, INPUT, "codeMinutes"),
        ({"settleDays": 61}, INPUT, "settleDays"),
    ),
    "addPointsReward": (
        ({"title": ""}, INPUT, "title"),
        ({"title": "医保缴费"}, RULED, "title"),
        ({"description": "凭积分入学"}, RULED, "title"),
        ({"price": 0}, INPUT, "price"),
        ({"price": -3}, INPUT, "price"),
        ({"price": 1_000_001}, INPUT, "price"),
        ({"stock": -1}, INPUT, "stock"),
        (NOWHERE, MISSING, "grid"),
        ({"grid": OTHER}, INPUT, "grid"),
        ({"merchant": f"PointsMerchant:{NOBODY}"}, MISSING, "merchant"),
    ),
    "adoptPointsRule": (
        ({"rule": ":proposed"}, "NOT_ADOPTED", "rule"),
        ({"rule": ":rule"}, "ILLEGAL_TRANSITION", "rule"),
        ({"rule": f"PointsRule:{NOBODY}"}, MISSING, "rule"),
    ),
    "awardPointsHonour": (
        ({"honour": ":given"}, "DUPLICATE", "account"),
        ({"account": ":group"}, INPUT, "account"),
        ({"account": f"PointsAccount:{NOBODY}"}, MISSING, "account"),
        ({"honour": f"PointsHonour:{NOBODY}"}, MISSING, "honour"),
    ),
    "cancelRedemption": (({"redemption": f"PointsRedemption:{NOBODY}"}, MISSING, "redemption"),),
    "claimPoints": (
        ({"actedOn": "2026-07-01"}, INPUT, "actedOn"),
        ({"actedOn": "2026-05-31"}, "RULE_NOT_IN_FORCE", "actedOn"),
        ({"text": None}, "EVIDENCE_REQUIRED", "text"),
        ({"text": " "}, INPUT, "text"),
        ({"text": "长" * 2_001}, INPUT, "text"),
        ({"photos": [PHOTO] * 4}, INPUT, "photos"),
        ({"photos": [PHOTO, "不是"]}, INPUT, "photos.1"),
        ({"rule": ":proposed"}, "RULE_NOT_IN_FORCE", "actedOn"),
        ({"rule": f"PointsRule:{NOBODY}"}, MISSING, "rule"),
        ({"person": ":person2"}, MISSING, "person"),
    ),
    "decidePointsClaim": (
        ({"approve": False}, INPUT, "note"),
        ({"approve": False, "note": " "}, INPUT, "note"),
        ({"note": "长" * 501}, INPUT, "note"),
        ({"expectedVersion": 7}, STALE, "expectedVersion"),
        ({"claim": ":peers"}, "FOR_PEERS", "claim"),
        ({"claim": ":refused", "expectedVersion": 2}, "ILLEGAL_TRANSITION", "claim"),
        ({"claim": f"PointsClaim:{NOBODY}"}, MISSING, "claim"),
    ),
    "decidePointsObjection": (
        ({"answer": " ", "uphold": False}, INPUT, "answer"),
        ({"answer": "长" * 2_001, "uphold": False}, INPUT, "answer"),
        ({"answer": " "}, INPUT, "answer"),
        ({"objection": f"PointsObjection:{NOBODY}"}, MISSING, "objection"),
    ),
    "endPointsAct": (
        ({"on": "2026-06-30"}, INPUT, "on"),
        ({"act": "PointsAct:0"}, MISSING, "act"),
        ({"act": ":standard"}, "STANDARD_ACT", "act"),
    ),
    "endPointsMerchant": (
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        ({"merchant": f"PointsMerchant:{NOBODY}"}, MISSING, "merchant"),
    ),
    "endPointsRule": (
        ({"on": "2026-06-30"}, INPUT, "on"),
        ({"rule": ":proposed"}, "ILLEGAL_TRANSITION", "rule"),
        ({"rule": f"PointsRule:{NOBODY}"}, MISSING, "rule"),
    ),
    "objectToPoints": (
        ({"reason": ""}, INPUT, "reason"),
        ({"claim": ":refused"}, INPUT, "claim"),
        ({"entry": None}, INPUT, "claim"),
        ({"entry": f"PointsEntry:{NOBODY}"}, MISSING, "entry"),
        ({"entry": None, "claim": ":refused"}, MISSING, "claim"),
    ),
    "openPointsGroup": (
        ({"name": ""}, INPUT, "name"),
        ({"leader": f"Person:{NOBODY}"}, MISSING, "leader"),
        ({"leader": ":elsewhere"}, MISSING, "leader"),
        ({"programme": f"PointsProgramme:{NOBODY}"}, MISSING, "programme"),
    ),
    "proposePointsRule": (
        ({"code": "太短"}, INPUT, "code"),
        ({"title": ""}, INPUT, "title"),
        ({"text": "乱倒垃圾每次扣分"}, RULED, "text"),
        ({"amount": 10_001}, INPUT, "amount"),
        ({"amount": 0}, "DEDUCTION", "amount"),
        ({"cap": 0}, INPUT, "cap"),
        ({"cooldownDays": -1}, INPUT, "cooldownDays"),
        ({"peers": 0}, INPUT, "peers"),
        ({"peers": 51}, INPUT, "peers"),
        ({"decideDays": 0}, INPUT, "decideDays"),
        ({"objectionDays": 6}, INPUT, "objectionDays"),
        ({"act": None}, INPUT, "act"),
        ({"act": None, "event": "case.closed", "beneficiary": "GROUP"}, INPUT, "beneficiary"),
        ({"act": None, "event": "no.such"}, "NOT_FEEDABLE", "event"),
        ({"beneficiary": "ISSUER"}, INPUT, "beneficiary"),
    ),
    "publishPointsAct": (
        ({"code": "River"}, INPUT, "code"),
        ({"county": "610921100"}, INPUT, "county"),
        ({"county": "999999"}, MISSING, "county"),
        ({"expectedVersion": 1}, STALE, "expectedVersion"),
        ({"least": 21}, INPUT, "most"),
        ({"name": ""}, INPUT, "name"),
    ),
    "publishPointsAward": (({"award": f"PointsAward:{NOBODY}"}, MISSING, "award"),),
    "redeem": (
        ({"reward": f"PointsReward:{NOBODY}"}, MISSING, "reward"),
        ({"reward": "x"}, MISSING, "reward"),
        ({"account": f"PointsAccount:{NOBODY}"}, MISSING, "account"),
        ({"account": ":group"}, MISSING, "account"),
    ),
    "reversePoints": (
        ({"reason": " "}, INPUT, "reason"),
        ({"reason": "长" * 101}, INPUT, "reason"),
        ({"entry": f"PointsEntry:{NOBODY}"}, MISSING, "entry"),
    ),
    "settleRedemptions": (
        ({"codes": []}, INPUT, "codes"),
        ({"codes": [{"code": "x"}] * 101}, INPUT, "codes"),
        ({"codes": [{"code": ":code"}, {"code": ":code", "takenAt": "2026-06-30T10:00:00"}]}, INPUT, "codes.1.takenAt"),
        ({"merchant": f"PointsMerchant:{NOBODY}"}, MISSING, "merchant"),
    ),
    "stockPointsReward": (
        ({"stock": -1}, INPUT, "stock"),
        ({"stock": 1_000_001}, INPUT, "stock"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        ({"reward": f"PointsReward:{NOBODY}"}, MISSING, "reward"),
    ),
    "voteOnPointsClaim": (
        ({"claim": ":claim"}, "NOT_FOR_PEERS", "claim"),
        ({"claim": ":refused"}, "ILLEGAL_TRANSITION", "claim"),
        ({"claim": f"PointsClaim:{NOBODY}"}, MISSING, "claim"),
    ),
    "withdrawPointsClaim": (
        ({"claim": f"PointsClaim:{NOBODY}"}, MISSING, "claim"),
        ({"claim": ":refused"}, MISSING, "claim"),
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    village, ids = scene.village, scene.ids
    [(standard,)] = await village.fetch("select id from points.act where code='volunteering'")
    [(elsewhere,)] = await village.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 limit 1", OTHER
    )
    ids |= {"standard": f"PointsAct:{standard}", "elsewhere": f"Person:{elsewhere}", "unit": village.unit}
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


async def test_rules_say_all_that_is_wrong_at_once(scene: Scene) -> None:
    """A form is not sent back field by field."""
    wrong = {"code": "X", "title": "", "amount": 0, "peers": 0, "objectionDays": 1}
    found = await scene.give("manager", "proposePointsRule", {"programme": ":programme", **RULE, **wrong})
    assert {path[0] for _, path in found} == wrong.keys()
