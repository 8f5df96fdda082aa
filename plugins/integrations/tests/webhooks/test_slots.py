"""Pacing: an endpoint earns slots by taking deliveries and loses them by hanging; accounts have bounds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gongzhi_integrations.webhooks import pacing
from gongzhi_integrations.webhooks.pacing import Pace, Slots
from gongzhi_integrations.webhooks.sender import TIMEOUT, Attempt

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def test_single_refusals_are_no_failure() -> None:
    """Five new events in a row have to miss, and ten seconds to pass in which nothing is taken."""
    pace = Pace()
    for _ in range(pacing.MISSES - 1):
        pace.note(Attempt(422), True, NOW)
    for _ in range(20):
        pace.note(Attempt(422), False, NOW)  # what is tried again may be refused for ever
    assert not pace.takes_nothing(NOW)
    pace.note(Attempt(422), True, NOW)
    assert pace.takes_nothing(NOW) and pace.window == 1
    pace.note(Attempt(204), False, NOW)
    assert not pace.takes_nothing(NOW + timedelta(days=1))


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
    assert given == [10.0, 5.0, TIMEOUT, 5.0, 5.0, TIMEOUT, 5.0]
    assert pace.window == 1 and pace.slow
    assert not pace.takes_nothing(NOW) and pace.takes_nothing(NOW + timedelta(seconds=10))


async def test_slow_wait_for_each_other_alone() -> None:
    """Fifty that ran out of time in the same moment are at the database two at a time, and others at once."""
    slots = Slots()
    async with slots.turn(True), slots.turn(True):
        third = asyncio.create_task(take_turn(slots))
        async with slots.turn(False):
            await asyncio.sleep(0)
        assert not third.done()
    await third


async def take_turn(slots: Slots) -> None:
    async with slots.turn(True):
        pass


async def test_places_are_shared_out() -> None:
    """An account's own bound, and that of the slow, leave slots for everybody else; who leaves lets the next in."""
    slots = Slots()
    greedy, other = uuid4(), uuid4()
    held = await slots.take(greedy, False, 1000)
    assert len(held) == pacing.OF_ACCOUNT and slots.are_taken(greedy, False) and not slots.are_taken(other, False)
    slow = [await slots.take(uuid4(), True, 1) for _ in range(pacing.SLOW_SLOTS)]
    assert slots.are_taken(other, True) and not slots.are_taken(other, False)
    waiting = asyncio.create_task(slots.take(other, True, 1))
    given_up = asyncio.create_task(slots.take(greedy, False, 1))
    await asyncio.sleep(0)
    given_up.cancel()
    slow[0][0].release()
    assert len(await waiting) == 1
    await asyncio.wait([given_up])
    held[0].release()
    assert len(await slots.take(greedy, False, 5)) == 1
