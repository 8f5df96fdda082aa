"""Meetings in the room (就地召开): attendance and votes recorded by the chair, confirmed by a second person.

What the room said goes into the urn that other votes use, so confirming it is counting it: the same ballots, roll and
recount. A show of hands leaves ballots of nobody's, a roll call those of whom it names.
"""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import MembershipRow, PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import require_rows
from gongzhi.runtime.checks import (
    check_moment,
    check_whole_number,
    invalid_input,
    is_given,
    not_found,
)
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..events import MeetingConfirmed, MeetingRecorded, MeetingRefused
from ..lookups import lives_in_grid
from ..models import (
    AttendanceRow,
    Choice,
    DeliberationRow,
    DeliberationState,
    Manner,
    MeetingRow,
    MeetingState,
    ParticipationRow,
    ParticipationState,
    ProposalRow,
    ProxyRow,
    UrnRow,
    VotedRow,
    Voters,
)
from ..visibility import DELIBERATE
from .agenda import (
    DeliberationPayload,
    load_deliberation,
    on_deliberation,
    save_deliberation,
)
from .counting import count_votes, empty_urn, withdraw_meeting
from .types import MatterProposal
from .voting import call_to_vote, voting_age_birthday

LATEST = timedelta(days=7)
"""How long after a meeting its chair records it."""
Roll = dict[UUID, UUID]
"""Whose votes there are: the person, and what votes, themselves or their household."""


@strawberry.input(description="How many hands were raised about a proposal; all others abstain (举手结果).")
class MatterHandsInput:
    proposal: ID = input_field("Of which (方案).")
    votes_for: int = input_field("For it (赞成).")
    votes_against: int = input_field("Against it (反对).")


@strawberry.input(description="What somebody said when they were called (唱名结果).")
class MatterCallInput:
    proposal: ID = input_field("Of which (方案).")
    person: ID = input_field("Who, of those who are on the list or stood for by one of them (表决人).")
    choice: Choice = input_field("What (意见).")


@strawberry.input(description="What a meeting came to in the room (登记现场会议).")
class RecordMatterMeetingInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("On which matter (议事).")
    expected_version: int = input_field(EXPECTED)
    held_at: datetime.datetime = input_field(f"When, {LATEST.days} days ago at most (召开时间).")
    place: str = input_field("Where (地点).", length=(1, 200))
    attendance: list[ID] = input_field(
        "Who was there; whoever checked in at the meeting of the agenda need not be named again (到会人员).",
        default_factory=list,
    )
    manner: Manner = input_field("How it voted (表决方式).")
    voters: Voters = input_field("Who has a vote (表决单位).", default=Voters.PERSON)
    quorum_percent: int = input_field(
        "How many of those who have a vote must be there, in per cent (法定比例).", between=(1, 100), default=50
    )
    hands: list[MatterHandsInput] = input_field(
        "Of a show of hands, the numbers for every proposal (举手结果).", default_factory=list
    )
    calls: list[MatterCallInput] = input_field(
        "Of a roll call, what each said; who is not named abstains (唱名结果).", default_factory=list, items=20_000
    )


# Recorded anew as long as nobody has confirmed: the earlier record is withdrawn as a whole.
RECORDABLE = (DeliberationState.ANNOUNCED, DeliberationState.RECORDED)


@command(
    "Record a meeting that voted in the room; it counts once a second person confirms it, and until then it can be "
    "recorded anew (登记现场会议).",
    requires=DELIBERATE,
    action=on_deliberation(*RECORDABLE),
)
async def record_matter_meeting(call: Call, input: RecordMatterMeetingInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    held_at = check_moment(call.now, input.held_at, LATEST, "heldAt")
    proposals = [one.id for one in await ProposalRow.filter(deliberation=row).order_by("place")]
    await call_to_vote(call, row, input.voters, input.quorum_percent)
    # What was recorded before is destroyed before anything new goes in, or votes would be counted twice.
    await empty_urn(call, row)
    await withdraw_meeting(row)
    meeting = await MeetingRow.create(
        deliberation=row, held_at=held_at, place=input.place, manner=input.manner,
        recorded_at=call.now, recorded_by=call.viewer.account.name or "",
    )  # fmt: skip
    roll = await take_attendance(call, row, meeting, input.attendance)
    # By votes and not by heads: where households vote, two people of one count once.
    require_quorum(row, len(set(roll.values())))
    if input.manner == Manner.SHOW_OF_HANDS:
        await record_hands(call, input, proposals, len(set(roll.values())))
    else:
        await record_calls(input, proposals, roll)
    row.state = DeliberationState.RECORDED
    # For staff: what the room said is no news before a second person confirms it.
    call.publish(MeetingRecorded(row.id, meeting.id), row)
    await ask_the_room(call, row, meeting)
    return await save_deliberation(row)


async def take_attendance(call: Call, row: DeliberationRow, meeting: MeetingRow, ids: list[ID]) -> Roll:
    """Put down who was there and whose written proxies were; return those who have a vote, each once."""
    named = [key_of(Person)(id) for id in ids]
    checked_in = await find_checked_in(row)
    # Whoever checked in at the agenda's activity need not be named again. Each once, in a stable order.
    present = list(dict.fromkeys([key for key in named if key] + checked_in))
    proxies = await ProxyRow.filter(deliberation=row, proxy_id__in=present).order_by("at", "id")
    # Whoever came themselves votes themselves, proxy or not.
    stood_for = {one.principal_id: one.proxy_id for one in proxies if one.principal_id not in present}
    people = {one.id: one for one in await PersonRow.filter(id__in=[*present, *stood_for], erased_at=None)}
    for place, key in enumerate(named):
        # Told by its place in the list, and the same for who is unknown and who may not be named.
        if key not in people or not may_attend(call, row, people[key]):
            en = "Name adults who live there; find them by their whole names (`findPeopleToName`)."
            raise not_found(en, "到会人员须为本网格年满十八周岁的居民，可按姓名查找。", "attendance", str(place))
    entitled = {key for key, one in people.items() if may_attend(call, row, one)}
    # Whoever stands for another has a vote as well.
    able = [key for key in (*present, *stood_for) if {key, stood_for.get(key, key)} <= entitled]
    if not able:
        raise invalid_input("Say who was there.", "请登记到会人员。", "attendance")
    # They are named by somebody else, so their own log says that they were.
    call.concern(*able)
    await AttendanceRow.bulk_create(
        [
            AttendanceRow(meeting=meeting, place=place, person_id=key, proxy_id=stood_for.get(key))
            for place, key in enumerate(able, 1)
        ]
    )
    roll = await households_of(able) if row.voters == Voters.HOUSEHOLD else {key: key for key in able}
    # Reversed, so that of a household's members the first one named stands for it on the roll.
    first = {voter: person for person, voter in reversed(roll.items())}
    home = row.voters == Voters.HOUSEHOLD
    await VotedRow.bulk_create(
        [VotedRow(deliberation=row, person_id=one, household_id=of if home else None) for of, one in first.items()]
    )
    return roll


async def find_checked_in(row: DeliberationRow) -> list[UUID]:
    """Return who checked in at the activity that the agenda names."""
    if row.activity_id is None:
        return []
    came = ParticipationRow.filter(activity_id=row.activity_id, state=ParticipationState.CHECKED_IN)
    return [one.person_id for one in await came.order_by("checked_in_at", "id")]


def may_attend(call: Call, row: DeliberationRow, person: PersonRow) -> bool:
    """Tell whether somebody has a vote in a deliberation and may be named for it."""
    # Without a date of birth on file somebody counts as of age: the village knows its people.
    old = person.birth_date is None or person.birth_date <= voting_age_birthday(call)
    alive = person.died_on is None and person.restricted_at is None
    return old and alive and lives_in_grid(person, row.grid_id)


async def households_of(people: list[UUID]) -> Roll:
    """Return the household that each of these people votes for; without one they have no vote."""
    members = await MembershipRow.filter(person_id__in=people, until=None)
    homes = {one.person_id: one.household_id for one in members}
    return {key: homes[key] for key in people if key in homes}


def require_quorum(row: DeliberationRow, present: int) -> None:
    """Refuse a meeting to which too few came."""
    if present < (row.needed or 0):
        raise Refusal(
            "QUORUM_MISSED",
            f"{present} of the {row.needed} votes that are needed were there. Call another meeting.",
            f"到会表决数 {present}，未达到法定数 {row.needed}，请另行召开。",
            ("attendance",),
        )


# Rows of nobody's with random keys, as a secret vote has them; as many as hands were raised.
HANDS = (
    "insert into party.urn (id, proposal_id, choice) select gen_random_uuid(), $1, $2 from generate_series(1, $3::int)"
)


async def record_hands(call: Call, input: RecordMatterMeetingInput, proposals: list[UUID], present: int) -> None:
    """Put the hands that were raised about every proposal into the urn; whoever raised none abstains."""
    if input.calls:
        raise invalid_input("A show of hands names nobody.", "举手表决不登记个人意见。", "calls")
    hands = {key_of(MatterProposal)(one.proposal): one for one in input.hands}
    if set(hands) != set(proposals) or len(input.hands) != len(proposals):
        raise invalid_input("Give the numbers for every proposal, once.", "须对每个方案各登记一次票数。", "hands")
    for place, one in enumerate(input.hands):
        check_whole_number(one.votes_for, 0, present, "hands", str(place), "votesFor")
        # No more hands than people; who raises none is the rest.
        check_whole_number(one.votes_against, 0, present - one.votes_for, "hands", str(place), "votesAgainst")
        numbers = {Choice.FOR: one.votes_for, Choice.AGAINST: one.votes_against}
        numbers[Choice.ABSTAIN] = present - one.votes_for - one.votes_against
        for choice, many in numbers.items():
            await call.fetch(HANDS, key_of(MatterProposal)(one.proposal), choice.value, many)


async def record_calls(input: RecordMatterMeetingInput, proposals: list[UUID], roll: Roll) -> None:
    """Put what each said when they were called into the urn; whoever said nothing abstains."""
    if input.hands:
        raise invalid_input("A roll call has names and no numbers.", "唱名表决须逐人登记，不填写票数。", "hands")
    said: dict[tuple[UUID, UUID], tuple[UUID, Choice]] = {}
    for place, one in enumerate(input.calls):
        proposal, person = key_of(MatterProposal)(one.proposal), key_of(Person)(one.person)
        if proposal not in proposals:
            raise not_found("It is not voted on here.", "该方案不属于本次议事。", "calls", str(place), "proposal")
        if person not in roll:
            en = "They have no vote here: name who was there or stood for."
            raise not_found(en, "该人员不在到会表决名单内。", "calls", str(place), "person")
        # Of a household the first one called has said it.
        if (proposal, roll[person]) in said:
            en = "This vote is on the list already."
            raise invalid_input(en, "该表决意见重复登记。", "calls", str(place), "person")
        said[proposal, roll[person]] = person, one.choice
    for person, voter in reversed(roll.items()):
        for proposal in proposals:
            said.setdefault((proposal, voter), (person, Choice.ABSTAIN))
    # With the person, as an open vote has it: the room heard what each said.
    votes = [UrnRow(proposal_id=of, choice=choice, person_id=who) for (of, _), (who, choice) in said.items()]
    await UrnRow.bulk_create(votes)


async def ask_the_room(call: Call, row: DeliberationRow, meeting: MeetingRow) -> None:
    """Notify those who came of what is on record of them: each may say whether it was so."""
    # Not who was stood for: they were not in the room and cannot say.
    people: list[Any] = await AttendanceRow.filter(meeting=meeting, proxy_id=None).values_list("person_id", flat=True)
    told_of = NoticeDraft(
        "party.meeting_recorded",
        Text("A meeting you were at is on record", "您参加的现场会议已登记"),
        Text(
            "Its result waits for a second person. Confirm it, or say that it was not so.",
            "现场表决结果待复核，您可以确认，也可以指出与实际不符。",
        ),
        f"Deliberation:{row.id}",
    )
    await send_notice(call, told_of, persons=people)


@strawberry.input(description="A second person's word on a meeting in the room (复核现场会议).")
class ConfirmMatterMeetingInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("On which matter (议事).")
    expected_version: int = input_field(EXPECTED)
    confirm: bool = input_field("Whether it was so (是否属实).")
    reason: str | None = input_field(
        "Why not; whoever sees the matter reads it (不属实原因).", length=(1, 500), default=UNSET
    )


def witnessed_deliberations(deliberation: Table, viewer: ViewerScope) -> Alternatives:
    """Return deliberations one leads, and those in whose room one was oneself: whoever was stood for is no witness."""
    there = (
        "exists(select from party.meeting m join party.attendance a on a.meeting_id=m.id where m.deliberation_id={0} "
        "and a.person_id={1} and a.proxy_id is null)"
    )
    came = [Sql(there, deliberation.id, viewer.person)] if viewer.known() else []
    return widen_rows(viewer.within(deliberation, DELIBERATE), *came)


# A village may have one leader only; whoever was in the room is a witness.
CONFIRMING = on_deliberation(DeliberationState.RECORDED, who=(require_rows(witnessed_deliberations),))


@command(
    "Say whether a meeting in the room was as its chair recorded it: somebody else who leads there, or who was in the "
    "room (复核现场会议).",
    requires=None,
    two_persons=True,
    action=CONFIRMING,
)
async def confirm_matter_meeting(call: Call, input: ConfirmMatterMeetingInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    # The version seen and this state are what is confirmed: a record made anew needs a new word.
    meeting = await MeetingRow.get(deliberation=row, state=MeetingState.RECORDED)
    # Not the chair, and nobody appointed by or together with them.
    await require_independence(call, "deliberation", meeting.recorded_by)
    meeting.decided_at, meeting.decided_by = call.now, call.viewer.account.name
    if input.confirm:
        meeting.state = MeetingState.CONFIRMED
        await count_votes(call, row, await VotedRow.filter(deliberation=row).count())
        call.publish(MeetingConfirmed(row.id, meeting.id), row)
    else:
        if not is_given(input.reason):
            raise invalid_input("Say what was not so.", "请说明与实际不符之处。", "reason")
        meeting.state, meeting.reason = MeetingState.REFUSED, input.reason
        # Refused: nothing of the votes or of who was there is left, only the reason.
        await empty_urn(call, row)
        # As if the vote had not been called, so that the meeting can be recorded anew.
        row.state, row.entitled, row.needed, row.opened_at = DeliberationState.ANNOUNCED, None, None, None
        call.publish(MeetingRefused(row.id, meeting.id), row)
    await meeting.save()
    # The chair learns of it either way, and of the reason.
    await send_notice(call, meeting_notice(row, meeting), accounts=[meeting.recorded_by])
    return await save_deliberation(row)


def meeting_notice(row: DeliberationRow, meeting: MeetingRow) -> NoticeDraft:
    """Build the notice that tells the chair of a second person's word."""
    if meeting.state == MeetingState.CONFIRMED:
        title = Text("Your record of a meeting is confirmed", "您登记的现场会议已复核")
        body = Text("It is counted; put the decision on record.", "已计票，请及时形成决议。")
    else:
        title = Text("Your record of a meeting was not confirmed", "您登记的现场会议未通过复核")
        body = Text("Read why, and record the meeting anew.", "请查看原因后重新登记。")
    return NoticeDraft("party.meeting_decided", title, body, f"Deliberation:{row.id}")


EXTENSIONS = (
    extend(Mutation, record_matter_meeting=record_matter_meeting, confirm_matter_meeting=confirm_matter_meeting),
)
