"""Event query: `events`, the page of events that polling answers, over GraphQL."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.core.events import types  # noqa: F401 - describes the enum, which has one form in the schema
from gongzhi.declare.entity import ref
from gongzhi.declare.events import Actor
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import MOST as MULTIPLIER
from gongzhi.declare.roots import Query
from gongzhi.runtime.checks import check_whole_number
from gongzhi.runtime.commands import payload_field, result_field
from gongzhi.runtime.context import Info
from strawberry import ID
from strawberry.scalars import JSON

from .event_pages import MOST, PAGE, find_start, read_page, write_event


@strawberry.type(description="Something that happened, in the form of CloudEvents 1.0: what was so then (事件).")
class CloudEvent:
    cursor: str = strawberry.field(description="Where it stands; `after` goes on from here (游标).")
    specversion: str = strawberry.field(description="The version of CloudEvents (规范版本).")
    id: ID = strawberry.field(description="Its id, the same wherever it is told (事件标识).")
    source: str = strawberry.field(description="The address of this deployment (来源).")
    type: str = strawberry.field(description="What happened, such as case.closed (类型).")
    time: datetime = strawberry.field(description="When (时间).")
    datacontenttype: str = strawberry.field(description="What the data are written in (数据格式).")
    dataversion: int = strawberry.field(description="The version of its data (数据版本).")
    actor: Actor = strawberry.field(description="Who did it (操作主体).")
    data: JSON = strawberry.field(description="Facts as they were then: codes and numbers (数据).")
    subject: str | None = strawberry.field(description="The number of the case (诉求编号).", default=None)
    county: str | None = strawberry.field(description="The code of the county (县级区划代码).", default=None)
    grid: str | None = strawberry.field(description="The code of the grid (网格编码).", default=None)
    caseid: ID | None = strawberry.field(description="The key of the case (诉求标识).", default=None)
    case: Case | None = result_field("The case as it is now (诉求).")


@strawberry.type(description="The next events, and where to go on (事件页).")
class CloudEventPage:
    events: list[CloudEvent] = strawberry.field(description="In their order (事件).", metadata={MULTIPLIER: MOST})
    cursor: str = strawberry.field(
        description="Go on from here, at once while there are events; it differs each time (游标)."
    )


async def find_events(
    info: Info,
    after: Annotated[str | None, strawberry.argument(description="The last cursor you have seen (续传游标).")] = None,
    since: Annotated[
        datetime | None, strawberry.argument(description="Or a time to begin with; neither: now (起始时间).")
    ] = None,
    first: Annotated[int, strawberry.argument(description=f"How many, {MOST} at most (前几条).")] = PAGE,
) -> CloudEventPage | None:
    """Return the next events that the caller may know of. Raises Refusal."""
    context = info.context
    check_whole_number(first, 1, MOST, "first")
    page = await read_page(context, await find_start(context, after, since), first)
    # The cases as references: they are planned and fetched by one statement, as far as the caller sees them.
    events = [
        CloudEvent(
            **{**write_event(context, event, county), "time": event.at, "actor": event.actor},
            case=ref(Case, event.case) if event.case else None,
        )
        for event, county in page.events
    ]
    return CloudEventPage(events=events, cursor=context.events.seal_cursor(page.position))


EXTENSIONS = (
    extend(
        Query,
        events=payload_field(
            "The next events behind a cursor or a time, for who asks now and then instead of following (事件查询).",
            find_events,
            requires=None,
        ),
    ),
)
