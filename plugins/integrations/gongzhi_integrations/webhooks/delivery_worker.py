"""Delivery worker: notes for each endpoint what happens, and delivers what is due, in every process.

One process at a time has a session with an endpoint, by a lock. All locks of a process are on one connection, which
also looks for what is due: once it is lost, all sessions end, for another process may have begun them. A worker that
dies between sending and writing down that it has sends again, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.runtime.context import Context
from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi.runtime.services import ProcessRun

from ..settings import IntegrationSettings
from .deliveries import Deliveries, Locks, find_busy, take_events
from .endpoint_sessions import EndpointSession
from .pacing import Pace, Slots
from .sender import Sender

log = logging.getLogger("gongzhi")

CONNECTIONS = 8
"""Connections that sessions share: none is held while a stranger's server takes its time. One more has the locks."""
SILENCE = 4
"""Seconds after which PostgreSQL ends the connection that has the locks, if nothing comes over it."""
POLL = 1.0
"""Seconds after which it looks, even if nothing was published: what failed is due again some time."""
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
"""What a lost connection to the database ends in."""


async def run_delivery_worker(run: ProcessRun) -> None:
    """Deliver events to endpoints for as long as this process runs."""
    async with run.open_pool(CONNECTIONS + 1) as pool:
        sender = make_sender(run.context())
        try:
            await DeliveryWorker(run.context, pool, sender).run(run.wait)
        finally:
            await sender.close()


def make_sender(context: Context) -> Sender:
    """Make what reaches the networks that the operator allows."""
    return Sender(OutboundNetworks(context.settings[IntegrationSettings].webhook_networks))


class DeliveryWorker:
    """Delivers. `pool` writes, and has `CONNECTIONS` and one more."""

    def __init__(self, context: Callable[[], Context], pool: asyncpg.Pool[Any], sender: Sender) -> None:
        self.context, self.pool, self.sender = context, pool, sender
        self.keys = context().keys
        # It spreads load and guards nothing, so it need not be hard to guess.
        self.chance = random.Random()
        self.slots = Slots()
        self.paces: dict[UUID, Pace] = {}
        self.under_way: dict[UUID, EndpointSession] = {}

    def now(self) -> datetime:
        """Return the moment by the deployment's clock."""
        return self.context().viewer.now

    async def run(self, wait: Callable[[float], Any]) -> None:
        """Deliver until cancelled; a lost connection is made anew."""
        while True:
            try:
                async with self.pool.acquire() as connection, asyncio.TaskGroup() as group:
                    # It says something each `POLL`. If this process is frozen, PostgreSQL gives the locks to others.
                    await connection.execute(f"set idle_session_timeout = '{SILENCE}s'")
                    await self.run_with_locks(Locks(connection), group, wait)
            except* LOST as lost:
                log.warning(
                    "webhooks wait for the database, and nothing is lost; look after the database: %s",
                    type(lost.exceptions[0]).__name__,
                )
            except* Exception:  # whatever it is, the next turn may do better
                log.exception("webhooks rest for a moment, and nothing is lost; report what is told below")
            await wait(POLL)

    async def run_with_locks(self, locks: Locks, group: asyncio.TaskGroup, wait: Callable[[float], Any]) -> None:
        """Note what happens and deliver what is due, for as long as the connection of the locks lasts."""
        while True:
            async with locks.turn:
                more = await take_events(locks.connection, self.context().events.types, self.now())
                busy = await find_busy(locks.connection, self.now())
            self.chance.shuffle(busy)  # nobody is always the last
            for id in busy:
                if session := self.under_way.get(id):
                    session.news.set()
                else:
                    group.create_task(self.contain_session(self.begin_session(id), locks))
            if not more:
                await wait(POLL)

    async def contain_session(self, session: EndpointSession, locks: Locks) -> None:
        """Deliver to one endpoint; whatever goes wrong is its own."""
        try:
            await self.deliver_locked(session, locks)
        except LOST as error:
            log.warning("an endpoint is left for a moment; look after the database: %s", type(error).__name__)
        except Exception:
            log.exception("an endpoint cannot be delivered to, and is tried again; report what is told below")

    async def drain(self) -> None:
        """Deliver all that is due, one endpoint after the other."""
        async with self.pool.acquire() as connection:
            while await take_events(connection, self.context().events.types, self.now()):
                pass
            for id in await find_busy(connection, self.now()):
                await self.deliver_locked(self.begin_session(id), Locks(connection))

    def begin_session(self, id: UUID) -> EndpointSession:
        """Note that this process delivers to an endpoint from now on."""
        pace = self.paces.setdefault(id, Pace())
        session = self.under_way[id] = EndpointSession(self, Deliveries(self.pool, id), pace)
        return session

    async def deliver_locked(self, session: EndpointSession, locks: Locks) -> None:
        """Deliver to an endpoint until nothing is due, unless another process does."""
        id = session.deliveries.id
        try:
            if not await locks.take(id):
                return
            await session.deliver()
        finally:
            # Before the lock is released: what is due from now on begins a session of its own, so nothing is lost.
            del self.under_way[id]
            with suppress(*LOST):  # with the connection the lock goes as well
                await locks.release(id)
