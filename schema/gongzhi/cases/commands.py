"""What may happen to a case. Every step is an event; the steps themselves are in `machine.py`."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry
from strawberry import ID, UNSET

from .. import codes
from ..codes import Series
from ..commands import EXPECTED, KEY, Call, Problem, command, forbidden, given, made, problems, stale
from ..context import Info
from ..entity import key_of, ref
from ..errors import Refusal, Refusals
from ..extend import extend
from ..grids.models import GridRow
from ..grids.types import PointInput, placed_point, position
from ..people.models import PersonRow
from ..people.types import Person
from ..roots import Mutation
from ..units.models import UnitRow
from . import machine
from .machine import Step
from .models import (
    Audience,
    CaseKind,
    CaseRow,
    CategoryRow,
    ChannelRow,
    EventRow,
    Origin,
    SettlementLevel,
    Status,
    SupportRow,
    Urgency,
)
from .types import Case

CHINA = ZoneInfo("Asia/Shanghai")
NUMBER = "The case's number (编号)."
NOTE = "What is to be remembered of this step (备注)."
TITLE, BODY = 200, 10_000
SOLVED = 4
"""The least rating that closes a case which the requester calls solved."""


@strawberry.type(description="A case as it is now, or why nothing was done (诉求操作结果).")
class CasePayload:
    case: Case | None = made("The case (诉求).")
    errors: list[Problem] = problems()


@strawberry.input(description="A matter to be reported (上报诉求).")
class ReportCaseInput:
    idempotency_key: str = given(KEY)
    kind: CaseKind = given("What is asked (类型).")
    channel: str = given("How it arrives, as a channel's code (渠道代码).")
    category: str = given("What it is about, as a category's code (分类代码).")
    title: str = given("In a few words (标题).")
    description: str = given("The matter (描述).")
    place: PointInput | None = given("Where; the grid is found from it (位置).", default=UNSET)
    grid: str | None = given("In which grid, if there is no place (网格编码).", default=UNSET)
    address: str | None = given("Where, in words (地址).", default=UNSET)
    urgency: Urgency = given("How soon somebody must look (紧急程度).", default=Urgency.ROUTINE)
    origin: Origin = given("Whether somebody asked (来源方式).", default=Origin.REACTIVE)
    requester: ID | None = given("Who asks, if it is filed on their behalf (诉求人).", default=UNSET)
    anonymous: bool = given("Keep the requester unnamed (匿名).", default=False)
    against: str | None = given("The unit a tip-off is against, by its code (被举报单位).", default=UNSET)
    previous: str | None = given("The closed case this one continues (前一诉求编号).", default=UNSET)


async def receipt_code(payload: strawberry.Parent[Any], info: Info) -> str | None:
    """Made anew from the number each time; it is stored nowhere."""
    if payload.case is None:
        return None
    number = await info.context.value(CaseRow, "number", payload.case.key)
    return codes.receipt_code(info.context.receipts, number)


@strawberry.type(description="The case that was reported, with its receipt (上报结果).")
class ReportCasePayload:
    case: Case | None = made("The case (诉求).")
    errors: list[Problem] = problems()

    receipt_code: str | None = strawberry.field(
        resolver=receipt_code,
        description="With the number it opens the case to whoever has no account; keep it (回执码).",
    )


@command("Report a matter; no account is needed (上报诉求).", requires=None)
async def report_case(call: Call, input: ReportCaseInput) -> ReportCasePayload:
    check_texts(input)
    category = await coded(CategoryRow, input.category, "category", valid_to=None)
    channel = await coded(ChannelRow, input.channel, "channel")
    requester = await requester_of(call, input)
    grid = await grid_of(call, input, requester)
    accused = await coded(UnitRow, input.against, "against") if input.against else None
    if accused and input.kind != CaseKind.TIP_OFF:
        raise Refusal(
            "BAD_USER_INPUT", "Only a tip-off is against a unit.", "只有举报可以指定被举报单位。", ("against",)
        )
    previous = await call.find(Case, "previous", number=input.previous) if input.previous else None
    point = position(vars(input.place)) if input.place else None
    series = Series.SEALED if input.kind == CaseKind.TIP_OFF else Series.ORDINARY
    own = call.viewer.account.person
    case = CaseRow(
        series=series,
        kind=input.kind,
        channel=channel,
        category=category,
        urgency=input.urgency,
        origin=input.origin,
        title=input.title.strip(),
        description=input.description.strip(),
        status=Status.REPORTED,
        requester_id=None if input.anonymous else requester and requester.id,
        filed_by_id=own if requester and own != requester.id else None,
        anonymous=input.anonymous,
        account=call.viewer.account.name,
        grid=grid,
        longitude=point and point.longitude,
        latitude=point and point.latitude,
        place_source=input.place and vars(input.place),
        address=input.address or None,
        accused_unit=accused,
        previous=previous,
        reported_at=call.now,
    )
    case.number = await numbered(call, grid, series)
    await case.save(force_create=True)
    await record(call, case, machine.REPORT)
    return ReportCasePayload(case=ref(Case, case.id, shown=True))


@strawberry.input(description="A step of a case (诉求操作).")
class CaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    note: str | None = given(NOTE, default=UNSET)


@strawberry.input(description="A step of a case that has to be explained to the requester (须说明理由的操作).")
class ReasonedCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    reason: str = given("Why; the requester reads it (理由).")


@command("Accept a reported case (受理).", requires="cases.accept")
async def accept_case(call: Call, input: CaseInput) -> CasePayload:
    case = await opened(call, input, "cases.accept")
    return await advance(call, case, machine.ACCEPT, note=input.note)


@command("Decline a reported case, with the reason (不予受理).", requires="cases.accept")
async def decline_case(call: Call, input: ReasonedCaseInput) -> CasePayload:
    case = await opened(call, input, "cases.accept")
    return await advance(call, case, machine.DECLINE, note=required(input.reason, "reason"))


@command("Withdraw one's own case before it is accepted (撤回).", requires=None)
async def withdraw_case(call: Call, input: CaseInput) -> CasePayload:
    case = await opened(call, input)
    if not own(call, case):
        raise forbidden("number")
    return await advance(call, case, machine.WITHDRAW, note=input.note)


@strawberry.input(description="A case for a unit (派单).")
class DispatchCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    lead_unit: str = given("The unit that is to answer for it, by code (主办单位编码).")
    support_units: list[str] = given("Units that are to help, by code (协办单位编码).", default_factory=list)
    note: str | None = given(NOTE, default=UNSET)


@command("Give an accepted case to a unit (派单).", requires="cases.dispatch")
async def dispatch_case(call: Call, input: DispatchCaseInput) -> CasePayload:
    case = await opened(call, input, "cases.dispatch")
    lead = await coded(UnitRow, input.lead_unit, "leadUnit", valid_to=None)
    names = [code for code in dict.fromkeys(input.support_units) if code != input.lead_unit]
    support = [await coded(UnitRow, code, "supportUnits", valid_to=None) for code in names]
    if case.accused_unit_id in {unit.id for unit in (lead, *support)}:
        raise Refusal(
            "CONFLICT_OF_INTEREST",
            "The case is against this unit, so another one must handle it.",
            "该诉求针对此单位，须由其他单位办理。",
            ("leadUnit",),
        )
    case.lead_unit = lead
    await SupportRow.filter(case=case).delete()
    await SupportRow.bulk_create([SupportRow(case=case, unit=unit) for unit in support])
    data = {"leadUnit": lead.code, "supportUnits": names}
    return await advance(call, case, machine.DISPATCH, note=input.note, unit=lead, **data)


@command("Start handling a dispatched case (开始办理).", requires="cases.handle")
async def handle_case(call: Call, input: CaseInput) -> CasePayload:
    case = await handled(call, input)
    return await advance(call, case, machine.HANDLE, note=input.note)


@strawberry.input(description="An answer to a case (答复).")
class ReplyToCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    text: str = given("The answer; the requester reads it (答复内容).")
    level: SettlementLevel | None = given("Where the matter was settled (化解层级).", default=UNSET)


@command("Answer a case that is being handled (答复).", requires="cases.handle")
async def reply_to_case(call: Call, input: ReplyToCaseInput) -> CasePayload:
    case = await handled(call, input)
    settle(call, case, required(input.text, "text", BODY), input.level or await level_of(case))
    return await advance(call, case, machine.REPLY)


@strawberry.input(description="A case settled on the spot (自处理).")
class HandleInGridInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    text: str = given("What was done; the requester reads it (处理结果).")


@command("Settle a case in the grid; it never leaves it (网格自处理).", requires="cases.settle")
async def handle_in_grid(call: Call, input: HandleInGridInput) -> CasePayload:
    case = await opened(call, input, "cases.settle")
    if case.status == Status.REPORTED:
        await step(call, case, machine.ACCEPT)
    case.self_handled = True
    settle(call, case, required(input.text, "text", BODY), SettlementLevel.GRID)
    return await advance(call, case, machine.SETTLE)


@strawberry.input(description="What the requester makes of it (评价).")
class RateCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    receipt_code: str | None = given("The code on the receipt, without an account (回执码).", default=UNSET)
    rating: int = given("1 is worst, 5 is best (评分).")
    solved: bool = given("Whether the matter is solved (是否解决).")
    comment: str | None = given("Anything to add (评价内容).", default=UNSET)


@command("Rate an answered case; one that is not solved is taken up again (评价).", requires=None)
async def rate_case(call: Call, input: RateCaseInput) -> CasePayload:
    if not 1 <= input.rating <= 5:
        raise Refusal("BAD_USER_INPUT", "The rating is from 1 to 5.", "评分应为 1 至 5。", ("rating",))
    secret = call.context.receipts
    receipted = bool(input.receipt_code) and codes.receipt_matches(secret, input.number, input.receipt_code or "")
    case = await call.find(Case, "number", number=input.number, shown=receipted)
    if not receipted and not own(call, case):
        raise forbidden("number")
    if case.status != Status.REPLIED:
        raise illegal(case, machine.CLOSE)
    case.rating, case.solved = input.rating, input.solved
    case.rating_comment = input.comment or None
    await record(call, case, machine.RATED, rating=input.rating, solved=input.solved)
    if not input.solved:
        case.reopenings += 1
        return await advance(call, case, machine.REOPEN, shown=receipted)
    if input.rating >= SOLVED:
        return await advance(call, case, machine.CLOSE, shown=receipted)
    return await saved(case, shown=receipted)


@command("Close an answered case (结案).", requires="cases.close")
async def close_case(call: Call, input: CaseInput) -> CasePayload:
    case = await opened(call, input, "cases.close")
    return await advance(call, case, machine.CLOSE, note=input.note)


@command("Take an answered case up again, with the reason (重办).", requires="cases.close")
async def reopen_case(call: Call, input: ReasonedCaseInput) -> CasePayload:
    case = await opened(call, input, "cases.close")
    case.reopenings += 1
    return await advance(call, case, machine.REOPEN, note=required(input.reason, "reason"))


# what the commands share


async def opened(call: Call, input: Any, permission: str | None = None) -> CaseRow:
    """The case, locked, at the version the caller saw, where they may do this."""
    case: CaseRow = await call.find(Case, "number", number=input.number)
    if permission and not call.may(permission, case):
        raise forbidden("number")
    stale(case, input.expected_version)
    return case


async def handled(call: Call, input: Any) -> CaseRow:
    """The same for whoever handles it: the lead unit, or the grid while no unit has it."""
    case = await opened(call, input, "cases.handle")
    units = {grant.unit for grant in call.viewer.account.grants if "cases.handle" in grant.permissions}
    if case.lead_unit_id and case.lead_unit_id not in units and not call.viewer.can("cases.dispatch"):
        raise forbidden("number")
    return case


async def advance(
    call: Call, case: CaseRow, taken: Step, note: str | None = None, unit: UnitRow | None = None,
    shown: bool = False, **data: Any,
) -> CasePayload:  # fmt: skip
    """Take a step, save the case, answer with it."""
    await step(call, case, taken, note, unit, **data)
    return await saved(case, shown)


async def step(
    call: Call, case: CaseRow, taken: Step, note: str | None = None, unit: UnitRow | None = None, **data: Any
) -> None:
    """Take a step that the machine allows, and record it."""
    if case.status not in taken.sources:
        raise illegal(case, taken)
    data = {"from": case.status, "to": taken.target, **data}
    case.status = taken.target
    if taken is machine.CLOSE:
        case.closed_at = call.now
    if taken is machine.REOPEN:
        case.settled_at = None
    await record(call, case, taken, note, unit, **data)


async def saved(case: CaseRow, shown: bool = False) -> CasePayload:
    case.version += 1
    await case.save()
    return CasePayload(case=ref(Case, case.id, shown=shown))


async def record(
    call: Call, case: CaseRow, taken: Step | str, note: str | None = None, unit: UnitRow | None = None, **data: Any
) -> None:
    """Append the event."""
    await EventRow.create(
        case=case,
        type=taken.event if isinstance(taken, Step) else taken,
        at=call.now,
        audience=Audience.PUBLIC,
        account=call.viewer.account.name,
        role=call.viewer.role,
        unit=unit,
        note=note or None,
        data=data,
    )


def illegal(case: CaseRow, taken: Step) -> Refusal:
    allowed = ", ".join(sorted(taken.sources))
    return Refusal(
        "ILLEGAL_TRANSITION",
        f"The case is {case.status}; this step is open to {allowed} only.",
        f"诉求当前状态为 {case.status}，只有 {allowed} 状态可以{taken.chinese}。",
        ("number",),
    )


def settle(call: Call, case: CaseRow, text: str, level: SettlementLevel) -> None:
    case.reply, case.replied_at, case.settled_at, case.settled_level = text, call.now, call.now, level
    case.rating = case.solved = case.rating_comment = None


async def level_of(case: CaseRow) -> SettlementLevel:
    """The level of the unit that answers: that of the area it serves."""
    if case.lead_unit_id is None:
        return SettlementLevel.GRID
    kind = (await GridRow.get(id=(await UnitRow.get(id=case.lead_unit_id)).grid_id)).kind
    return SettlementLevel(kind.value) if kind.value in SettlementLevel.__members__ else SettlementLevel.COUNTY


def own(call: Call, case: CaseRow) -> bool:
    """Whether the caller is who asked, or filed it for them."""
    person = call.viewer.account.person
    return person is not None and person in (case.requester_id, case.filed_by_id)


def required(text: str, field: str, most: int = 2000) -> str:
    """The text without blanks around it."""
    kept = text.strip()
    if not 1 <= len(kept) <= most:
        raise Refusal(
            "BAD_USER_INPUT",
            f"{field} must have 1 to {most} characters.",
            f"{field} 应为 1 至 {most} 个字符。",
            (field,),
        )
    return kept


def check_texts(input: ReportCaseInput) -> None:
    """Say all that is wrong with the texts at once."""
    wrong: list[Refusal] = []
    for field, text, most in (("title", input.title, TITLE), ("description", input.description, BODY)):
        try:
            required(text, field, most)
        except Refusal as refusal:
            wrong.append(refusal)
    if wrong:
        raise Refusals(wrong)


async def coded(model: Any, code: str, path: str, **more: Any) -> Any:
    """The row with this code."""
    found = await model.filter(code=code, **more).order_by("-id").first()
    if found is None:
        raise Refusal("NOT_FOUND", f"There is no {path} with this code.", f"{path} 代码不存在。", (path,))
    return found


async def requester_of(call: Call, input: ReportCaseInput) -> PersonRow | None:
    """Who asks: the person named, who must be the caller's to see, or else the caller."""
    if not input.requester:
        person: UUID | None = call.viewer.account.person
        return await PersonRow.get_or_none(id=person) if person else None
    key = key_of(Person)(input.requester)
    found: PersonRow = await call.find(Person, "requester", id=key)
    return found


async def grid_of(call: Call, input: ReportCaseInput, requester: PersonRow | None) -> GridRow:
    """The grid the matter lies in: of its place, as named, or the requester's."""
    if input.place:
        found = await located(call, input.place)
        path, wrong = "place", ("The place lies in no grid of ours.", "该位置不在任何网格内。")
    elif input.grid:
        found = await GridRow.get_or_none(code=input.grid, valid_to=None)
        path, wrong = "grid", ("There is no grid with this code.", "网格编码不存在。")
    else:
        found = await GridRow.get(id=requester.grid_id) if requester else None
        path, wrong = "place", ("Say where it is: a place or a grid.", "请提供位置或网格编码。")
    if found is None:
        raise Refusal("NOT_FOUND", *wrong, (path,))
    if found.county_id is None:
        raise Refusal("BAD_USER_INPUT", "Name a grid inside a county.", "请选择县级以下网格。", (path,))
    return found


async def located(call: Call, place: PointInput) -> GridRow | None:
    rows = await call.fetch(
        "select g.id from grids.ring r join grids.grid g on g.id=r.grid_id and g.valid_to is null "
        "where not r.hole and r.area @> $1::text::point and not exists(select 1 from grids.ring h "
        "where h.grid_id=g.id and h.hole and h.area @> $1::text::point) order by g.path desc limit 1",
        placed_point(vars(place)),
    )
    return await GridRow.get(id=rows[0]["id"]) if rows else None


async def numbered(call: Call, grid: GridRow, series: Series) -> str:
    """The next number of the county, day and series. The counter's row is locked until the case is there."""
    day: date = call.now.astimezone(CHINA).date()
    county = (await GridRow.get(id=grid.county_id)).code
    [row] = await call.fetch(
        "insert into cases.counter (county, day, series, given) values ($1, $2, $3, 1) "
        "on conflict (county, day, series) do update set given = cases.counter.given + 1 returning given",
        county,
        day,
        series.value,
    )
    return codes.case_number(county, day, row["given"], series)


EXTENSIONS = (
    extend(
        Mutation,
        report_case=report_case,
        accept_case=accept_case,
        decline_case=decline_case,
        withdraw_case=withdraw_case,
        dispatch_case=dispatch_case,
        handle_case=handle_case,
        handle_in_grid=handle_in_grid,
        reply_to_case=reply_to_case,
        rate_case=rate_case,
        close_case=close_case,
        reopen_case=reopen_case,
    ),
)
