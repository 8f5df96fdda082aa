"""Whom the steps of dispatch are told to. Texts hold numbers only; of what is sealed, no office is told."""

from __future__ import annotations

from collections.abc import Iterable

from ..cases.models import CaseRow
from ..codes import Series
from ..commands import Call
from ..errors import Text
from ..notices.sending import Notice, Office, notify

DISPATCHERS = "cases.dispatch"

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
    "case.merged": (
        Text("Your case is handled with another", "诉求已并单"),
        Text(
            "Case {number} is handled together with another about the same matter. You will get the answer.",
            "您的诉求 {number} 已与同类诉求合并办理，答复时会通知您。",
        ),
    ),
    "case.unmerged": (
        Text("Your case stands by itself again", "诉求已单独办理"),
        Text("Case {number} is handled by itself again.", "您的诉求 {number} 已恢复单独办理。"),
    ),
    "case.replied": (
        Text("Your case was answered", "诉求已答复"),
        Text("Case {number} was answered. You may rate the answer.", "您的诉求 {number} 已答复，请评价。"),
    ),
}


async def tell(
    call: Call, case: CaseRow, kind: str, *, units: Iterable[int | None] = (), accounts: Iterable[str | None] = (),
    requester: bool = False, office: int | None = None,
) -> None:  # fmt: skip
    """Tell units, accounts, the requester, or the dispatchers of a grid and above it."""
    title, body = SAID[kind]
    number = case.number
    text = Text(body.en.format(number=number), body.zh.format(number=number))
    shown = office is not None and case.series == Series.ORDINARY
    await notify(
        call,
        Notice(kind, title, text, f"Case:{case.id}"),
        persons=[one for one in (case.requester_id, case.filed_by_id) if requester and one],
        accounts=[one for one in accounts if one],
        units=[one for one in units if one],
        offices=[Office(DISPATCHERS, office)] if shown and office is not None else (),
    )
