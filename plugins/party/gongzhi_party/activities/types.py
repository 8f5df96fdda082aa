"""Activity types: activities and coming to them, as the schema has them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Node, batch, column, embedded, entity, expression, many, one, pick, visible_to_all
from gongzhi.declare.filters import DateTimeComparison, compare_place, compare_term
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.context import Context

from .. import enums as enums
from .. import visibility
from ..models import (
    ActivityRow,
    ActivityState,
    Audience,
    FeedbackRow,
    Form,
    MinutesRow,
    PaperKind,
    PaperRow,
    ParticipationRow,
    ParticipationState,
    SeriesRow,
    Shift,
    TaskRow,
)
from ..organisation.types import FEWEST, NAME, PartyBranch
from ..visibility import CONVENE
from ..volunteers.types import VolunteerGroup
from . import check_in_codes
from .papers import content_sql

TAKEN = (
    "(select count(*)::int from party.participation p where p.activity_id={0} "
    "and p.state in ('SIGNED_UP','CHECKED_IN'))"
)
# Few answers would tell who gave which.
OPINION = f"""
(select case when count(*)>={FEWEST} then jsonb_build_object('score', round(avg(f.score), 1)::float8,
 'answers', count(*)) end from party.feedback f where f.activity_id={{0}})
"""


@strawberry.type(description="What people made of something, all together (评价汇总).")
class PartyOpinion:
    score: float = strawberry.field(description="From 1 to 5, on average (平均分).")
    answers: int = strawberry.field(description="How many answered (评价人数).")


@entity(
    SeriesRow,
    visible=visibility.visible_activities,
    order=("starts_at",),
    filter={"form": None, "grid": compare_place()},
)
class PartySeries(Node):
    """Activities that come again (系列活动)."""

    branch: PartyBranch | None = one("Whose (党组织).")
    grid: Grid | None = one("Where (网格).")
    form: Form = column("What sort (形式).")
    audience: Audience = column("For whom (对象).")
    title: str = column("The title (标题).")
    rule: str = column("When, as RFC 5545 has it, in China's time (重复规则).")
    starts_at: datetime.datetime = column("The first time by the rule (首次时间).")
    shift: Shift = column("What becomes of it on a day off (节假日安排).")
    ended_at: datetime.datetime | None = column("When it was ended before its time (提前结束时间).")
    activities: list[PartyActivity] = many("Each time (各次活动).", on="series", order="starts_at", cap=400)


@batch(needs=("id", "state"), requires=CONVENE)
def screen_codes(rows: Sequence[Any], context: Context) -> list[str | None]:
    """What the screen at the door shows now, new every quarter of a minute (签到码)."""
    return [
        check_in_codes.code_at(
            check_in_codes.screen_key(context.receipts, UUID(str(row.id))), UUID(str(row.id)), context.viewer.now
        )
        for row in rows
    ]


@batch(needs=("id", "state"), requires=CONVENE)
def screen_keys(rows: Sequence[Any], context: Context) -> list[str | None]:
    """The key by which a screen makes codes without a connection, in hexadecimal (离线签到屏密钥)."""
    return [check_in_codes.screen_key(context.receipts, UUID(str(row.id))).hex() for row in rows]


def starts_at(at: Frame) -> Any:
    return at.rows.starts_at


def in_china(moment: datetime.datetime) -> datetime.datetime:
    """Return a day or hour, in China's time if it has no offset, for that is where activities take place."""
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


@entity(
    ActivityRow,
    visible=visibility.visible_activities,
    order=("starts_at",),
    filter={
        "starts_at": compare_term(starts_at, DateTimeComparison, in_china),
        "form": None,
        "state": None,
        "audience": None,
        "grid": compare_place(),
    },
)
class PartyActivity(Node):
    """An activity (活动)."""

    series: PartySeries | None = one("The series it belongs to (所属系列).")
    original_at: datetime.datetime | None = column("When its series' rule has it (规则时间).")
    branch: PartyBranch | None = one("Whose it is (主办党组织).")
    group: VolunteerGroup | None = one("The volunteers who meet (志愿服务队).")
    grid: Grid | None = one("Where (网格).")
    form: Form = column("What sort (形式).")
    audience: Audience = column("For whom (对象).")
    title: str = column("The title (标题).")
    description: str | None = column("More about it (说明).")
    place: str = column("Where exactly (地点).")
    starts_at: datetime.datetime = column("When it begins (开始时间).")
    ends_at: datetime.datetime = column("When it ends (结束时间).")
    capacity: int | None = column("How many places there are; null for as many as come (名额).")
    spots_left: int | None = expression(
        "How many places are left (剩余名额).",
        # `greatest` leaves nulls out: without a capacity it would say that none is left.
        lambda at: Sql(f"case when {{1}} is not null then greatest(0,{{1}}-{TAKEN}) end", at.row.id, at.row.capacity),
    )
    state: ActivityState = column("Where it stands (状态).")
    reason: str | None = column("Why it was cancelled or moved (取消或改期原因).")
    mine: PartyParticipation | None = pick(
        "Whether the asker comes (本人参加情况).",
        lambda at: [Sql("{0}={1}", at.rows.person_id, at.viewer.person)],
        on="activity",
    )
    minutes: PartyMinutes | None = pick("What was said (会议记录).", on="activity")
    tasks: list[PartyTask] = many(
        "What is to be done, by whom and when (议定事项).", on="activity", order="due_on", cap=50
    )
    opinion: PartyOpinion | None = embedded(
        f"What those who came made of it; null for fewer than {FEWEST} answers (评价).",
        lambda at: Sql(OPINION, at.row.id),
    )
    check_in_code: str | None = screen_codes
    screen_key: str | None = screen_keys
    version: int = column("Grows with every change (版本).")


@batch(needs=("id", "person_id"), requires=None)
def pass_key(rows: Sequence[Any], context: Context) -> list[str | None]:
    """What one's own phone proves itself with where there is no connection (离线签到凭据)."""
    me = str(context.viewer.account.person)
    return [
        check_in_codes.participation_ticket(context.receipts, UUID(str(row.id))).hex()
        if str(row.person_id) == me
        else None
        for row in rows
    ]


def waiting_position(at: Frame) -> Any:
    text = (
        "case when {3}='WAITING' then 1+(select count(*)::int from party.participation w where w.activity_id={0} "
        "and w.state='WAITING' and (w.signed_at,w.id)<({1},{2})) end"
    )
    return Sql(text, at.row.activity_id, at.row.signed_at, at.row.id, at.row.state)


@entity(
    ParticipationRow,
    visible=visibility.visible_participations,
    order=("signed_at",),
    filter={"state": None},
    file=lambda row, viewer: Sql("array[{0}]", row.person_id),
)
class PartyParticipation(Node):
    """That somebody comes to an activity, waits for a place, or came (活动参加)."""

    activity: PartyActivity | None = one("To which (活动).", open=True)
    person: Person | None = one("Who, if you may see their file (人员).", open=True)
    name: str = expression("The name (姓名).", lambda at: Sql(NAME, at.row.person_id))
    state: ParticipationState = column("Where it stands (状态).", open=True)
    waiting_position: int | None = expression("The place among those who wait, from 1 (候补位次).", waiting_position)
    signed_at: datetime.datetime = column("Since when (报名时间).")
    checked_in_at: datetime.datetime | None = column("When they came (签到时间).")
    offline: bool = column("Whether the phone had no connection then (离线签到).")
    share: bool = column("Whether rules that reward coming may know of it, by their own choice (同意用于积分).")
    excuse: str | None = column("Why they could not come (请假原因).")
    offline_key: str | None = pass_key


@entity(PaperRow, visible=visible_to_all, through="minutes", order=("title",))
class PartyPaper(Node):
    """A photo or document beside minutes (会议附件)."""

    minutes: PartyMinutes | None = one("Beside which (会议记录).")
    kind: PaperKind = column("What it is (类型).")
    title: str = column("Its title (标题).")
    content: str = expression("The file in base64 (内容).", content_sql, sealed=True)


@entity(MinutesRow, visible=visible_to_all, through="activity", order=("recorded_at",))
class PartyMinutes(Node):
    """What was said at an activity (会议记录)."""

    activity: PartyActivity | None = one("At which (活动).")
    text: str = column("The text; it names no private person (内容).")
    attended: int = expression(
        "How many came (到会人数).",
        lambda at: Sql(
            "(select count(*)::int from party.participation p where p.activity_id={0} and p.state='CHECKED_IN')",
            at.row.activity_id,
        ),
    )
    papers: list[PartyPaper] = many("Photos and documents (附件).", on="minutes", order="title", cap=12)
    recorded_at: datetime.datetime = column("When it was written (记录时间).")


@entity(TaskRow, visible=visibility.visible_tasks, order=("due_on",), filter={"due_on": None})
class PartyTask(Node):
    """What was resolved: who does it, and by when (议定事项)."""

    activity: PartyActivity | None = one("At which activity (活动).")
    title: str = column("What (事项).")
    owner: Person | None = one("Who does it, if you may see their file (责任人).")
    due_on: datetime.date = column("By when (完成期限).")
    done: bool = expression("Whether it is done (是否完成).", lambda at: Sql("({0} is not null)", at.row.done_at))
    done_at: datetime.datetime | None = column("When it was (完成时间).")
    note: str | None = column("What came of it (结果).")


@entity(FeedbackRow, visible=visibility.visible_feedback, order=("score",))
class PartyFeedback(Node):
    """What somebody who came made of it; whoever arranges reads it without a name (活动评价)."""

    activity: PartyActivity | None = one("Of which (活动).")
    score: int = column("1 is worst, 5 is best (评分).")
    comment: str | None = column("Anything to add (意见).")
