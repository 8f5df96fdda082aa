"""Panel: who is on it, when they are on duty, when they can be met, and what they must keep out of."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_held
from gongzhi.runtime.checks import (
    check_code,
    duplicate,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values import codes
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..actions import KEEPS, ON_PANEL
from ..models import AdviserKind, AdviserRow, ConflictRow, Meeting, SeatRow, ServesRow, ShiftRow, SlotRow
from ..visibility import MANAGE
from .bookings import cancel_bookings_ahead
from .types import LegalAdviser, LegalConflict

SERVED = (Kind.VILLAGE, Kind.TOWN, Kind.COUNTY)
MOST = 50
LONGEST = datetime.timedelta(hours=24)


@strawberry.type(description="The adviser, or why nothing was done (顾问结果).")
class LegalAdviserPayload:
    adviser: LegalAdviser | None = result_field("The adviser (顾问).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody for the panel (聘任顾问).")
class AddLegalAdviserInput:
    idempotency_key: str = input_field(KEY)
    name: str = input_field("Their name, which is published (姓名).", length=(1, 100))
    kind: AdviserKind = input_field("What they are (类别).")
    qualification: str = input_field("What qualifies them, such as the number of a licence (资质).", length=(1, 200))
    account: str = input_field("The account they sign in with (账户).", length=(1, 100))
    grid: str = input_field("The grid that appoints them, by code (聘任网格编码).")
    serves: list[str] = input_field("Villages, towns or counties they serve, by code (服务网格编码).", items=(1, MOST))
    person: ID | None = input_field("Who they are on file, so that their own family's matters are kept away (人员).",
                              default=UNSET)  # fmt: skip
    unit: str | None = input_field("Whom they work for, by code (单位编码).", default=UNSET)
    languages: list[str] = input_field(
        "Languages and dialects (语言和方言).", items=10, length=(1, 20), default_factory=list
    )
    duty_phone: str | None = input_field("A number to publish, by their consent (公开电话).", default=UNSET)
    capacity: int = input_field("How many matters they take at once (同时承办件数).", between=(1, 200), default=20)


@command("Put somebody on the legal panel (聘任顾问).", requires=MANAGE)
async def add_legal_adviser(call: Call, input: AddLegalAdviserInput) -> LegalAdviserPayload:
    grid, places = await find_grid(input.grid, "grid"), await load_served_grids(input.serves)
    # For the home grid and for each place served: an office cannot appoint into another's area.
    for place in (grid, *places):
        if not call.may(MANAGE, place):
            raise not_allowed("grid" if place is grid else "serves")
    # By who may be named, not by who may be seen: the office reads nobody's file for this.
    person = await find_nameable(call, input.person, MANAGE, "person") if is_given(input.person) else None
    unit = await find_unit(input.unit, "unit") if is_given(input.unit) else None
    phone = check_code(codes.check_phone, input.duty_phone, "dutyPhone") if is_given(input.duty_phone) else None
    # One adviser for each account: seats name the account, as it is without blanks around it.
    if await AdviserRow.exists(account=input.account):
        raise duplicate("This account is on the panel already.", "该账户已在顾问名单中。", "account")
    # The name is the adviser's published one, which need not be that of their file.
    row = await AdviserRow.create(
        kind=input.kind,
        grid=grid,
        person=person,
        unit=unit,
        joined_on=today(call),
        name=input.name,
        qualification=input.qualification,
        account=input.account,
        languages=input.languages,
        duty_phone=phone,
        capacity=input.capacity,
    )
    await ServesRow.bulk_create([ServesRow(adviser=row, grid=place) for place in places])
    return LegalAdviserPayload(adviser=ref(LegalAdviser, row.id))


async def load_served_grids(wanted: list[str]) -> list[GridRow]:
    """Return villages, towns and counties, each once."""
    found = [await find_grid(one, "serves", str(at)) for at, one in enumerate(dict.fromkeys(wanted))]
    if any(one.kind not in SERVED for one in found):
        raise invalid_input("Advisers serve villages, towns and counties.", "服务范围须为村、镇或县。", "serves")
    return found


async def load_adviser(call: Call, id: str) -> AdviserRow:
    """Return an adviser, locked, as the command's action allows."""
    row: AdviserRow = await call.find(LegalAdviser, "adviser", id=key_of(LegalAdviser)(id))
    return row


def unoccupied_advisers(adviser: Table, viewer: ViewerScope) -> Alternatives:
    """Return advisers who sit at no open matter: with its only handler gone, nobody could find the matter again."""
    open_matters = (
        "select from legal.seat s join legal.matter m on m.id=s.matter_id "
        "where s.account={0} and s.left_at is null and m.closed_at is null"
    )
    return [Sql(f"not exists({open_matters})", adviser.account)]


KEEPING = Action(LegalAdviser, (KEEPS,), (ON_PANEL,))
UNOCCUPIED = Requirement(
    "OPEN_MATTERS",
    unoccupied_advisers,
    Text("They handle matters still; have them handed over first.", "该顾问尚有未办结事项，请先移交。"),
)


@strawberry.input(description="Somebody who leaves the panel (解聘顾问).")
class EndLegalAdviserInput:
    idempotency_key: str = input_field(KEY)
    adviser: ID = input_field("Who (顾问).")


@command(
    "Take somebody off the panel; their open matters must be handed over before (解聘顾问).",
    requires=MANAGE,
    action=Action(LegalAdviser, (require_held(MANAGE),), (ON_PANEL, UNOCCUPIED)),
)
async def end_legal_adviser(call: Call, input: EndLegalAdviserInput) -> LegalAdviserPayload:
    row = await load_adviser(call, input.adviser)
    row.left_on, row.version = today(call), row.version + 1
    await row.save()
    await cancel_bookings_ahead(call, row)
    # Seats at closed matters end as well: whoever left the panel reads nothing more.
    await SeatRow.filter(account=row.account, left_at=None).update(left_at=call.now)
    return LegalAdviserPayload(adviser=ref(LegalAdviser, row.id))


@strawberry.input(description="A time from when to when, and where (时间和地点).")
class LegalTimeInput:
    starts_at: datetime.datetime = input_field("From when (开始时间).")
    ends_at: datetime.datetime = input_field("Until when, 24 hours later at most (结束时间).")
    place: str = input_field("Where (地点).", length=(1, 200))


@strawberry.input(description="Times on duty (排班).")
class AddLegalShiftsInput:
    idempotency_key: str = input_field(KEY)
    adviser: ID = input_field("Who (顾问).")
    shifts: list[LegalTimeInput] = input_field("When and where (值班时间).", items=(1, MOST))


@command("Add to an adviser's rota (排班).", requires=None, action=KEEPING)
async def add_legal_shifts(call: Call, input: AddLegalShiftsInput) -> LegalAdviserPayload:
    row = await load_adviser(call, input.adviser)
    await ShiftRow.bulk_create(
        [ShiftRow(**one) for one in await read_times(call, row.id, input.shifts, "shift", "shifts")]
    )
    return LegalAdviserPayload(adviser=ref(LegalAdviser, row.id))


@strawberry.input(description="Times to be booked (开放预约).")
class OfferLegalSlotsInput:
    idempotency_key: str = input_field(KEY)
    adviser: ID = input_field("Who (顾问).")
    meeting: Meeting = input_field("How (方式).")
    slots: list[LegalTimeInput] = input_field("When and where (预约时段).", items=(1, MOST))


@command("Offer times at which an adviser can be met (开放预约).", requires=None, action=KEEPING)
async def offer_legal_slots(call: Call, input: OfferLegalSlotsInput) -> LegalAdviserPayload:
    row = await load_adviser(call, input.adviser)
    made_of = await read_times(call, row.id, input.slots, "slot", "slots")
    await SlotRow.bulk_create([SlotRow(meeting=input.meeting, **one) for one in made_of])
    return LegalAdviserPayload(adviser=ref(LegalAdviser, row.id))


OVERLAPS = "select from legal.{} t where t.adviser_id=$1 and t.starts_at<$3 and t.ends_at>$2"


async def read_times(
    call: Call, adviser: UUID, wanted: list[LegalTimeInput], table: str, path: str
) -> list[dict[str, Any]]:
    """Return times ahead that overlap neither each other nor what is there."""
    found: list[dict[str, Any]] = []
    # In the order of their beginning, so that only neighbours need to be compared; problems still name the place given.
    spans = [
        (
            require_offset(one.starts_at, path, str(at), "startsAt"),
            require_offset(one.ends_at, path, str(at), "endsAt"),
            at,
        )
        for at, one in enumerate(wanted)
    ]
    for start, end, at in sorted(spans):
        place = path, str(at)
        if start <= call.now or not start < end <= start + LONGEST:
            raise invalid_input(
                "It must begin ahead and end within 24 hours.", "须晚于现在，且时长不超过 24 小时。", *place, "startsAt"
            )
        if found and found[-1]["ends_at"] > start or await call.fetch(OVERLAPS.format(table), adviser, start, end):
            raise duplicate("It overlaps another time.", "与已有时间重叠。", *place, "startsAt")
        found.append({"adviser_id": adviser, "starts_at": start, "ends_at": end, "place": wanted[at].place})
    return found


@strawberry.type(description="What was declared, or why nothing was done (回避申报结果).")
class LegalConflictPayload:
    conflict: LegalConflict | None = result_field("What was declared (申报).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody an adviser must have nothing to do with (回避申报).")
class DeclareLegalConflictInput:
    idempotency_key: str = input_field(KEY)
    adviser: ID = input_field("Who declares it (申报人).")
    person: ID = input_field("With whom: a relative, a client, an opponent (关系人).")
    until: datetime.date | None = input_field("The first day no longer (截止日).", default=UNSET)


@command(
    "Declare a conflict of interest; their matters are kept from the adviser (回避申报).", requires=None, action=KEEPING
)
async def declare_legal_conflict(call: Call, input: DeclareLegalConflictInput) -> LegalConflictPayload:
    # Whoever keeps the panel may declare it as well.
    row = await load_adviser(call, input.adviser)
    # Naming somebody here opens nothing of them.
    person = await find_nameable(call, input.person, MANAGE, "person")
    until = input.until if is_given(input.until) else None
    if until is not None and until <= today(call):
        raise invalid_input("It must end ahead.", "截止日应晚于今天。", "until")
    # Without a reason: that there is one is all that choosing an adviser needs, and why is between the two.
    conflict = await ConflictRow.create(adviser=row, person=person, declared_at=call.now, until=until)
    return LegalConflictPayload(conflict=ref(LegalConflict, conflict.id))


EXTENSIONS = (
    extend(
        Mutation,
        add_legal_adviser=add_legal_adviser,
        end_legal_adviser=end_legal_adviser,
        add_legal_shifts=add_legal_shifts,
        offer_legal_slots=offer_legal_slots,
        declare_legal_conflict=declare_legal_conflict,
    ),
)
