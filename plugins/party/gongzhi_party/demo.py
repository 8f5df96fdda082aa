"""Demo: branches and members, a year of activities, meetings and what they decided, all of it invented."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import HouseholdRow, LiaisonRow, Line, PersonRow
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind
from gongzhi_deadlines.calendars.reading import OF_COUNTY, parse_calendar
from gongzhi_resolutions.models import Body, ResolutionRow
from gongzhi_resolutions.records import create_resolution

from .activities import recurrence
from .models import (
    ActivityRow,
    ActivityState,
    AgendaRow,
    AttendanceRow,
    Audience,
    BallotRow,
    BranchKind,
    BranchRow,
    Choice,
    CoverageRow,
    DeliberationRow,
    DeliberationState,
    Duty,
    Form,
    LessonKind,
    LessonRow,
    LinkRow,
    Manner,
    MeetingRow,
    MeetingState,
    MemberRow,
    MemberStatus,
    OfficeRow,
    ProposalRow,
    SeriesRow,
    Shift,
    SlipRow,
    UrnRow,
    VotedRow,
)

MEMBERS, LINKED, ROOM = 30, 12, 15
PEOPLE, ALL_MEMBERS, MEETINGS, MATTERS = 126_000, 3_000, 500, 2_100
"""The whole county's people, and its members, meetings and matters as the study of its model counts them; a smaller
county has as many a head."""
TOPICS = "硬化入组道路", "修缮灌溉水渠", "垃圾集中清运", "安装村道路灯", "院坝环境整治", "留守老人助餐", "移风易俗约定"
# Those who are grown and not members yet, of each town as many as of any other.
JOIN = """
insert into party.member (id, grid_id, person_id, branch_id, status, joined_on, confirmed_on, version)
select md5('member' || p.id)::uuid, p.grid_id, p.id, p.branch, 'FULL', $2, $2, 1
from (select i.id, b.id branch, b.grid_id, row_number() over (partition by b.id order by i.id) n
 from party.branch b join people.person i on i.town_id=b.grid_id where i.birth_date<$3 and i.died_on is null
 and i.erased_at is null and not exists(select from party.member m where m.person_id=i.id)) p
order by p.n, p.id limit $1
"""
SERIES = (
    (Form.PARTY_DAY, "主题党日", "FREQ=MONTHLY;BYMONTHDAY=25;COUNT=12", 9, Shift.AFTER),
    (Form.COUNCIL_DAY, "周三议事日", "FREQ=WEEKLY;BYDAY=WE;COUNT=26", 15, Shift.SKIP),
    (Form.VOLUNTEERING, "红袖章志愿巡逻", "FREQ=MONTHLY;BYDAY=1SA;COUNT=12", 10, Shift.KEEP),
)
QUIZ = {
    "text": "接到“安全账户”转账电话，应当怎么办？",
    "options": ["按提示转账", "挂断并拨打 96110 核实"],
    "answer": 2,
    "explanation": "公检法机关不会设“安全账户”。",
}
HANDS = ((Choice.FOR, 12), (Choice.AGAINST, 1))
VOTES = ((Choice.FOR, 41), (Choice.AGAINST, 5), (Choice.ABSTAIN, 3))


async def load_demo(call: Call) -> None:
    """Load a party organisation for the demo county, unless there is one."""
    town = await GridRow.filter(kind=Kind.TOWN, valid_to=None).order_by("code").first()
    if town is None or await BranchRow.exists():
        return
    branch = await BranchRow.create(
        kind=BranchKind.BRANCH,
        name=f"{town.name}党支部（演示）",
        grid=town,
        founded_on=today(call) - timedelta(days=3000),
        station_place="党群服务中心一楼",
        station_hours="周一至周五 8:30—18:00",
    )
    await CoverageRow.create(branch=branch, grid=town, since=branch.founded_on)
    people = await PersonRow.filter(town_id=town.id, birth_date__lt="2000-01-01").order_by("id").limit(MEMBERS)
    await add_demo_members(call, branch, people)
    size = await PersonRow.all().count()
    await add_all_members(call, town, size)
    await add_all_meetings(call, size)
    await add_demo_activities(call, branch, town)
    await add_demo_resolution(call, town)
    for confirmed in (True, False):
        await add_demo_meeting(call, town, people[:ROOM], confirmed)
    await LessonRow.create(
        grid=town, kind=LessonKind.QUIZ, topic="反诈", title="反诈知识自测（演示）", text="三分钟学会识别常见骗局。",
        questions=[QUIZ], published_at=call.now,
    )  # fmt: skip


async def add_demo_members(call: Call, branch: BranchRow, people: list[PersonRow]) -> None:
    """Create members, the secretary, and households that members look after."""
    joined = today(call) - timedelta(days=4000)
    await MemberRow.bulk_create(
        [
            MemberRow(
                person=one, branch=branch, grid_id=branch.grid_id, status=MemberStatus.FULL, joined_on=joined,
                confirmed_on=joined,
            )
            for one in people
        ]
    )  # fmt: skip
    if not people:
        return
    since = today(call) - timedelta(days=400)
    await OfficeRow.create(
        branch=branch, duty=Duty.SECRETARY, person=people[0], since=since, term_ends_on=since + timedelta(days=1096)
    )
    own = [one.id for one in people]
    homes = await HouseholdRow.filter(town_id=branch.grid_id).exclude(head_id__in=own).order_by("id").limit(LINKED)
    for person, household in zip(people, homes, strict=False):
        if await LiaisonRow.exists(household=household, until=None):
            continue
        liaison = await LiaisonRow.create(household=household, person=person, line=Line.PARTY_MEMBER, since=since)
        await LinkRow.create(
            household=household, grid_id=household.grid_id, person=person, branch=branch, liaison=liaison, since=since
        )


async def add_all_members(call: Call, first: GridRow, size: int) -> None:
    """Create a branch for each other town, and as many members as the whole county has."""
    founded, joined = (today(call) - timedelta(days=days) for days in (3000, 4000))
    for town in await GridRow.filter(kind=Kind.TOWN, valid_to=None).exclude(id=first.id).order_by("code"):
        branch = await BranchRow.create(
            kind=BranchKind.BRANCH, name=f"{town.name}党支部（演示）", grid=town, founded_on=founded
        )
        await CoverageRow.create(branch=branch, grid=town, since=founded)
    # The statement that looks for people reads what this transaction has written.
    there = await MemberRow.all().count()
    await call.fetch(JOIN, max(0, share_of(ALL_MEMBERS, size) - there), joined, date(2000, 1, 1))


def share_of(whole: int, size: int) -> int:
    """Return how many of so many in the whole county a county with so many people has."""
    return whole * size // PEOPLE


async def add_all_meetings(call: Call, size: int) -> None:
    """Create meetings of the last two years, with the matters that they decided and made public."""
    villages = await GridRow.filter(kind=Kind.VILLAGE, valid_to=None).order_by("code")
    meetings = [
        ActivityRow(
            form=Form.COUNCIL_DAY, audience=Audience.PUBLIC, title="两说一商议事会（演示）", place="村党群服务中心",
            grid=villages[at % len(villages)], state=ActivityState.HELD,
            starts_at=(begun := call.now - timedelta(days=30 + 7 * (at % 100))), ends_at=begun + timedelta(hours=2),
        )
        for at in range(share_of(MEETINGS, size))
    ]  # fmt: skip
    if not meetings:
        return
    await ActivityRow.bulk_create(meetings, batch_size=500)
    # With the one that is told in full.
    held = [meetings[at % len(meetings)] for at in range(share_of(MATTERS, size) - 1)]
    titles = [f"{TOPICS[at % len(TOPICS)]}（演示）" for at in range(len(held))]
    resolutions = [
        ResolutionRow(
            grid_id=meeting.grid_id, body=Body.COUNCIL, title=f"关于{title}的决议", text="村集体组织，村民投工投劳。",
            decided_on=meeting.ends_at.astimezone(CHINA).date(), adopts=[], recorded_at=meeting.ends_at, account="demo",
            votes_for=38, votes_against=4, abstentions=3,
        )
        for meeting, title in zip(held, titles, strict=True)
    ]  # fmt: skip
    await ResolutionRow.bulk_create(resolutions, batch_size=500)
    await DeliberationRow.bulk_create(
        (
            DeliberationRow(
                title=title, text="村民反映，提请议事。", grid_id=meeting.grid_id, activity_id=meeting.id,
                resolution_id=decided.id, raised_at=meeting.starts_at - timedelta(days=10),
                state=DeliberationState.PUBLICISED, entitled=80, needed=40, present=45, opened_at=meeting.starts_at,
                decided_at=meeting.ends_at, public_from=decided.decided_on,
                public_to=decided.decided_on + timedelta(days=6),
            )
            for meeting, title, decided in zip(held, titles, resolutions, strict=True)
        ),
        batch_size=500,
    )  # fmt: skip


async def add_demo_activities(call: Call, branch: BranchRow, town: GridRow) -> None:
    """Create a year of activities, by the calendar."""
    [row] = await call.fetch(OF_COUNTY, town.county_id)
    calendar = parse_calendar(row["content"])
    for form, title, rule, hour, shift in SERIES:
        first = (call.now + timedelta(days=1)).astimezone(CHINA).replace(hour=hour, minute=0, second=0, microsecond=0)
        kept, turns = recurrence.plan_occurrences(rule, first, shift, calendar, call.now)
        shared: dict[str, Any] = {"branch": branch, "form": form, "audience": Audience.PUBLIC, "title": title}
        shared |= {"place": "党群服务中心", "grid_id": town.id}
        series = await SeriesRow.create(**shared, rule=kept, starts_at=turns[0].original, minutes=90, shift=shift)
        await ActivityRow.bulk_create(
            [
                ActivityRow(
                    **shared, series=series, original_at=one.original, starts_at=one.at,
                    ends_at=one.at + timedelta(minutes=90),
                )
                for one in turns
                if one.at
            ]
        )  # fmt: skip


async def add_demo_resolution(call: Call, town: GridRow) -> None:
    """Create a matter that was decided, and is public."""
    text = "修缮村口水渠，由村集体出资，村民投工投劳。"
    votes = (VOTES[0][1], VOTES[1][1], VOTES[2][1])
    resolution = await create_resolution(
        call, town, Body.COUNCIL, "关于修缮水渠的决议（演示）", text, today(call), votes=votes
    )
    matter = await DeliberationRow.create(
        title="修缮村口水渠（演示）",
        text="水渠年久失修，雨季倒灌，提请议事。",
        grid=town,
        raised_at=call.now - timedelta(days=30),
        state=DeliberationState.PUBLICISED,
        secret=True,
        entitled=80,
        needed=40,
        present=sum(votes),
        opened_at=call.now - timedelta(days=10),
        vote_until=call.now - timedelta(days=3),
        resolution=resolution,
        decided_at=call.now,
        public_from=today(call),
        public_to=today(call) + timedelta(days=6),
    )
    await AgendaRow.create(deliberation=matter, place=1, title="水渠修缮方案")
    proposal = await ProposalRow.create(
        deliberation=matter, place=1, text=text, votes_for=votes[0], votes_against=votes[1], abstentions=votes[2]
    )
    cast = [one for one, count in VOTES for _ in range(count)]
    await BallotRow.bulk_create([BallotRow(proposal=proposal, choice=one) for one in cast])
    await SlipRow.bulk_create([SlipRow(deliberation=matter, digest=secrets.token_bytes(32)) for _ in cast])
    await VotedRow.bulk_create([VotedRow(deliberation=matter) for _ in cast])


async def add_demo_meeting(call: Call, town: GridRow, people: list[PersonRow], confirmed: bool) -> None:
    """Create a matter that was voted on in the room: confirmed, or waiting for a second person."""
    held = call.now - timedelta(days=2)
    matter = await DeliberationRow.create(
        title="整治院坝环境（演示）" if confirmed else "安装村道路灯（演示）",
        text="院坝会上提出，现场商议并举手表决。",
        grid=town,
        raised_at=held,
        state=DeliberationState.COUNTED if confirmed else DeliberationState.RECORDED,
        quorum_percent=50,
        entitled=len(people),
        # Rounded up, as the quorum of a vote is.
        needed=-(-len(people) // 2),
        present=len(people) if confirmed else None,
        opened_at=held,
    )
    await AgendaRow.create(deliberation=matter, place=1, title="现场商议")
    meeting = await MeetingRow.create(
        deliberation=matter, held_at=held, place="村口大槐树下", manner=Manner.SHOW_OF_HANDS,
        state=MeetingState.CONFIRMED if confirmed else MeetingState.RECORDED, recorded_at=held, recorded_by="demo",
        decided_at=call.now if confirmed else None, decided_by="demo-second" if confirmed else None,
    )  # fmt: skip
    await AttendanceRow.bulk_create(
        [AttendanceRow(meeting=meeting, place=place, person=one) for place, one in enumerate(people, 1)]
    )
    await VotedRow.bulk_create([VotedRow(deliberation=matter, person=one) for one in people])
    cast = [one for one, count in HANDS for _ in range(count)][: len(people)]
    cast += [Choice.ABSTAIN] * (len(people) - len(cast))
    counts = (cast.count(Choice.FOR), cast.count(Choice.AGAINST), cast.count(Choice.ABSTAIN))
    told: dict[str, Any] = dict(zip(("votes_for", "votes_against", "abstentions"), counts, strict=True))
    proposal = await ProposalRow.create(
        deliberation=matter, place=1, text="由居民投工投劳，村集体出材料。", **(told if confirmed else {})
    )
    # A record that waits lies in the urn; counting makes it ballots.
    box: Any = BallotRow if confirmed else UrnRow
    await box.bulk_create([box(proposal=proposal, choice=one) for one in cast])
