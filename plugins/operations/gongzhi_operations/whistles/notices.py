"""Whistle notices: kinds and times, never the matter."""

from __future__ import annotations

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text
from gongzhi_deadlines.calendars.durations import describe_term, parse_term

from .models import WhistleKind, WhistleRow

DISPATCHERS = "cases.dispatch"
SAID: dict[str, tuple[Text, Text]] = {
    "whistle.called": (
        Text("Your unit is called", "吹哨：请报到"),
        Text("Check in within {within}.", "请在 {within} 内报到。"),
    ),
    "whistle.requested": (
        Text("A whistle call to approve", "吹哨待审批"),
        Text("A village asks to call units together.", "有一项吹哨申请待审批。"),
    ),
    "whistle.decided": (
        Text("Your whistle call was decided", "吹哨审批结果"),
        Text("It was approved or refused; see there.", "您的吹哨申请已审批，请查看。"),
    ),
    "whistle.escalated": (
        Text("A unit did not come", "单位未按时报到"),
        Text("A unit that was called did not check in in time.", "被吹哨单位未在时限内报到，已逐级上报。"),
    ),
    "whistle.planned": (
        Text("A joint plan", "联合方案"),
        Text("What your unit is to do, and by when, was agreed on.", "联合方案已更新，请查看贵单位的任务。"),
    ),
    "whistle.task_done": (
        Text("A task of a joint plan is done", "联合任务已完成"),
        Text("A unit did its task; see there.", "有单位已完成联合方案中的任务，请查看。"),
    ),
    "whistle.closed": (
        Text("A whistle call is over", "吹哨已办结"),
        Text("Please assess how it went.", "请进行双向评价。"),
    ),
}


async def notify_called(
    call: Call,
    whistle: WhistleRow,
    kind: str,
    units: list[int] | None = None,
    accounts: list[str | None] | None = None,
    offices: list[int | None] | None = None,
) -> None:
    """Notify units, accounts, or the dispatchers of grids."""
    title, body = SAID[kind]
    wall = whistle.kind == WhistleKind.EMERGENCY
    within = describe_term(parse_term(whistle.check_in_within, "checkInWithin", wall=wall))
    text = Text(body.en.format(within=within.en), body.zh.format(within=within.zh))
    await send_notice(
        call,
        NoticeDraft(kind, title, text, f"Whistle:{whistle.id}"),
        units=units or (),
        accounts=[one for one in accounts or () if one],
        offices=[Office(DISPATCHERS, one) for one in offices or () if one],
    )
