"""Urgency notices: whoever has a case that has become urgent is told of it at once."""

from __future__ import annotations

from gongzhi.core.cases.models import CaseRow, SettlementLevel, Status, Urgency
from gongzhi.core.cases.step_notices import Message, announce_to_staff
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

URGENCY_RAISED = "case.urgency_raised"
NOW_URGENT = Message(
    Text("A case became urgent", "诉求转为紧急"),
    Text("Case {number} is urgent now. Please see to it soon.", "诉求 {number} 已调整为紧急，请尽快处理。"),
)
NOW_EMERGENCY = Message(
    Text("A case became an emergency", "诉求转为特急"),
    Text("Case {number} is an emergency now. Please see to it at once.", "诉求 {number} 已调整为特急，请立即处置。"),
)


async def announce_urgency(call: Call, case: CaseRow) -> None:
    """Tell of a case that has become urgent: the unit that has it, or else whoever has to act on it."""
    emergency = case.urgency == Urgency.EMERGENCY
    message = NOW_EMERGENCY if emergency else NOW_URGENT
    if case.lead_unit_id:
        body = message.body
        numbered = Text(body.en.format(number=case.number), body.zh.format(number=case.number))
        notice = NoticeDraft(URGENCY_RAISED, message.title, numbered, f"Case:{case.id}", wakes=emergency)
        await send_notice(call, notice, units=[case.lead_unit_id])
    if emergency or not case.lead_unit_id:
        # With a unit, or waiting for one, it is the town's to act on, else the grid's.
        waiting = case.lead_unit_id or case.status in (Status.ACCEPTED, Status.RETURNED)
        level = SettlementLevel.TOWN if waiting else SettlementLevel.GRID
        announce_to_staff(call, case, message, level, URGENCY_RAISED)
