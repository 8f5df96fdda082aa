"""Free text is screened: it warns of what must not be stored, and refuses nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from gongzhi.runtime.screening import Concern, screen_input, screen_text
from gongzhi_operations.patrols.commands import FindingInput, RecordPatrolInput
from gongzhi_server.testing import TODAY, Server

from .actors import COUNTY, MATTER, POWER, Desks


@pytest.mark.parametrize(
    ("text", "concerns"),
    [
        ("他有精神病，常上访", [Concern.HEALTH, Concern.HISTORY]),
        ("身份证11010519491231002X", [Concern.RESIDENT_ID]),
        ("身份证 110105 19491231 002x 的老人", [Concern.RESIDENT_ID]),
        ("电话13800138000找他", [Concern.PHONE]),
        ("卡号 6222 0212 3456 7890 129", []),
        ("卡号4111 1111 1111 1111", [Concern.BANK_CARD]),
        ("表号110105194912310021，电费128.50元", []),
        ("工单61092120260630000001，2026年6月30日14时", []),
        ("屋后电线杆被树压斜", []),
        ("", []),
    ],
)
def test_screened_texts(text: str, concerns: list[Concern]) -> None:
    assert screen_text(text) == concerns


@pytest.mark.asyncio(loop_scope="module")
async def test_warnings_at_intake(desks: Desks) -> None:
    asked = "case { number } warnings { field concern message }"
    said = {**MATTER, "title": "邻居信教扰民", "description": "请打13800138000"}
    payload = await desks.server.do("reportCase", asked, **said)
    assert payload["case"]["number"] and payload["errors"] == []
    assert [(one["field"], one["concern"]) for one in payload["warnings"]] == [
        ("title", "RELIGION"), ("description", "PHONE"),
    ]  # fmt: skip
    assert "13800138000" not in str(payload["warnings"])
    chinese = Server(desks.server.client, desks.server.clock, {"accept-language": "zh-CN"})
    payload = await chinese.do("reportCase", asked, **said)
    assert "手机号" in payload["warnings"][1]["message"]
    assert (await desks.server.do("reportCase", asked, **MATTER))["warnings"] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_warnings_of_staff(desks: Desks) -> None:
    """Replies, notes and reasons are screened as reports are, and sent again they warn again."""
    number = (await desks.accepted())["number"]
    asked = "case { version } warnings { field concern }"
    given = {"number": number, "expectedVersion": 2, "leadUnit": POWER, "note": "当事人常上访", "idempotencyKey": "n"}
    for _ in range(2):
        payload = await desks.town.do("dispatchCase", asked, **given)
        assert payload["warnings"] == [{"field": "note", "concern": "HISTORY"}]
    handler = desks.unit(POWER)
    begun = await handler.do("handleCase", asked, number=number, expectedVersion=3)
    assert begun["case"]["version"] == 4 and begun["warnings"] == []
    until = (desks.server.clock() + timedelta(days=20)).isoformat()
    wanted = {"number": number, "expectedVersion": 4, "until": until, "reason": "户主有精神病"}
    held = await handler.do("requestSuspension", "approval { id } warnings { field concern }", **wanted)
    assert held["warnings"] == [{"field": "reason", "concern": "HEALTH"}]
    late = await handler.do("replyToCase", asked, number=number, expectedVersion=9, text="电话13800138000")
    assert late["errors"] and late["warnings"] == []  # nothing was written
    replied = await handler.do("replyToCase", asked, number=number, expectedVersion=4, text="电话13800138000")
    assert replied["errors"] == [] and replied["warnings"] == [{"field": "text", "concern": "PHONE"}]


def test_nested_texts() -> None:
    """A text is found wherever it stands in an input, and only texts are."""
    case = FindingInput(category="safety", title="灭火器失效", description="住户信教")
    patrol = RecordPatrolInput(idempotency_key="13800138000", grid=COUNTY, at=TODAY, found="见诉求", case=case)
    assert [(one.field, one.concern) for one in screen_input(patrol, "en")] == [("case.description", Concern.RELIGION)]
