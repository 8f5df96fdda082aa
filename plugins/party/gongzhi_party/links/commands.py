"""Household links: members named by consent, declined or exchanged at any time, handed over when one leaves."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import strawberry
from gongzhi.core.cases.models import CaseKind, Origin
from gongzhi.core.cases.opening import BODY, TITLE, CaseDraft, open_case
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.liaisons import begin_liaison, finish_liaison
from gongzhi.core.people.models import HouseholdRow, Line, MembershipRow
from gongzhi.core.people.types import Household
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, require_empty, require_held, require_rows
from gongzhi.runtime.checks import CHINA, check_code, duplicate, invalid_input, is_given, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values import codes
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..actions import own_links
from ..lookups import find_home, find_permitted, lives_in, require_person
from ..models import AskRow, AskState, LinkRow, MemberRow, MemberStatus
from ..organisation.types import PartyMember
from ..visibility import LINK
from .types import PartyHelperRequest, PartyLink

CHANNEL = "PARTY_MEMBER"
WEEK = timedelta(days=7)


@strawberry.type(description="The link, or why nothing was done (联户结果).")
class PartyLinkPayload:
    link: PartyLink | None = result_field("The link (联户).")
    errors: list[Problem] = problems()


@strawberry.input(description="A member looks after a household (安排联户).")
class LinkHouseholdInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field("Which household (户).")
    member: ID = input_field("Who (党员).")
    consent: bool = input_field("That both agree, and that the office is published (双方同意并公开).")
    duty_phone: str | None = input_field("The number to call (联系电话).", default=UNSET)


@command(
    "Have a member look after a household, in place of whoever did (安排党员联户).",
    requires=LINK,
    action=Action(PartyMember, (require_held(LINK),)),
)
async def link_household(call: Call, input: LinkHouseholdInput) -> PartyLinkPayload:
    # Both agree, or nobody is named; the link publishes an office.
    if not input.consent:
        en, zh = "A helper is named with the consent of both.", "联户须经双方同意。"
        raise Refusal("CONSENT_REQUIRED", en, zh, ("consent",))
    household = await find_home(call, input.household, LINK, "household")
    member: MemberRow = await call.find(PartyMember, "member", id=key_of(PartyMember)(input.member))
    require_helper(member, "member")
    phone = check_code(codes.check_phone, input.duty_phone, "dutyPhone") if is_given(input.duty_phone) else None
    link = await create_link(call, household, member, phone)
    return PartyLinkPayload(link=ref(PartyLink, link.id))


def require_helper(member: MemberRow, *path: str) -> None:
    """Refuse somebody as a helper who is no full member, or has left."""
    if member.status != MemberStatus.FULL:
        raise invalid_input("Full members look after households.", "联户党员须为正式党员。", *path)


async def create_link(call: Call, household: HouseholdRow, member: MemberRow, phone: str | None) -> LinkRow:
    """Put the office on record, here and as the core's liaison; what was asked for is met."""
    if await lives_in(member.person_id, household.id):
        raise invalid_input("A helper comes from another household.", "联户党员不能是本户成员。", "member")
    # One helper at a time: whoever did it before ends today.
    await LinkRow.filter(household=household, until=None).update(until=today(call))
    # The core knows helpers by their line alone: membership leaves the plugin as this published office, and as
    # nothing else.
    liaison = await begin_liaison(call, household.id, member.person_id, Line.PARTY_MEMBER)
    await AskRow.filter(household=household, state=AskState.OPEN).update(state=AskState.MET, ended_at=call.now)
    link = await LinkRow.create(
        household=household,
        grid_id=household.grid_id,
        person_id=member.person_id,
        branch_id=member.branch_id,
        liaison=liaison,
        duty_phone=phone,
        since=today(call),
    )
    # Everybody at home is told, since the helper now sees the household.
    people = await MembershipRow.filter(household=household, until=None).values_list("person_id", flat=True)
    told_of = NoticeDraft(
        "party.household_linked",
        Text("A member looks after your household", "已为您家安排联系党员"),
        Text("You may decline, or ask for another, at any time.", "您可以随时谢绝或申请更换。"),
        f"PartyLink:{link.id}",
    )
    await send_notice(call, told_of, persons=[member.person_id, *people])  # type: ignore[list-item]
    return link


@strawberry.input(description="A link that ends (结束联户).")
class EndPartyLinkInput:
    idempotency_key: str = input_field(KEY)
    link: ID = input_field("Which (联户).")
    another: bool = input_field("Whether the household asks for another helper (是否申请更换).", default=False)


# The household, the helper, or whoever names helpers; nobody is asked why.
ENDING = Action(
    PartyLink, (require_rows(own_links),), (require_empty("until", Text("It has ended.", "该联户已结束。")),)
)


@command(
    "End a link: the household or the helper at any time, without a reason (谢绝、结束联户).",
    requires=None,
    action=ENDING,
)
async def end_party_link(call: Call, input: EndPartyLinkInput) -> PartyLinkPayload:
    link: LinkRow = await call.find(PartyLink, "link", id=key_of(PartyLink)(input.link))
    await end_links(call, [link])
    if input.another:
        await open_request(call, await HouseholdRow.get(id=link.household_id))
    return PartyLinkPayload(link=ref(PartyLink, link.id))


async def end_links(call: Call, links: list[LinkRow]) -> None:
    """End links, and the liaisons they are."""
    for link in links:
        link.until = today(call)
        await link.save(update_fields=["until"])
        # Without its liaison the helper no longer sees the household.
        await finish_liaison(call, link.liaison_id)


@strawberry.type(description="What was asked for, or why nothing was done (申请结果).")
class PartyHelperRequestPayload:
    request: PartyHelperRequest | None = result_field("The request (申请).")
    errors: list[Problem] = problems()


@strawberry.input(description="A household asks for a helper (申请联系党员).")
class RequestPartyHelperInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field("Which household; one's own (户).")


@command("Ask for a helper for one's household, or for another one (申请联系党员、申请更换).", requires=None)
async def request_party_helper(call: Call, input: RequestPartyHelperInput) -> PartyHelperRequestPayload:
    # Seen by the asker, and locked, so that two of one household do not ask twice.
    household: HouseholdRow = await call.find(Household, "household", id=key_of(Household)(input.household))
    if not await lives_in(require_person(call), household.id):
        raise not_allowed("household")
    if await AskRow.exists(household=household, state=AskState.OPEN):
        raise duplicate("It has asked already.", "已提交申请。", "household")
    return PartyHelperRequestPayload(request=ref(PartyHelperRequest, (await open_request(call, household)).id))


async def open_request(call: Call, household: HouseholdRow) -> AskRow:
    found = await AskRow.get_or_none(household=household, state=AskState.OPEN)
    # One request at a time: asked for another helper while one is asked for, it is the same wish.
    return found or await AskRow.create(household=household, grid_id=household.grid_id, asked_at=call.now)


@strawberry.input(description="Households are handed over (联户交接).")
class HandOverHouseholdsInput:
    idempotency_key: str = input_field(KEY)
    member: ID = input_field("Whose (原联户党员).")
    successor: ID | None = input_field(
        "To whom; left out, the households are asked for helpers (接手党员).", default=UNSET
    )
    consent: bool = input_field("That the successor agrees (接手党员同意).", default=False)


@strawberry.type(description="What was handed over, or why nothing was done (交接结果).")
class HandOverHouseholdsPayload:
    households: int | None = result_field("How many households (户数).")
    errors: list[Problem] = problems()


@command(
    "Hand a member's households over; each is told, and may decline (联户交接).",
    requires=LINK,
    action=Action(PartyMember, (require_held(LINK),), field="member"),
)
async def hand_over_households(call: Call, input: HandOverHouseholdsInput) -> HandOverHouseholdsPayload:
    member: MemberRow = await call.find(PartyMember, "member", id=key_of(PartyMember)(input.member))
    successor = (
        await find_permitted(call, PartyMember, input.successor, LINK, "successor")
        if is_given(input.successor)
        else None
    )
    if successor is not None:
        require_helper(successor, "successor")
        if successor.person_id == member.person_id:
            raise invalid_input("Name somebody else.", "请选择其他党员接手。", "successor")
        if not input.consent:
            raise Refusal("CONSENT_REQUIRED", "The successor must agree.", "须经接手党员同意。", ("consent",))
    return HandOverHouseholdsPayload(households=await hand_over_links(call, member.person_id, successor))


async def hand_over_links(call: Call, person: UUID, successor: MemberRow | None) -> int:
    """Pass on everything somebody looks after; without a successor each household waits for a helper."""
    # By id, so that two hand-overs of the same households cannot wait for each other.
    links = await LinkRow.filter(person_id=person, until=None).order_by("id").select_for_update()
    await end_links(call, links)
    for link in links:
        household = await HouseholdRow.get(id=link.household_id)
        # Nobody is the helper of their own household.
        if successor is not None and not await lives_in(successor.person_id, household.id):
            await create_link(call, household, successor, None)
        else:
            await open_request(call, household)
    return len(links)


@strawberry.input(description="What a household asked its helper for (联户诉求).")
class ReportForHouseholdInput:
    idempotency_key: str = input_field(KEY)
    link: ID = input_field("Which household one looks after (联户).")
    category: str = input_field("What it is about, as a category's code (分类代码).")
    title: str = input_field("In a few words (标题).", length=(1, TITLE))
    description: str = input_field("What was asked for (描述).", length=(1, BODY))


@strawberry.type(description="The case, or why there is none (联户诉求结果).")
class ReportForHouseholdPayload:
    case: Case | None = result_field("The case (诉求).")
    errors: list[Problem] = problems()


def helped_links(link: Table, viewer: ViewerScope) -> Alternatives:
    """Return links as whose helper one is named today: an ended one speaks for nobody."""
    return [Sql("{0}={1} and {2} is null", link.person_id, viewer.person, link.until)] if viewer.known() else []


@command(
    "Make a case of what a household asked its helper for, in its name (联户诉求转办).",
    requires=None,
    action=Action(PartyLink, (require_rows(helped_links),)),
)
async def report_for_household(call: Call, input: ReportForHouseholdInput) -> ReportForHouseholdPayload:
    link: LinkRow = await call.find(PartyLink, "link", id=key_of(PartyLink)(input.link))
    household, grid = await HouseholdRow.get(id=link.household_id), await GridRow.get(id=link.grid_id)
    # The command chooses the channel itself, so nobody is asked whether they may file by it.
    draft = CaseDraft(
        CaseKind.HELP,
        CHANNEL,
        input.category,
        input.title,
        input.description,
        grid.code,
        origin=Origin.REACTIVE,
        # In the household's name, so that the answer and the rating are theirs.
        requester=household.head_id or link.person_id,
    )
    case = await open_case(call, draft)
    # `shown`: the case belongs to the requester, but whoever reported it may read its number here.
    return ReportForHouseholdPayload(case=ref(Case, case.id, shown=True))


# A number and no list: what is due is found in the helper's own households.
DUE = """
select l.person_id, count(*)::int n from party.link l join people.household h on h.id=l.household_id
where l.until is null and h.visit_due_on<$1 and l.county_id=any($2::int[]) group by 1 order by 1
"""


@job("party.remind_of_visits", every=WEEK, offset=timedelta(hours=8))
async def remind_helpers(call: Call, run: JobRun) -> None:
    """Remind each helper once a week how many visits are due by its end; no list, no ranking."""
    # By when the run was due and not by the clock, so that a run that is late still tells of its own week.
    until = run.due.astimezone(CHINA).date() + WEEK
    for row in await call.fetch(DUE, until, list(run.counties)):
        about = NoticeDraft(
            "party.visits_due",
            Text("Households wait for a visit", "有联系户待走访"),
            Text(f"This week: {row['n']}.", f"本周待走访 {row['n']} 户。"),
        )
        await send_notice(call, about, persons=[row["person_id"]])


EXTENSIONS = (
    extend(
        Mutation,
        link_household=link_household,
        end_party_link=end_party_link,
        request_party_helper=request_party_helper,
        hand_over_households=hand_over_households,
        report_for_household=report_for_household,
    ),
)
