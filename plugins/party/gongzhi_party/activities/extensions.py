"""Activity fields: what activities add to the core's types and to the roots."""

from __future__ import annotations

import datetime

from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Connection, column, connection, entity, stream
from gongzhi.declare.extend import extend
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Alternatives, Sql

from ..events import ActivityChanged
from ..organisation.types import PartyBranch
from .types import PartyActivity, PartyFeedback, PartyParticipation, PartySeries, PartyTask

# By the tree of grids and not by columns: an organisation may work in grids of any level.
BELOW = (
    "{0}=any(array(select g.id from grids.grid g join grids.grid h on h.path @> g.path "
    "where h.code={1} and h.valid_to is null))"
)


@entity(OutboxRow, visible=visible_with(lambda: PartyActivity, "activity"))
class PartyHappening:
    """An activity was planned, moved, cancelled or held (活动变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    activity: PartyActivity | None = event_subject("The activity as it is now (活动).", "activity")


def checked_in(at: Frame) -> Alternatives:
    return [Sql("{0}='CHECKED_IN'", at.rows.state)]


EXTENSIONS = (
    extend(
        Grid,
        activities=connection(
            "Activities in it or below it (活动).",
            rows_inside,
            order="starts_at",
            type=Connection[PartyActivity] | None,
            requires=None,
        ),
    ),
    extend(
        Person,
        activities_attended=connection(
            "What they came to, the last first; for themselves, and for whoever arranged it (参加过的活动).",
            checked_in,
            on="person",
            order="-signed_at",
            type=Connection[PartyParticipation] | None,
            requires=None,
        ),
        activities_ahead=connection(
            "What they signed up for, or wait for (已报名活动).",
            lambda at: [Sql("{0} in ('SIGNED_UP','WAITING')", at.rows.state)],
            on="person",
            order="-signed_at",
            type=Connection[PartyParticipation] | None,
            requires=None,
        ),
        party_tasks=connection(
            "What was resolved that they do (负责的议定事项).",
            on="owner",
            order="due_on",
            type=Connection[PartyTask] | None,
            requires=None,
        ),
    ),
    extend(
        PartyBranch,
        activities=connection(
            "Its activities (活动).",
            on="branch",
            order="starts_at",
            type=Connection[PartyActivity] | None,
            requires=None,
        ),
    ),
    extend(
        PartyActivity,
        participations=connection(
            "Who comes; for whoever arranges it, and oneself (参加名单).",
            on="activity",
            order="signed_at",
            type=Connection[PartyParticipation] | None,
            requires=None,
        ),
        feedback=connection(
            "What those who came said, without names (评价明细).",
            on="activity",
            order="score",
            type=Connection[PartyFeedback] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        party_activities=connection(
            "Activities you may see (活动列表).",
            order="starts_at",
            type=Connection[PartyActivity] | None,
            requires=None,
        ),
        party_series=connection(
            "Series you may see (系列活动).", order="starts_at", type=Connection[PartySeries] | None, requires=None
        ),
    ),
    extend(
        Subscription,
        activity_changed=stream(
            "Activities in a grid and below it, as they are planned, moved, cancelled, held (活动变化).",
            lambda at: [Sql(BELOW, at.rows.grid_id, at.given.bind("grid"))],
            events=(ActivityChanged,),
            arguments={"grid": Argument(str, "The grid's code (网格编码).")},
            type=PartyHappening,
            requires=None,
        ),
    ),
)
