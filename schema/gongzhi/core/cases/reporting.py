"""Reporting a matter: from what somebody says to a numbered case in a grid."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET

from gongzhi.core.attachments.models import AttachmentKind, AttachmentRow
from gongzhi.core.attachments.uploads import MOST, attach_uploads
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import PointInput
from gongzhi.core.people.liaisons import is_helper_of
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.bounds import read_input
from gongzhi.declare.entity import key_of, ref
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import (
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.context import Info
from gongzhi.runtime.screening import TextWarning
from gongzhi.values import codes
from gongzhi.values.errors import Refusal, Refusals

from . import machine
from .channels import require_channel, require_origin
from .models import CaseKind, CaseRow, CategoryRow, ChannelRow, Origin, Urgency
from .opening import ADDRESS, BODY, TITLE, enter_cases, locate_places, new_case, outside_all_grids, require_county
from .steps import find_by_code
from .types import Case


@strawberry.input(description="A matter to be reported (上报诉求).")
class ReportCaseInput:
    idempotency_key: str = input_field(KEY)
    kind: CaseKind = input_field("What is asked (类型).")
    channel: str = input_field("How it arrives, as a channel's code (渠道代码).")
    category: str = input_field("What it is about, as a category's code (分类代码).")
    title: str | None = free_text(
        "In a few words; may be left out with a recording among the files (标题).",
        length=(1, TITLE),
        default=UNSET,
    )
    description: str | None = free_text(
        "The matter; may be left out with a recording, too (描述).", length=(1, BODY), default=UNSET
    )
    place: PointInput | None = input_field("Where; the grid is found from it (位置).", default=UNSET)
    grid: str | None = input_field("In which grid, if there is no place (网格编码).", default=UNSET)
    address: str | None = input_field("Where, in words (地址).", length=(0, ADDRESS), default=UNSET)
    urgency: Urgency = input_field("How soon somebody must look (紧急程度).", default=Urgency.ROUTINE)
    origin: Origin = input_field("Whether somebody asked (来源方式).", default=Origin.REACTIVE)
    requester: ID | None = input_field("Who asks, if it is filed on their behalf (诉求人).", default=UNSET)
    anonymous: bool = input_field("Keep the requester unnamed (匿名).", default=False)
    against: str | None = input_field(
        "The unit a tip-off or complaint is against, by its code (被反映单位).", default=UNSET
    )
    follows: str | None = input_field("The closed case this one continues (前一诉求编号).", default=UNSET)
    attachments: list[ID] = input_field(
        "What the uploads of its files answered (附件标识).", items=MOST, default_factory=list
    )


async def receipt_code(payload: strawberry.Parent[Any], info: Info) -> str | None:
    """Return the receipt code, which is made from the number each time and stored nowhere."""
    if payload.case is None:
        return None
    # Made again for each answer, so a request that is repeated gets the code although nothing of it is stored.
    number = await info.context.value(CaseRow, "number", payload.case.key)
    return codes.receipt_code(info.context.receipts, number)


@strawberry.type(description="The case that was reported, with its receipt (上报结果).")
class ReportCasePayload:
    case: Case | None = result_field("The case (诉求).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()

    receipt_code: str | None = strawberry.field(
        resolver=receipt_code,
        description="With the number it opens the case to whoever has no account; keep it (回执码).",
    )


@command("Report a matter; no account is needed (上报诉求).", requires=None)
async def report_case(call: Call, input: ReportCaseInput) -> ReportCasePayload:
    case = await file_report(call, input)
    return ReportCasePayload(case=ref(Case, case.id, shown=True))


async def file_report(
    call: Call,
    input: ReportCaseInput,
    *,
    vouched: bool = False,
    requester_id: UUID | None = None,
    external: bool = False,
    unasked: bool = False,
) -> CaseRow:
    """Open the case that somebody reports, numbered, with its clocks running. Raises Refusals at fields of the input.

    What is said of it is what `draft_report` takes.
    """
    case = await draft_report(
        call, input, vouched=vouched, requester_id=requester_id, external=external, unasked=unasked
    )
    await enter_cases(call, [case])
    # Files refer to their case, so it has to be there.
    added = await attach_uploads(call, case, input.attachments) if input.attachments else []
    await require_explanation(case, added)
    return case


async def draft_report(
    call: Call,
    input: ReportCaseInput,
    *,
    vouched: bool = False,
    requester_id: UUID | None = None,
    external: bool = False,
    unasked: bool = False,
) -> CaseRow:
    """Return the case that somebody reports, for `enter_cases`; nothing is written. Raises Refusals.

    A command with rules of its own says `vouched` for the channel and origin that it has chosen, and who asks, if it
    has looked them up itself; otherwise it is looked at whether the caller may say so. `external`: another
    system files it, for people of its own. `unasked`: it has no requester, and whoever found it is who filed it.
    """
    # Once more for inputs that a command has made of its own.
    input = read_input(input)
    require_texts(input)
    category = await find_by_code(CategoryRow, input.category, "category", valid_to=None)
    channel = await find_by_code(ChannelRow, input.channel, "channel")
    # A stranger must not file as a sensor: figures are split by how a matter came and whether anybody asked.
    if not vouched:
        require_channel(call, channel)
        require_origin(call, input.origin)
    requester = None
    if not unasked:
        requester = await PersonRow.get(id=requester_id) if requester_id else await requester_of(call, input)
    own = call.viewer.account.person
    return new_case(
        call,
        await grid_of(call, input, requester),
        input.place or None,
        kind=input.kind,
        channel=channel,
        category=category,
        urgency=input.urgency,
        origin=input.origin,
        # Anonymous, neither the requester nor the account is kept.
        requester_id=None if input.anonymous else requester and requester.id,
        filed_by_id=own if unasked or requester and own != requester.id else None,
        anonymous=input.anonymous,
        account=None if input.anonymous else call.viewer.account.name,
        external=external,
        accused_unit=await find_accused(input.kind, input.against) if input.against else None,
        previous=await load_followed_case(call, input.follows) if input.follows else None,
        title=input.title or "",
        description=input.description or "",
        address=input.address or None,
    )


async def find_accused(kind: CaseKind, code: str) -> UnitRow:
    """Return the unit that a tip-off or a complaint is against. Raises Refusal for other kinds of cases."""
    accused: UnitRow = await find_by_code(UnitRow, code, "against")
    if kind not in (CaseKind.TIP_OFF, CaseKind.COMPLAINT):
        raise invalid_input(
            "Only a tip-off or a complaint is against a unit.", "只有举报和投诉可以指定被反映单位。", "against"
        )
    return accused


async def require_explanation(case: CaseRow, added: list[UUID]) -> None:
    """Refuse a report whose title or description is left out, unless a recording is attached, which says it."""
    told = case.title and case.description
    if not told and not await AttachmentRow.exists(id__in=added, kind=AttachmentKind.VOICE):
        raise unexplained_report("description" if case.title else "title")


def require_texts(input: ReportCaseInput) -> None:
    """Refuse a report without a title or description, unless there are files, one of which may say it."""
    missing = [unexplained_report(name) for name in ("title", "description") if not getattr(input, name)]
    if missing and not input.attachments:
        raise Refusals(missing)


def unexplained_report(field: str) -> Refusal:
    """Return the refusal for a report that neither a text nor a recording explains."""
    return invalid_input("Write what it is about, or attach a recording.", "请填写文字说明，或附上录音。", field)


async def load_followed_case(call: Call, number: str) -> CaseRow:
    """Return the case that this one continues; while it is open, it is taken up again instead."""
    found: CaseRow = await call.find(Case, "follows", number=number)
    if found.status in machine.OPEN:
        raise invalid_input(
            "The earlier case is still open: add to it instead.", "前一诉求尚未结案，请直接补充。", "follows"
        )
    return found


async def requester_of(call: Call, input: ReportCaseInput) -> PersonRow | None:
    """Return who asks: the person named, whom the caller sees or is the named helper of, or else the caller."""
    if not input.requester:
        person: UUID | None = call.viewer.account.person
        return await PersonRow.get_or_none(id=person) if person else None
    key = key_of(Person)(input.requester)
    # A named helper reports for a household without seeing its people's files.
    found: PersonRow = await call.find(Person, "requester", id=key, shown=await is_helper_of(call, key))
    return found


async def grid_of(call: Call, input: ReportCaseInput, requester: PersonRow | None) -> GridRow:
    """Return the grid the matter lies in: of its place, as named, or the requester's."""
    # A place goes before a grid that is named, and both before where the requester lives.
    if input.place:
        [key] = await locate_places(call, [input.place])
        if key is None:
            raise outside_all_grids()
        return require_county(await GridRow.get(id=key), "place")
    if input.grid:
        return require_county(await find_grid(input.grid, "grid"), "grid")
    if requester is None:
        raise not_found("Say where it is: a place or a grid.", "请提供位置或网格编码。", "place")
    return require_county(await GridRow.get(id=requester.grid_id), "place")
