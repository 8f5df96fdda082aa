"""Bell: a plugin with events of its own, whose streams need a permission or none."""

from __future__ import annotations

from uuid import UUID

from gongzhi.core.cases.events import Accepted
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.types import Case
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor
from gongzhi.declare.entity import entity, stream
from gongzhi.declare.events import Event, Occurrence, event
from gongzhi.declare.extend import Extension, extend
from gongzhi.declare.roots import Subscription
from gongzhi.plugin.hooks import hookimpl
from gongzhi.plugin.permissions import Permission
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import Handler, handler


@event("bell.rung", "The bell was rung for a case.")
class Rung(Event):
    case: UUID
    times: int


@event("bell.oiled", "The bell was oiled.")
class Oiled(Event):
    case: UUID


@event("bell.heard", "Nobody is told.")
class Heard(Event):
    case: UUID


@entity(OutboxRow, visible=visible_with(lambda: Case, "case"))
class BellRung:
    """The bell was rung."""

    event_cursor: str = event_cursor()


@handler("bell.ring", Accepted)
async def ring(call: Call, event: Occurrence) -> None:
    row = await CaseRow.get(id=event.case)
    for happened in (Rung(case=row.id, times=2), Oiled(case=row.id), Heard(case=row.id)):
        call.publish(happened, row)


@hookimpl
def events() -> list[type[Event]]:
    return [Rung, Oiled, Heard]


@hookimpl
def handlers() -> list[Handler]:
    return [ring]


@hookimpl
def permissions() -> list[Permission]:
    return [Permission("bell.inspect", "Inspect bells (检查).", frozenset({"county_dispatcher"}))]


@hookimpl
def graphql() -> list[Extension]:
    rung = stream("It was rung.", events=(Rung, Accepted), type=BellRung, requires=None)
    oiled = stream("It was oiled.", events=(Oiled,), type=BellRung, requires="bell.inspect")
    return [extend(Subscription, bell_rung=rung, bell_oiled=oiled)]
