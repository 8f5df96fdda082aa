"""Types: events as the schema has them, and the streams of the core."""

from __future__ import annotations

import datetime

import strawberry
from strawberry.scalars import JSON

from gongzhi.core.cases.events import EVENTS
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import column, entity, expression, live, lookup, one, stream
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.events import Actor
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import bind

from .models import OutboxRow
from .rules import visible_to_staff
from .stream_fields import event_cursor

describe_enum(
    Actor,
    "Actor",
    "What kind of actor an act came from (操作主体).",
    STRANGER="Somebody without an account (访客)",
    RESIDENT="A resident (居民)",
    STAFF="Somebody in office (工作人员)",
    SYSTEM="A program (系统)",
)


@entity(
    OutboxRow,
    visible=visible_to_staff,
    through="case",
    filter={"type": None, "at": None, "grid": compare_place()},
    name="Event",
)
class CaseHappening:
    """Something that happened to a case, in codes and numbers; it is told in the order of cursors (事件)."""

    cursor: str = event_cursor()
    id: strawberry.ID = expression("Its id, the same wherever it is told (事件标识).", lambda at: at.row.id)
    type: str = column("What happened, such as case.closed (类型).")
    version: int = column("The version of its data (版本).")
    at: datetime.datetime = column("When (时间).")
    actor: Actor = column("Who did it (操作主体).")
    case: Case | None = one("The case as it is now (诉求).")
    data: JSON = column("Facts as they were then: codes and numbers (数据).")


EXTENSIONS = (
    extend(
        Query,
        event_cursor=expression(
            "Where events stand now. Ask for it with or before what you load, and follow `after` it: whatever the "
            "answer does not show yet is told, and some of what it shows, too (当前游标).",
            # Bound before the statement runs: what is committed in between is told again, not passed over.
            lambda at: bind(lambda variables, context: context.events.seal_cursor(), "text"),
            type=str,
        ),
    ),
    extend(
        Subscription,
        case_events=stream("Events of the cases you may see (诉求事件).", events=EVENTS, type=CaseHappening),
        case_changed=live(
            lookup(
                "A case as it is, and again whenever something happens to it (诉求变化).",
                "Its number (编号).",
                by="number",
                type=Case | None,
            ),
            events=EVENTS,
            touches=lambda event, given: bool(event.data.get("number") == given["number"]),
        ),
    ),
)
