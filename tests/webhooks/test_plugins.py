"""Events of plugins are delivered to whoever names them and may follow their streams, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from ..plugins.conftest import Market, market  # noqa: F401 - a fixture
from .conftest import Desk, opened
from .receivers import Receiver

BELL = """
from uuid import UUID
from gongzhi.core.cases.events import Accepted
from gongzhi.core.cases.models import CaseRow
from gongzhi.declare.entity import stream
from gongzhi.declare.events import Event, event
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor
from gongzhi.runtime.jobs import handler
from gongzhi.declare.roots import Subscription


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
    \"""The bell was rung.\"""

    event_cursor: str = event_cursor()


@handler("bell.ring", Accepted)
async def ring(call, event):
    row = await CaseRow.get(id=event.case)
    for happened in (Rung(case=row.id, times=2), Oiled(case=row.id), Heard(case=row.id)):
        call.publish(happened, row)


@hookimpl
def events():
    return [Rung, Oiled, Heard]


@hookimpl
def handlers():
    return [ring]


@hookimpl
def permissions():
    return [Permission("bell.inspect", "Inspect bells (检查).", frozenset({"county_dispatcher"}))]


@hookimpl
def graphql():
    rung = stream("It was rung.", events=(Rung, Accepted), type=BellRung, requires=None)
    oiled = stream("It was oiled.", events=(Oiled,), type=BellRung, requires="bell.inspect")
    return [extend(Subscription, bell_rung=rung, bell_oiled=oiled)]
"""


@pytest_asyncio.fixture
async def belfry(market: Market, filled: str, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Desk]:  # noqa: F811
    market.ship("bell", BELL)
    async with opened(filled, tmp_path, receiver, market.load(essential=True)) as made:
        await made.server.worker.drain()
        yield made


async def test_named_event_is_delivered(belfry: Desk) -> None:
    """With what it declares; of a tip-off, which the system may not see, nothing comes."""
    await belfry.create(types=["bell.rung", "case.accepted"])
    sealed = await belfry.report(kind="TIP_OFF", against="610921-GDGS")
    number = await belfry.report()
    for one in (sealed, number):
        await belfry.accept(one)
    await belfry.server.worker.drain()
    await belfry.deliver()
    accepted, rung = sorted(belfry.receiver.take(), key=lambda one: one.body["type"], reverse=True)
    assert accepted.body["subject"] == number and accepted.body["data"]["case"]["status"] == "ACCEPTED"
    assert rung.body["type"] == "bell.rung" and rung.body["data"]["facts"]["times"] == 2
    assert rung.body["data"]["actor"] == "SYSTEM" and "case" not in rung.body["data"]


async def test_unnamed_event_is_not(belfry: Desk) -> None:
    """Who asks for everything asks for everything of cases."""
    await belfry.create()
    await belfry.accept(await belfry.report())
    await belfry.server.worker.drain()
    await belfry.deliver()
    assert belfry.receiver.types == ["case.reported", "case.accepted"]


async def test_hidden_types_are_refused(belfry: Desk) -> None:
    """What one may not follow is refused like what there is not."""
    asked = {"url": belfry.receiver.url, "grid": "610921"}
    answers = []
    for type in ("bell.oiled", "bell.heard", "bell.nothing"):
        payload = await belfry.system.do("createWebhook", "webhook { id }", types=[type], **asked)
        answers.append([(one["code"], one["message"], one["path"]) for one in payload["errors"]])
    assert answers[0] == answers[1] == answers[2] and answers[0][0][2] == ["types"]
