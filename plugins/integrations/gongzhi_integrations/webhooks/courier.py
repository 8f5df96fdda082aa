"""Courier: puts down for each endpoint what happens, and visits those at which something is due, in every process.

One process at a time visits an endpoint, by a lock. All locks of a process are on one connection, which also looks for
what is due: once it is lost, all visits end, for another process may have begun them. A courier that dies between
sending and writing down that it has sends again, under the same id.
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
from .pacing import Pace, Places
from .sender import Sender
from .visits import Visit

log = logging.getLogger("gongzhi")

CONNECTIONS = 8
"""Connections that visits share: none is held while a stranger's server takes its time. One more has the locks."""
POLL = 1.0
"""Seconds after which it looks, even if nothing was published: what failed is due again some time."""
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
"""What a lost connection to the database ends in."""


async def run_courier(run: ProcessRun) -> None:
    """Deliver events to endpoints for as long as this process runs."""
    async with run.open_pool(CONNECTIONS + 1) as pool:
        sender = make_sender(run.context())
        try:
            await Courier(run.context, pool, sender).run(run.wait)
        finally:
            await sender.close()


def make_sender(context: Context) -> Sender:
    """Make what reaches the networks that the operator allows."""
    return Sender(OutboundNetworks(context.settings[IntegrationSettings].webhook_networks))


class Courier:
    """Delivers. `pool` writes, and has `CONNECTIONS` and one more."""

    def __init__(self, context: Callable[[], Context], pool: asyncpg.Pool[Any], sender: Sender) -> None:
        self.context, self.pool, self.sender = context, pool, sender
        self.keys = context().keys
        # It spreads load and guards nothing, so it need not be hard to guess.
        self.chance = random.Random()
        self.places = Places()
        self.paces: dict[UUID, Pace] = {}
        self.under_way: dict[UUID, Visit] = {}

    def now(self) -> datetime:
        """Return the moment by the deployment's clock."""
        return self.context().viewer.now

    async def run(self, wait: Callable[[float], Any]) -> None:
        """Deliver until cancelled; a lost connection is made anew."""
        while True:
            try:
                async with self.pool.acquire() as connection, asyncio.TaskGroup() as group:
                    await self.go_round(Locks(connection), group, wait)
            except* LOST as lost:
                log.warning(
                    "webhooks wait for the database, and nothing is lost; look after the database: %s",
                    type(lost.exceptions[0]).__name__,
                )
            except* Exception:  # whatever it is, the next turn may do better
                log.exception("webhooks rest for a moment, and nothing is lost; report what is told below")
            await wait(POLL)

    async def go_round(self, locks: Locks, group: asyncio.TaskGroup, wait: Callable[[float], Any]) -> None:
        """Put down what happens and visit whom it is due at, for as long as the connection of the locks lasts."""
        while True:
            async with locks.turn:
                more = await take_events(locks.connection, self.context().events.types, self.now())
                busy = await find_busy(locks.connection, self.now())
            self.chance.shuffle(busy)  # nobody is always the last
            for id in busy:
                if visit := self.under_way.get(id):
                    visit.news.set()
                else:
                    group.create_task(self.attend(self.expect(id), locks))
            if not more:
                await wait(POLL)

    async def attend(self, visit: Visit, locks: Locks) -> None:
        """Visit an endpoint; whatever goes wrong is its own."""
        try:
            await self.visit(visit, locks)
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
                await self.visit(self.expect(id), Locks(connection))

    def expect(self, id: UUID) -> Visit:
        """Note that an endpoint is visited from now on."""
        pace = self.paces.setdefault(id, Pace())
        visit = self.under_way[id] = Visit(self, Deliveries(self.pool, id), pace)
        return visit

    async def visit(self, visit: Visit, locks: Locks) -> None:
        """Deliver to an endpoint until nothing is due, unless another process does."""
        id = visit.deliveries.id
        try:
            if not await locks.take(id):
                return
            await visit.deliver()
        finally:
            # Before the lock is released: what is due from now on begins a visit of its own, and no word of it is lost.
            del self.under_way[id]
            with suppress(*LOST):  # with the connection the lock goes as well
                await locks.release(id)
