"""Organisations: setting them up, where they work, and who holds their offices."""

from __future__ import annotations

import datetime
from datetime import timedelta

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_held
from gongzhi.runtime.checks import (
    check_code,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values import codes
from gongzhi.values.errors import Refusal, Text
from gongzhi.values.labels import label_of
from strawberry import ID, UNSET
from tortoise.expressions import Q

from ..actions import require_own_branch
from ..lookups import find_permitted, find_resident
from ..models import BranchKind, BranchRow, CoverageRow, Duty, OfficeRow
from ..visibility import KEEP, ORGANISE
from .types import PartyBranch, PartyOffice

ABOVE = {
    BranchKind.COMMITTEE: (BranchKind.COMMITTEE,),
    BranchKind.GENERAL_BRANCH: (BranchKind.COMMITTEE,),
    BranchKind.BRANCH: (BranchKind.COMMITTEE, BranchKind.GENERAL_BRANCH),
    BranchKind.GROUP: (BranchKind.BRANCH,),
}
"""What each kind of organisation may be part of."""
AHEAD = (180, 30)
"""How many days before a term ends its holder is told, the first time and the last."""


@strawberry.type(description="The organisation, or why nothing was done (党组织操作结果).")
class PartyBranchPayload:
    branch: PartyBranch | None = result_field("The organisation (党组织).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new organisation (成立党组织).")
class AddPartyBranchInput:
    idempotency_key: str = input_field(KEY)
    kind: BranchKind = input_field("What it is (类型).")
    name: str = input_field("Its name (名称).", length=(1, 100))
    grid: str = input_field("Where it has its seat, by code; it works there from now on (所在网格编码).")
    parent: ID | None = input_field("What it is part of (上级组织).", default=UNSET)
    founded_on: datetime.date | None = input_field("Since when; today if not said (成立日期).", default=UNSET)
    station_place: str | None = input_field(
        "Where it and the grid receive people together (双站地点).", length=(1, 200), default=UNSET
    )
    station_hours: str | None = input_field("When (开放时间).", length=(1, 200), default=UNSET)


@command("Set up an organisation (成立党组织).", requires=ORGANISE)
async def add_party_branch(call: Call, input: AddPartyBranchInput) -> PartyBranchPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(ORGANISE, grid):
        raise not_allowed("grid")
    parent = (
        await find_permitted(call, PartyBranch, input.parent, ORGANISE, "parent") if is_given(input.parent) else None
    )
    if parent is not None and parent.dissolved_on:
        raise invalid_input("That organisation has been dissolved.", "该上级组织已撤销。", "parent")
    if parent is not None and parent.kind not in ABOVE[input.kind]:
        raise invalid_input("Name a parent of a fitting kind.", "上级组织类型不符，请另选。", "parent")
    if input.kind == BranchKind.GROUP and parent is None:
        raise invalid_input("A group is part of a branch: say which.", "党小组须指定所属支部。", "parent")
    since = input.founded_on if is_given(input.founded_on) else today(call)
    branch = await BranchRow.create(
        kind=input.kind,
        name=input.name,
        grid=grid,
        parent=parent,
        founded_on=since,
        station_place=input.station_place or None,
        station_hours=input.station_hours or None,
    )
    # A group works where its branch does.
    if input.kind != BranchKind.GROUP:
        await CoverageRow.create(branch=branch, grid=grid, since=since)
    return PartyBranchPayload(branch=ref(PartyBranch, branch.id))


@strawberry.input(description="In which grids an organisation works (党组织联系网格).")
class CoverPartyGridsInput:
    idempotency_key: str = input_field(KEY)
    branch: ID = input_field("The organisation (党组织).")
    grids: list[str] = input_field("All its grids from today on, by code (网格编码).", items=(1, 100))
    expected_version: int = input_field(EXPECTED)


@command(
    "Say in which grids an organisation works from today on (党组织联系网格).",
    requires=ORGANISE,
    action=Action(PartyBranch, (require_held(ORGANISE),)),
)
async def cover_party_grids(call: Call, input: CoverPartyGridsInput) -> PartyBranchPayload:
    branch: BranchRow = await call.find(PartyBranch, "branch", id=key_of(PartyBranch)(input.branch))
    wanted = {(await find_grid(code, "grids", str(at))).id for at, code in enumerate(input.grids)}
    known = {one.grid_id: one for one in await CoverageRow.filter(branch=branch, until=None)}
    # What stays keeps its first day; only what is new or gone is written.
    for grid in sorted(wanted - set(known)):
        await CoverageRow.create(branch=branch, grid_id=grid, since=today(call))
    gone = [one.id for grid, one in known.items() if grid not in wanted]
    await CoverageRow.filter(id__in=gone).update(until=today(call))
    # The coverage is part of what somebody saw of the organisation, so it counts as a change of it.
    branch.version += 1
    await branch.save(update_fields=["version"])
    return PartyBranchPayload(branch=ref(PartyBranch, branch.id))


@strawberry.type(description="The office, or why nothing was done (任职结果).")
class PartyOfficePayload:
    office: PartyOffice | None = result_field("The office (职务).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody takes an office (任职).")
class AppointPartyOfficerInput:
    idempotency_key: str = input_field(KEY)
    branch: ID = input_field("Of which organisation (党组织).")
    duty: Duty = input_field("Which office (职务).")
    person: ID = input_field("Who (任职人).")
    consent: bool = input_field("That they agree to have the office, and its phone, published (本人同意公开).")
    since: datetime.date | None = input_field("The first day; today if not said (起).", default=UNSET)
    term_ends_on: datetime.date = input_field("The first day after the term (届满日).")
    duty_phone: str | None = input_field("The number to call (值班电话).", default=UNSET)


@command(
    "Have somebody take an office for a term; terms of one office never overlap (任职).",
    requires=KEEP,
    action=Action(PartyBranch, (require_held(KEEP),)),
)
async def appoint_party_officer(call: Call, input: AppointPartyOfficerInput) -> PartyOfficePayload:
    branch: BranchRow = await call.find(PartyBranch, "branch", id=key_of(PartyBranch)(input.branch))
    if not input.consent:
        raise Refusal("CONSENT_REQUIRED", "An office is published by consent.", "职务公开须经本人同意。", ("consent",))
    person = await find_resident(call, input.person, KEEP, "person")
    # A term may begin in the past.
    since = input.since if is_given(input.since) else today(call)
    if not since < input.term_ends_on <= since + timedelta(days=5 * 366):
        raise invalid_input("A term has a day to five years.", "任期为一天至五年。", "termEndsOn")
    phone = check_code(codes.check_phone, input.duty_phone, "dutyPhone") if is_given(input.duty_phone) else None
    # The branch is locked above; the constraint of the database is for whoever comes round it.
    await require_vacant(branch, input.duty, since, input.term_ends_on)
    office = await OfficeRow.create(
        branch=branch, duty=input.duty, person=person, duty_phone=phone, since=since, term_ends_on=input.term_ends_on
    )
    return PartyOfficePayload(office=ref(PartyOffice, office.id))


async def require_vacant(branch: BranchRow, duty: Duty, since: datetime.date, until: datetime.date) -> None:
    """Refuse a term while somebody else has the office. The branch is locked, and a constraint holds it too."""
    lasting = Q(until=None, term_ends_on__gt=since) | Q(until__gt=since)
    if await OfficeRow.filter(lasting, branch=branch, duty=duty, since__lt=until).exists():
        raise Refusal(
            "TERMS_OVERLAP",
            "Somebody holds this office in that time; end that term first.",
            "该职务在此期间已有人担任，请先结束其任期。",
            ("since",),
        )


@strawberry.input(description="An office that ends before its term (免职).")
class EndPartyOfficeInput:
    idempotency_key: str = input_field(KEY)
    office: ID = input_field("The office (职务).")


# Its holder may resign; whoever keeps the roll ends it.
END_TERM = Action(
    PartyOffice,
    (require_own_branch("branch_id", KEEP, "person_id"),),
    (require_empty("until", Text("The term has ended already.", "该任期已结束。")),),
)


@command("End a term today; its holder may do so as well (免职、辞职).", requires=None, action=END_TERM)
async def end_party_office(call: Call, input: EndPartyOfficeInput) -> PartyOfficePayload:
    office: OfficeRow = await call.find(PartyOffice, "office", id=key_of(PartyOffice)(input.office))
    # A term that has not begun ends on its first day, so that it was never held.
    office.until = max(today(call), office.since)
    await office.save(update_fields=["until"])
    return PartyOfficePayload(office=ref(PartyOffice, office.id))


# Each of the two days before the end is told once: a reminder later than one of them covers it.
ENDING = """
select o.id, o.person_id, o.duty, o.term_ends_on,
 (select s.person_id from party.office s where s.branch_id=b.parent_id and s.duty='SECRETARY' and s.until is null
  order by s.since desc limit 1) above
from party.office o join party.branch b on b.id=o.branch_id
where o.until is null and b.dissolved_on is null and b.county_id=any($2::int[])
 and exists(select from unnest($3::int[]) d(days) where o.term_ends_on-d.days<=$1::date
  and (o.reminded_at is null or o.reminded_at<(o.term_ends_on-d.days)::timestamp at time zone 'Asia/Shanghai'))
order by o.id
"""


@job("party.remind_of_elections", every=timedelta(days=1), offset=timedelta(hours=8))
async def remind_of_terms(call: Call, run: JobRun) -> None:
    """Remind holders of offices, and the secretary above, that a term ends: half a year before, and a month before."""
    for row in await call.fetch(ENDING, today(call), list(run.counties), list(AHEAD)):
        persons = [one for one in (row["person_id"], row["above"]) if one]
        await send_notice(call, term_notice(row["duty"], row["term_ends_on"]), persons=persons)
        await OfficeRow.filter(id=row["id"]).update(reminded_at=call.now)


def term_notice(duty: str, ends: datetime.date) -> NoticeDraft:
    office = label_of(Duty(duty))
    return NoticeDraft(
        "party.term_ends",
        Text("A term ends: prepare the election", "任期届满，请筹备换届选举"),
        Text(f"The term of this office ends on {ends}: {office.en}.", f"{office.zh}职务任期至 {ends} 届满。"),
    )


EXTENSIONS = (
    extend(
        Mutation,
        add_party_branch=add_party_branch,
        cover_party_grids=cover_party_grids,
        appoint_party_officer=appoint_party_officer,
        end_party_office=end_party_office,
    ),
)
