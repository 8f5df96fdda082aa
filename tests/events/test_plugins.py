"""What plugins add: events and streams of their own, tests of them, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.graphql.schema import build_schema
from gongzhi_server.testing import serve_application

from ..plugins.conftest import Market, market  # noqa: F401 - a fixture
from .conftest import MATTER, station

BELL = '''
from uuid import UUID
from gongzhi.core.cases.events import Accepted
from gongzhi.runtime.commands import Problem, command, input_field, problems
from gongzhi.core.cases.models import CaseRow
from gongzhi.declare.entity import stream
from gongzhi.declare.events import Event, event
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_subject, event_cursor
from gongzhi.runtime.jobs import handler
from gongzhi.declare.filters import compare_place
from gongzhi.declare.roots import Subscription


@event("bell.rung", "The bell was rung for a case.")
class Rung(Event):
    case: UUID
    times: int


@entity(OutboxRow, visible=visible_with(lambda: Case, "case"), filter={"grid": compare_place()})
class BellRung:
    """The bell was rung."""

    cursor: str = event_cursor()
    case: Case | None = event_subject("For which case.", "case")


@handler("bell.ring", Accepted)
async def ring(call, event):
    call.publish(Rung(case=event.case, times=2), await CaseRow.get(id=event.case))


@hookimpl
def events():
    return [Rung]


@hookimpl
def handlers():
    return [ring]


@hookimpl
def graphql():
    rung = stream("The bell was rung.", events=(Rung,), type=BellRung, requires=None)
    return [extend(Subscription, bell_rung=rung)]
'''
RUNG = "subscription($after: String) { bellRung(after: $after) { cursor case { number } } }"


async def test_plugin_has_its_stream(market: Market, own: str, tmp_path: Path) -> None:  # noqa: F811
    """Fed by a handler that runs by itself; tip-offs are told to those who see them, as everywhere."""
    market.ship("bell", BELL)
    async with station(own, tmp_path, market.load()) as server:
        county = server.as_("county_dispatcher", grid="610921")
        cursor = await server.cursor()
        seeing = await county.follow(RUNG, after=cursor)
        other = await server.as_("integrator", grid="610921").follow(RUNG, after=cursor)
        sealed = await server.report(kind="TIP_OFF", against="610921-GDGS")
        await county.take("acceptCase", sealed)
        assert (await seeing.event())["case"]["number"] == sealed
        number = await server.report()
        await county.take("acceptCase", number)
        assert (await other.event())["case"]["number"] == number == (await seeing.event())["case"]["number"]


@pytest.fixture
def database(own: str) -> str:
    return own


async def test_kit_runs_the_background(
    market: Market, own: str, tmp_path: Path, events: Callable[..., Any]  # noqa: F811
) -> None:  # fmt: skip
    package = market.ship("bell", BELL)
    async with serve_application(own, tmp_path, plugins=market.load()) as server:
        payload = await server.do("reportCase", "case { number }", **MATTER)
        county = server.as_("county_dispatcher", grid="610921")
        await county.do("acceptCase", "case { id }", number=payload["case"]["number"], expectedVersion=1)
        assert [one.type for one in await events()] == ["case.reported", "case.accepted"]
        await server.worker.drain()
        [rung] = await events("bell.rung")
        assert rung.read(sys.modules[package].Rung).times == 2 and rung.actor == "SYSTEM"


WRONG = {
    "the event 'door.shut' must begin with 'bell.'": """
        from gongzhi.declare.events import Event, event
        @event("door.shut", "It was shut.")
        class Shut(Event):
            times: int
        @hookimpl
        def events():
            return [Shut]
    """,
    "Plain is no event; decorate it with @event": """
        from gongzhi.declare.events import Event
        class Plain(Event):
            times: int
        @hookimpl
        def events():
            return [Plain]
    """,
    "waits for 'bell.rung', which nobody declares": """
        from gongzhi.declare.events import Event, event
        from gongzhi.runtime.jobs import handler
        @event("bell.rung", "It was rung.")
        class Rung(Event):
            times: int
        @handler("bell.hear", Rung)
        async def hear(call, event): ...
        @hookimpl
        def handlers():
            return [hear]
    """,
    "the job 'door.open' must begin with 'bell.'": """
        from gongzhi.runtime.jobs import job
        @job("door.open")
        async def open(call, run): ...
        @hookimpl
        def jobs():
            return [open]
    """,
    "Subscription.bellRung must say who may ask for it": """
        from gongzhi.core.cases.events import Accepted
        from gongzhi.declare.entity import stream
        from gongzhi.core.events.types import CaseHappening
        from gongzhi.declare.roots import Subscription
        @hookimpl
        def graphql():
            return [extend(Subscription, bell_rung=stream("It rang.", events=(Accepted,), type=CaseHappening))]
    """,
    "is a stream of events, so its type must be an entity over the outbox": """
        from gongzhi.core.cases.events import Accepted
        from gongzhi.declare.entity import stream
        from gongzhi.declare.roots import Subscription
        @hookimpl
        def graphql():
            rung = stream("It rang.", events=(Accepted,), type=Case, requires=None)
            return [extend(Subscription, bell_rung=rung)]
    """,
}


@pytest.mark.parametrize("said", WRONG)
def test_wrong_declarations_name_the_plugin(market: Market, said: str) -> None:  # noqa: F811
    market.ship("bell", WRONG[said])
    with pytest.raises(Problem) as refused:
        build_schema(market.load())
    assert str(refused.value).startswith("plugin 'bell' (gongzhi-bell 3.1): ") and said in str(refused.value)


def test_undeclared_event_is_not_told() -> None:
    """A server without the plugin has no place for its events."""
    from gongzhi.core.cases.events import Rated
    from gongzhi.declare.events import Code, Registry
    from gongzhi.values.errors import DeclarationError
    from gongzhi_server.events.outbox import Outbox, TransactionEvents

    told = TransactionEvents(Outbox(Registry(())), None)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=r"'case\.rated' is published and nobody declares it"):
        told.publish(Rated(number=Code(str(uuid4())), rating=1, solved=True), None)
