"""Deliberation types: deliberations as the schema has them, public from the agenda on; secret votes never are."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    part,
    pick,
    visible_to_all,
    within_row,
)
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql, any_of
from gongzhi_resolutions.types import Resolution
from pypika_tortoise.queries import Table

from .. import enums as enums
from .. import visibility
from ..activities.types import PartyActivity, PartyOpinion, PartyTask
from ..models import (
    AgendaRow,
    AttendanceRow,
    BallotRow,
    Choice,
    DeliberationRow,
    DeliberationState,
    EvaluationRow,
    ExecutionRow,
    Manner,
    MeetingRow,
    MeetingState,
    ProposalRow,
    ProxyRow,
    SlipRow,
    SpeakerRow,
    UrnRow,
    Voters,
)
from ..organisation.types import FEWEST, NAME

COUNTED = "case when {0} is not null then jsonb_build_object('for',{0},'against',{1},'abstain',{2}) end"
# While votes are taken the roll is counted; afterwards the number that was stored.
PRESENT = "coalesce({1},(select count(*)::int from party.voted v where v.deliberation_id={0}))"
EVALUATED = f"""
(select case when count(*)>={FEWEST} then jsonb_build_object('score', round(avg(e.score), 1)::float8,
 'answers', count(*)) end from party.evaluation e where e.deliberation_id={{0}})
"""


THERE = (
    "case when {1} in ('RECORDED','CONFIRMED') then "
    "(select count(*)::int from party.attendance a where a.meeting_id={0}) end"
)
# The numbers of a record that waits: read from the urn, which in this state alone is opened (see visibility).
RECORDED = """
(select case when count(*)>0 then jsonb_build_object('for',count(*) filter (where u.choice='FOR'),
 'against',count(*) filter (where u.choice='AGAINST'),'abstain',count(*) filter (where u.choice='ABSTAIN')) end
 from party.urn u where u.proposal_id={0} and ({1}))
"""


@strawberry.type(description="What a count came to (计票结果).")
class VoteCount:
    for_: int = strawberry.field(name="for", description="Votes for (赞成).")
    against: int = strawberry.field(description="Votes against (反对).")
    abstain: int = strawberry.field(description="Abstentions (弃权).")


@strawberry.type(description="The first and the last day of something (起止日期).")
class MatterPublicity:
    from_: datetime.date = strawberry.field(name="from", description="The first day (起).")
    to: datetime.date = strawberry.field(description="The last day (止).")


@entity(AgendaRow, visible=visible_to_all, through="deliberation", order=("place",))
class MatterAgendaItem(Node):
    """An item of a published agenda (议程)."""

    deliberation: Deliberation | None = one("Of which deliberation (议事).")
    place: int = column("Its place, from 1 (序号).")
    title: str = column("What it is about (事项).")


@entity(SpeakerRow, visible=visible_to_all, through="deliberation", order=("at",))
class MatterSpeaker(Node):
    """Somebody who wants to be heard; by asking, they agree that their name is called (发言人)."""

    deliberation: Deliberation | None = one("Where (议事).")
    name: str = expression("The name (姓名).", lambda at: Sql(NAME, at.row.person_id))
    topic: str = column("What they want to speak of (发言主题).")
    at: datetime.datetime = column("When they asked (申请时间).")


@entity(BallotRow, visible=visible_to_all, through="proposal", order=("choice",), filter={"choice": None})
class VoteBallot(Node):
    """A vote of a closed count, for recounting; nobody's in a secret vote (选票)."""

    proposal: MatterProposal | None = one("On which proposal (方案).")
    choice: Choice = column("What it says (意见).")
    person: Person | None = one("Whose, in an open vote, if you may see their file (投票人).")


@entity(
    UrnRow, visible=visibility.visible_recorded_votes, through="proposal", order=("choice",), filter={"choice": None}
)
class MatterCall(Node):
    """What a chair recorded that somebody said in the room, until a second person confirms it (唱名记录)."""

    proposal: MatterProposal | None = one("On which proposal (方案).")
    choice: Choice = column("What they said (意见).")
    # A value of the row and not a `Person`: whoever was in the room may read the name, and no file.
    name: str | None = expression(
        "Who; null in a show of hands (表决人).",
        lambda at: Sql(f"(case when {{0}} is not null then {NAME} end)", at.row.person_id),
    )


def recorded_numbers(at: Frame) -> Any:
    """Build the numbers of what may be seen of the room's record."""
    seen = visibility.visible_recorded_votes(Table("urn", schema="party", alias="u"), at.viewer)
    return Sql(RECORDED, at.row.id, any_of(Sql("false"), *seen or ()))


@entity(ProposalRow, visible=visible_to_all, through="deliberation", order=("place",))
class MatterProposal(Node):
    """What is put to the vote (表决方案)."""

    deliberation: Deliberation | None = one("In which deliberation (议事).")
    place: int = column("Its place, from 1 (序号).")
    text: str = column("The proposal (内容).")
    votes: VoteCount | None = embedded(
        "What the count came to; null until the vote is closed (计票结果).",
        lambda at: Sql(COUNTED, at.row.votes_for, at.row.votes_against, at.row.abstentions),
    )
    recorded: VoteCount | None = embedded(
        "What the chair of a meeting recorded and nobody has confirmed yet, for who leads or was there (待复核票数).",
        recorded_numbers,
    )
    calls: Connection[MatterCall] = connection(
        "The same vote by vote, with the names of a roll call (唱名记录).", on="proposal", order="choice"
    )
    ballots: Connection[VoteBallot] = connection(
        "Every vote once it is closed, so that anybody can recount (选票).", on="proposal", order="choice"
    )


@entity(ExecutionRow, visible=visible_to_all, through="deliberation", order=("at",))
class MatterExecution(Node):
    """How a decision is carried out (落实)."""

    deliberation: Deliberation | None = one("Which decision (议事).")
    case: Case | None = one("By which case, if you may see it (诉求).")
    task: PartyTask | None = one("By which task (事项).")
    at: datetime.datetime = column("Since when (时间).")


@entity(EvaluationRow, visible=visibility.visible_evaluations, order=("score",))
class MatterEvaluation(Node):
    """What one made of a result oneself (成效评价)."""

    deliberation: Deliberation | None = one("Of which deliberation (议事).")
    score: int = column("1 is worst, 5 is best (评分).")


@entity(ProxyRow, visible=visibility.visible_proxies, order=("at",))
class VoteProxy(Node):
    """A written proxy; seen by both and by whoever leads (书面委托)."""

    deliberation: Deliberation | None = one("For which vote (议事).")
    principal: str = expression("Whose vote (委托人).", lambda at: Sql(NAME, at.row.principal_id))
    proxy: str = expression("Who casts it (受托人).", lambda at: Sql(NAME, at.row.proxy_id))
    at: datetime.datetime = column("When it was put on record (登记时间).")


@entity(AttendanceRow, visible=visibility.visible_attendance, through="meeting", order=("place",))
class MatterAttendance(Node):
    """Somebody who was in the room; seen by themselves and by whoever leads (到会人员)."""

    meeting: MatterMeeting | None = one("At which meeting (会议).")
    place: int = column("The place on the list, from 1 (序号).")
    name: str = expression("The name (姓名).", lambda at: Sql(NAME, at.row.person_id))
    proxy: str | None = expression(
        "Who was there with their written proxy; null for who came (受托人).",
        lambda at: Sql(f"(case when {{0}} is not null then {NAME} end)", at.row.proxy_id),
    )


@entity(MeetingRow, visible=visible_to_all, through="deliberation", order=("held_at",))
class MatterMeeting(Node):
    """A meeting that voted in the room, as its chair recorded it; it counts once it is confirmed (现场会议)."""

    deliberation: Deliberation | None = one("On which matter (议事).")
    held_at: datetime.datetime = column("When (召开时间).")
    place: str = column("Where (地点).")
    manner: Manner = column("How it voted (表决方式).")
    state: MeetingState = column("Where its record stands (记录状态).")
    present: int | None = expression(
        "How many were in the room or had a proxy there; null once its record was refused or taken back (到会人数).",
        lambda at: Sql(THERE, at.row.id, at.row.state),
    )
    attendance: Connection[MatterAttendance] = connection(
        "Who was there, if you may see it (到会人员).", on="meeting", order="place"
    )
    recorded_at: datetime.datetime = column("When its chair recorded it (记录时间).")
    decided_at: datetime.datetime | None = column("When a second person confirmed or refused it (复核时间).")
    reason: str | None = column("Why it was refused (未通过原因).")


@entity(SlipRow, visible=visible_to_all, through="deliberation")
class VoteReceipt:
    """That a vote is among those that were put in; it tells nothing of whose and what (投票回执)."""

    deliberation: Deliberation | None = one("In which vote (议事).")
    included: bool = expression("Always true: a receipt that is not found is null (已计入).", lambda at: Sql("true"))


@part
class VoteQuorum:
    """How many must vote, and how many have (法定人数)."""

    entitled: int | None = expression("How many have a vote (有表决权数).", lambda at: at.row.entitled)
    needed: int | None = expression("How many must vote (需到数).", lambda at: at.row.needed)
    present: int | None = expression("How many have (已参加数).", lambda at: Sql(PRESENT, at.row.id, at.row.present))


@part
class MatterDecision:
    """What was decided (决定)."""

    text: str | None = expression(
        "The decision (内容).",
        lambda at: Sql("(select r.text from resolutions.resolution r where r.id={0})", at.row.resolution_id),
    )
    at: datetime.datetime | None = expression("When (时间).", lambda at: at.row.decided_at)
    resolution: Resolution | None = pick(
        "The resolution that others adopt rules by (决议).",
        lambda at: [Sql("{0}={1}", at.rows.id, at.row.resolution_id)],
    )


def publication_sql(at: Frame) -> Any:
    text = "case when {0} is not null then jsonb_build_object('from',{0},'to',{1}) end"
    return Sql(text, at.row.public_from, at.row.public_to)


@entity(
    DeliberationRow,
    visible=visibility.visible_deliberations,
    order=("raised_at",),
    filter={"state": None, "raised_at": None, "grid": compare_place()},
)
class Deliberation(Node):
    """A matter under deliberation, from where it came to what came of it (议事)."""

    title: str = column("In a few words (标题).")
    text: str = column("The matter; it names no private person (内容).")
    grid: Grid | None = one("Whom it concerns (网格).")
    case: Case | None = one("The case it came from, if you may see it (来源诉求).")
    activity: PartyActivity | None = one("The meeting where it is talked about (议事会).")
    raised_at: datetime.datetime = column("When it was raised (提出时间).")
    state: DeliberationState = column("Where it stands (状态).")
    agenda: list[MatterAgendaItem] = many("The published agenda (议程).", on="deliberation", order="place", cap=30)
    speakers: list[MatterSpeaker] = many("Who wants to be heard (发言人).", on="deliberation", order="at", cap=100)
    proposals: list[MatterProposal] = many(
        "What is put to the vote (表决方案).", on="deliberation", order="place", cap=20
    )
    meetings: list[MatterMeeting] = many(
        "Meetings in the room, with what became of their records (现场会议).",
        on="deliberation",
        order="held_at",
        cap=20,
    )
    voters: Voters = column("Who has a vote (表决单位).")
    secret: bool = column("Whether the vote is secret (是否无记名).")
    vote_until: datetime.datetime | None = column("Until when votes are taken (投票截止).")
    voted: bool = expression(
        "Whether the asker, or their household, has voted (本人或本户已投票).",
        lambda at: Sql(
            "exists(select from party.voted v where v.deliberation_id={0} and (v.person_id={1} or v.household_id in "
            "(select m.household_id from people.membership m where m.person_id={1} and m.until is null)))",
            at.row.id,
            at.viewer.person,
        ),
    )
    quorum: VoteQuorum | None = within_row(
        "How many must vote (法定人数).", lambda at: Sql("{0} is not null", at.row.needed)
    )
    decision: MatterDecision | None = within_row(
        "What was decided; null so far (决定).", lambda at: Sql("{0} is not null", at.row.resolution_id)
    )
    execution: list[MatterExecution] = many("How it is carried out (落实).", on="deliberation", order="at", cap=50)
    publicity: MatterPublicity | None = embedded("When the result is made public (公示期).", publication_sql)
    evaluation: PartyOpinion | None = embedded(
        f"What those it affects make of it; null for fewer than {FEWEST} answers (成效评价).",
        lambda at: Sql(EVALUATED, at.row.id),
    )
    reason: str | None = column("Why it was dropped (终止原因).")
    version: int = column("Grows with every change (版本).")
