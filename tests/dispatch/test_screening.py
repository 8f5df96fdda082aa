"""Free text is screened: it warns of what must not be stored, and refuses nothing."""

from __future__ import annotations

import pytest
from gongzhi.screening import Concern, screen
from gongzhi_server.testing import Server

from .desks import MATTER, Desks


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
    assert screen(text) == concerns


@pytest.mark.asyncio(loop_scope="session")
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
