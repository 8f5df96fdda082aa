"""Who gets how much: an endpoint that refuses, hangs or is gone costs its own events time, and nobody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gongzhi_integrations.webhooks import endpoint_sessions, pacing
from gongzhi_integrations.webhooks.deliveries import BUSY, RECORD
from gongzhi_integrations.webhooks.delivery_worker import DeliveryWorker
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.testing import TODAY

from .conftest import Desk, enrol
from .receivers import receiving

HANGING = 50
COPIES = """
insert into webhooks.webhook (id, account_id, url, types, secret, state, position, created_at, version, grid_id,
  county_id, town_id, village_id, grid_1_id, grid_2_id, grid_3_id)
select gen_random_uuid(), a.id, $2, w.types, w.secret, 'ACTIVE', w.position, w.created_at, 1, w.grid_id,
  w.county_id, w.town_id, w.village_id, w.grid_1_id, w.grid_2_id, w.grid_3_id
from webhooks.webhook w, accounts.account a, generate_series(1, 10) where a.name = $1 and w.id = $3
"""
"""Endpoints of another account, beside the one that there is."""
COPIED = """
insert into webhooks.delivery (id, webhook_id, event_id, position, type, at, state, attempts)
select gen_random_uuid(), w.id, gen_random_uuid(), n, 'case.closed', now(), 'DELIVERED', 1
from webhooks.webhook w, generate_series(1, 5000) n
"""


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
            await enrol(desk.connection, name, key=f"gzk_{name:k<43}")
            await desk.connection.execute(COPIES, name, hanging.url, made["webhook"]["id"].removeprefix("Webhook:"))
        news = asyncio.Event()
        going = asyncio.create_task(run(desk.worker, news))
        try:
            for _ in range(3):
                number = await desk.report()
                await desk.connection.execute("select events.number(1000)")
                news.set()
                async with asyncio.timeout(120):  # for a machine that is busy with other things; it takes no second
                    while number not in [one.body["subject"] for one in desk.receiver.got]:
                        desk.receiver.more.clear()
                        await desk.receiver.more.wait()
            assert len(hanging.got) <= HANGING
            assert max(len(one.sending) for one in desk.worker.under_way.values()) == 1
        finally:
            going.cancel()
            await asyncio.wait([going])
            await desk.connection.execute("delete from accounts.account where name = any($1)", names)


async def test_nothing_is_put_down_for_who_is_late(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an answer is late, what happens stays in the outbox; once it has come, all the rest is delivered."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    monkeypatch.setattr(endpoint_sessions, "SLOW", 0.0)
    await desk.create()
    numbers = [await desk.report()]
    desk.receiver.ready.clear()
    news = asyncio.Event()
    going = asyncio.create_task(run(desk.worker, news))
    try:
        async with asyncio.timeout(60):
            await desk.connection.execute("select events.number(1000)")
            news.set()
            while not await desk.connection.fetchval("select rests_until from webhooks.webhook"):
                await asyncio.sleep(0.01)
            numbers += [await desk.report() for _ in range(5)]
            await desk.connection.execute("select events.number(1000)")
            news.set()
            while news.is_set():
                await asyncio.sleep(0.01)
            assert await desk.connection.fetchval("select count(*) from webhooks.delivery") == 1
            monkeypatch.setattr(endpoint_sessions, "SLOW", 3600.0)
            desk.receiver.ready.set()
            while len(desk.receiver.got) < len(numbers):
                news.set()
                await asyncio.sleep(0.01)
        assert sorted(one.body["subject"] for one in desk.receiver.got) == numbers  # cases go side by side
        assert await desk.connection.fetchval("select rests_until from webhooks.webhook") is None
    finally:
        going.cancel()
        await asyncio.wait([going])


async def test_few_rows_are_found_whatever_statistics_say(desk: Desk) -> None:
    """Where nothing waited when PostgreSQL last looked, and thousands do now, no statement goes through all of them."""
    await desk.create()
    transaction = desk.connection.transaction()
    await transaction.start()
    try:
        await desk.connection.execute("set local plan_cache_mode = force_generic_plan")
        await desk.connection.execute("update webhooks.delivery set state = 'FAILED'")
        await desk.connection.execute(COPIED)
        await desk.connection.execute("analyze webhooks.delivery")
        record = await explain(desk, RECORD, *([] for _ in range(10)), TODAY)
        assert "delivery_pkey" in record and "webhook_id" not in record
        assert "Index Cond: (webhook_id = w.id)" in await explain(desk, BUSY, TODAY, [], [], [])
    finally:
        await transaction.rollback()


async def explain(desk: Desk, statement: str, *given: Any) -> str:
    return "\n".join(row[0] for row in await desk.connection.fetch(f"explain {statement}", *given))


async def run(worker: DeliveryWorker, news: asyncio.Event) -> None:
    """The worker as the server runs it, told of news."""

    async def wait(seconds: float) -> Any:
        await news.wait()
        news.clear()

    with acting_as("integrations"):
        await worker.run(wait)
