"""Who gets how much: an endpoint that refuses, hangs or is gone costs its own events time, and nobody else's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_integrations.webhooks import pacing
from gongzhi_integrations.webhooks.courier import Courier
from gongzhi_integrations.webhooks.pacing import Pace, Places
from gongzhi_integrations.webhooks.sender import TIMEOUT, Attempt
from gongzhi_server.plugins.ownership import acting_as

from .conftest import Desk, enrol
from .receivers import receiving

NOW = datetime(2026, 6, 30, tzinfo=UTC)
HANGING = 50
COPIES = """
insert into webhooks.webhook (id, account_id, url, types, secret, state, position, created_at, version, grid_id,
  county_id, town_id, village_id, grid_1_id, grid_2_id, grid_3_id)
select gen_random_uuid(), a.id, $2, w.types, w.secret, 'ACTIVE', w.position, w.created_at, 1, w.grid_id,
  w.county_id, w.town_id, w.village_id, w.grid_1_id, w.grid_2_id, w.grid_3_id
from webhooks.webhook w, accounts.account a, generate_series(1, 10) where a.name = $1 and w.id = $3
"""
"""Endpoints of another account, beside the one that there is."""


async def test_refused_events_hold_nobody_up(desk: Desk) -> None:
    """Every second event is refused, some of them first; all the others come at once, and so does what is new."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create()
    numbers = [await desk.report() for _ in range(12)]
    bad = set(numbers[::2])
    desk.receiver.answer = lambda got: (422 if got.body["subject"] in bad else 204, "")
    await desk.deliver()
    assert {one.body["subject"] for one in desk.receiver.take()} == set(numbers)
    new = await desk.report()
    await desk.deliver()
    assert [one.body["subject"] for one in desk.receiver.take()] == [new]
    desk.clock.move(seconds=13)
    await desk.deliver()
    assert {one.body["subject"] for one in desk.receiver.take()} == bad


async def test_only_who_takes_nothing_rests(desk: Desk) -> None:
    """After five in a row; then one at a time is tried, and the first that is taken brings all the others."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create()
    numbers = [await desk.report() for _ in range(9)]
    desk.receiver.answer = lambda got: (500, "")
    await desk.deliver()
    await desk.deliver()
    assert len(desk.receiver.take()) == pacing.MISSES
    desk.clock.move(seconds=11)
    await desk.deliver()
    [probe] = desk.receiver.take()
    desk.receiver.answer = lambda got: (204, "")
    desk.clock.move(minutes=3)
    await desk.deliver()
    assert {one.body["subject"] for one in desk.receiver.take()} == set(numbers)
    assert probe.body["subject"] == numbers[pacing.MISSES]  # one that was never tried before


async def test_retry_after_of_one_event_is_its_own(desk: Desk) -> None:
    """A conflict says when to come back with this event; only 429 and 503 speak for the receiver."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create()
    early, late = await desk.report(), await desk.report()
    desk.receiver.answer = lambda got: (409 if got.body["subject"] == early else 204, "retry-after: 3600\r\n")
    await desk.deliver()
    assert [one.body["subject"] for one in desk.receiver.take()] == [early, late]
    desk.receiver.answer = lambda got: (429, "retry-after: 3600\r\n")
    await desk.report()
    await desk.deliver()
    desk.receiver.take()
    await desk.report()
    await desk.deliver()
    assert desk.receiver.take() == []


async def test_who_hangs_starves_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty endpoints never answer; a healthy one gets its events, and each of the others only one."""
    monkeypatch.setattr(pacing, "TIMEOUT", 3600.0)
    made = await desk.create()
    names = [f"slow-{at}" for at in range(HANGING // 10)]
    async with receiving() as hanging:
        hanging.ready.clear()
        for name in names:
            await enrol(desk.database, name, key=f"gzk_{name:k<43}")
            await desk.database.execute(COPIES, name, hanging.url, made["webhook"]["id"].removeprefix("Webhook:"))
        news = asyncio.Event()
        going = asyncio.create_task(run(desk.courier, news))
        try:
            for _ in range(3):
                number = await desk.report()
                await desk.database.execute("select events.number(1000)")
                news.set()
                async with asyncio.timeout(120):  # for a machine that is busy with other things; it takes no second
                    while number not in [one.body["subject"] for one in desk.receiver.got]:
                        desk.receiver.more.clear()
                        await desk.receiver.more.wait()
            assert len(hanging.got) <= HANGING
            assert max(len(one.sending) for one in desk.courier.under_way.values()) == 1
        finally:
            going.cancel()
            await asyncio.wait([going])
            await desk.database.execute("delete from accounts.account where name = any($1)", names)


async def run(courier: Courier, news: asyncio.Event) -> None:
    """The courier as the server runs it, told of news."""

    async def wait(seconds: float) -> Any:
        await news.wait()
        news.clear()

    with acting_as("integrations"):
        await courier.run(wait)


def test_pace_grows_and_falls() -> None:
    pace = Pace()
    for _ in range(20):
        pace.note(Attempt(204), True, NOW)
    assert pace.window == pacing.WIDEST and pace.timeout == TIMEOUT
    pace.note(Attempt(422), True, NOW)
    assert pace.window == pacing.WIDEST
    given = []
    for _ in range(7):
        pace.note(Attempt(error="TIMEOUT", seconds=20.0), True, NOW)
        given.append(pace.timeout)
    # One that needs nineteen seconds still recovers: each third attempt may take as long as ever.
    assert given == [TIMEOUT, TIMEOUT, TIMEOUT, 5.0, 5.0, TIMEOUT, 5.0]
    assert pace.window == 1 and pace.slow
    assert not pace.takes_nothing(NOW) and pace.takes_nothing(NOW + timedelta(seconds=10))


async def test_places_are_shared_out() -> None:
    """An account's own bound, and that of the slow, leave places for everybody else; who leaves lets the next in."""
    places = Places()
    greedy, other = uuid4(), uuid4()
    held = await places.take(greedy, False, 1000)
    assert len(held) == pacing.OF_ACCOUNT and places.are_taken(greedy, False) and not places.are_taken(other, False)
    slow = [await places.take(uuid4(), True, 1) for _ in range(pacing.SLOW_PLACES)]
    assert places.are_taken(other, True) and not places.are_taken(other, False)
    waiting = asyncio.create_task(places.take(other, True, 1))
    given_up = asyncio.create_task(places.take(greedy, False, 1))
    await asyncio.sleep(0)
    given_up.cancel()
    slow[0][0].leave()
    assert len(await waiting) == 1
    await asyncio.wait([given_up])
    held[0].leave()
    assert len(await places.take(greedy, False, 5)) == 1
