"""Dispatch notices: what units, offices and those who asked for something are told. Texts hold numbers only."""

from __future__ import annotations

from collections.abc import Iterable

from gongzhi.core.cases.models import CaseRow, Urgency
from gongzhi.core.cases.rules import SEALED
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Series
from gongzhi.values.errors import Text

DISPATCHERS = "cases.dispatch"
ALARMS = frozenset({"case.assigned", "case.reopened", "case.referred"})
"""What people on duty are woken for in an emergency."""

SAID: dict[str, tuple[Text, Text]] = {
    "case.assigned": (
        Text("A case for your unit", "新工单"),
        Text("Case {number} was given to your unit.", "诉求 {number} 已派至贵单位，请及时签收。"),
    ),
    "case.order_withdrawn": (
        Text("A work order was taken back", "工单已收回"),
        Text("Your unit need not help with case {number} any more.", "诉求 {number} 不再需要贵单位协办。"),
    ),
    "case.reopened": (
        Text("A case is to be taken up again", "诉求重办"),
        Text("Case {number} is not solved, its requester says.", "诉求人反映诉求 {number} 未解决，请继续办理。"),
    ),
    "case.objected": (
        Text("An objection to your dispatch", "派单异议"),
        Text("The unit says that case {number} is not its own.", "承办单位对诉求 {number} 的派单提出异议。"),
    ),
    "case.objection_ruled": (
        Text("A ruling on your objection", "异议裁定"),
        Text("The objection about case {number} was ruled on.", "诉求 {number} 的派单异议已裁定。"),
    ),
    "case.referred": (
        Text("A case for the county to assign", "须县级指定承办"),
        Text("Case {number} was returned too often: name the unit.", "诉求 {number} 多次退单，请指定承办单位。"),
    ),
    "case.approval_requested": (
        Text("Something to decide", "待审批事项"),
        Text("Something was asked about case {number}.", "诉求 {number} 有一项申请待审批。"),
    ),
    "case.approval_decided": (
        Text("Your request was decided", "审批结果"),
        Text("What you asked about case {number} was decided.", "您对诉求 {number} 的申请已审批。"),
    ),
}


async def notify_dispatch(
    call: Call, case: CaseRow, kind: str, *, units: Iterable[int | None] = (), accounts: Iterable[str | None] = (),
    office: int | None = None,
) -> None:  # fmt: skip
    """Notify units, accounts, or the dispatchers of a grid and above it; in office hours, unless the case is urgent."""
    title, body = SAID[kind]
    number = case.number
    text = Text(body.en.format(number=number), body.zh.format(number=number))
    # Routine notices wait for office hours; urgent ones go at once, and an emergency wakes people on duty.
    waits_in = case.county_id if case.urgency == Urgency.ROUTINE else None
    wakes = case.urgency == Urgency.EMERGENCY and kind in ALARMS
    await send_notice(
        call,
        NoticeDraft(kind, title, text, f"Case:{case.id}", office_hours_of=waits_in, wakes=wakes),
        accounts=[one for one in accounts if one],
        units=[one for one in units if one],
        offices=[] if office is None else offices_for(case, office),
    )


def offices_for(case: CaseRow, *grids: int | None) -> list[Office]:
    """Return the offices of these grids; of a tip-off those in the county who may see it, save the accused unit."""
    # By the county and not by grids: those who dispatch where it lies may be the very people it is against.
    if case.series != Series.ORDINARY:
        return [Office(SEALED, case.county_id, case.accused_unit_id)] if case.county_id else []
    return [Office(DISPATCHERS, grid) for grid in dict.fromkeys(grids) if grid]
