"""Source case: the case that a mediation comes from waits for it, says so on its timeline, and takes its level."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, SettlementLevel, Status, Urgency
from gongzhi.core.cases.step_notices import Message, announce_to_staff
from gongzhi.core.cases.steps import OFFERED, WAITS, record_event, run_reactions, save_case
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text
from gongzhi.values.labels import label_of

MEDIATION_BEGUN, MEDIATION_OVER = "case.mediation_begun", "case.mediation_over"
BEGUN = Message(
    Text("A case is in mediation", "诉求转入人民调解"),
    Text(
        "Case {number} is in mediation; the time for handling it waits until that ends.",
        "诉求 {number} 已转入人民调解，调解期间办理时限暂停计算。",
    ),
)
RETURNED = Message(
    Text("A case comes back from mediation", "诉求调解未成"),
    Text(
        "The mediation of case {number} ended without an agreement. Go on with the case; its time runs again.",
        "诉求 {number} 的调解已结束，未达成协议，请继续办理，时限恢复计算。",
    ),
)


async def begin_mediation(call: Call, case: UUID, until: datetime, referrer: str | None = None) -> None:
    """Have a case wait for a mediation that ends by a moment, put that on its timeline, and tell who works on it.

    `referrer` is the account that referred it, unless that was a party.
    """
    # Locked, or this would save over a step that somebody takes meanwhile.
    row = await CaseRow.select_for_update().get(id=case)
    await announce_wait(call, row, until)
    await record_event(call, row, MEDIATION_BEGUN)
    await save_case(row)
    await tell_workers(call, row, MEDIATION_BEGUN, BEGUN, referrer)


async def prolong_mediation(call: Call, case: UUID, until: datetime) -> None:
    """Have a case wait until another moment."""
    row = await CaseRow.select_for_update().get(id=case)
    await announce_wait(call, row, until)
    await save_case(row)


async def finish_mediation(
    call: Call, case: UUID, settled: SettlementLevel | None = None, referrer: str | None = None
) -> None:
    """Let the time of a case run again, put on its timeline that the mediation is over, and tell who works on it.

    With the level at which an agreement was reached, the case is offered to be answered as settled there.
    """
    row = await CaseRow.select_for_update().get(id=case)
    await announce_wait(call, row, None)
    await record_event(call, row, MEDIATION_OVER)
    # A case that was answered in the meantime needs no offer.
    offered = settled is not None and row.status in machine.UNDER_WAY
    if settled is not None and offered:
        await record_event(call, row, OFFERED, level=settled)
    await save_case(row)
    message = settlement_offer(settled) if settled is not None else RETURNED
    await tell_workers(call, row, OFFERED if offered else MEDIATION_OVER, message, referrer)


async def announce_wait(call: Call, case: CaseRow, until: datetime | None) -> None:
    """Tell reactions that the case waits until then, or no longer: clocks are held, and work orders follow."""
    await run_reactions(call, WAITS, case, until=until)


def settlement_offer(level: SettlementLevel) -> Message:
    """Return what is told of an agreement: that there is one, and at which level."""
    named = label_of(level)
    return Message(
        Text("A case was settled by mediation", "诉求已调解成功"),
        Text(
            f"The mediation of case {{number}} reached an agreement ({named.en}). Answer the case; if you name no "
            "other level, this one counts.",
            f"诉求 {{number}} 经调解已达成协议（{named.zh}），请及时答复；未另行填写化解层级的，按此层级计。",
        ),
    )


async def tell_workers(call: Call, case: CaseRow, kind: str, message: Message, referrer: str | None) -> None:
    """Tell the lead unit and who referred it; where there is neither, whoever has to act next."""
    # What is answered or over needs nobody to act.
    if case.status not in machine.UNDER_WAY:
        return
    number = {"number": case.number}
    body = Text(message.body.en.format(**number), message.body.zh.format(**number))
    # What is routine waits until offices open.
    waits_in = case.county_id if case.urgency == Urgency.ROUTINE else None
    notice = NoticeDraft(kind, message.title, body, f"Case:{case.id}", office_hours_of=waits_in)
    # Whoever does this need not be told.
    others = [referrer] if referrer and referrer != call.viewer.account.name else []
    await send_notice(call, notice, accounts=others, units=[case.lead_unit_id] if case.lead_unit_id else [])
    if case.lead_unit_id is None and referrer is None:
        # What waits for a dispatch is the town's, what is new the grid's.
        dispatched = case.status in (Status.ACCEPTED, Status.RETURNED)
        level = SettlementLevel.TOWN if dispatched else SettlementLevel.GRID
        announce_to_staff(call, case, message, level, kind)
