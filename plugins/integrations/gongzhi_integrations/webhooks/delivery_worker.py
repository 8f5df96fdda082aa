"""Delivery worker: notes for each endpoint what happens, and delivers what is due, in every process.

One process at a time has a session with an endpoint, by a lock. All locks of a process are on one connection, which
also looks for what is due: once it is lost, all sessions end, for another process may have begun them. Nobody else has
a statement on it, and locks come and go with what it looks for anyway, so no session waits for a look. A worker that
dies between sending and writing down that it has sends again, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.runtime.context import Context
from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi.runtime.services import ProcessRun

from ..settings import IntegrationSettings
from .deliveries import Deliveries, find_busy, release, take_events
from .endpoint_sessions import EndpointSession
from .pacing import Pace, Slots
from .sender import Certificates, Sender, UnreadableCertificates

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
    try:
        sender = make_sender(run.context())
    except UnreadableCertificates as problem:
        log.error("webhooks wait, and nothing is lost: %s; mend the file, it is tried again", problem)
        return
    async with run.open_pool(CONNECTIONS + 1) as pool:
        try:
            await DeliveryWorker(run.context, pool, sender).run(run.wait)
        finally:
            await sender.close()


def make_sender(context: Context) -> Sender:
    """Make what reaches the networks that the operator allows, by certificates that they trust."""
    settings: IntegrationSettings = context.settings[IntegrationSettings]
    certificates = Certificates(settings.webhook_ca, settings.webhook_certificate)
    return Sender(OutboundNetworks(settings.webhook_networks), certificates=certificates)


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
        self.over: list[UUID] = []
        """Endpoints whose sessions have ended since the last look; they are still locked."""

    def now(self) -> datetime:
        """Return the moment by the deployment's clock."""
        return self.context().viewer.now

    async def run(self, wait: Callable[[float], Any]) -> None:
        """Deliver until cancelled; a lost connection is made anew."""
        while True:
            try:
                async with self.connect() as connection, asyncio.TaskGroup() as group:
                    while True:
                        more = await take_events(connection, self.context().events.types, self.now())
                        for session in await self.begin_sessions(connection):
                            group.create_task(self.contain_session(session))
                        if not more:
                            await wait(POLL)
            except* LOST as lost:
                log.warning(
                    "webhooks wait for the database, and nothing is lost; look after the database: %s",
                    type(lost.exceptions[0]).__name__,
                )
            except* Exception:  # whatever it is, the next turn may do better
                log.exception("webhooks rest for a moment, and nothing is lost; report what is told below")
            await wait(POLL)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Any]:
        """Take the connection that looks and has the locks, and end it afterwards: all locks go with it."""
        async with self.pool.acquire() as connection:
            # It says something each `POLL`. If this process is frozen, PostgreSQL gives the locks to others.
            await connection.execute(f"set idle_session_timeout = '{SILENCE}s'")
            await connection.execute("set synchronous_commit = off")  # see `LAZILY`
            self.over = []
            try:
                yield connection
            finally:
                connection.terminate()

    async def begin_sessions(self, connection: Any) -> list[EndpointSession]:
        """Let go of endpoints whose sessions have ended, tell the others what is due, and begin new ones."""
        over, self.over = self.over, []
        if over:
            await release(connection, over)
        full = {id for id, session in self.under_way.items() if session.find_room() <= 0}
        deliveries = [id for session in self.under_way.values() for id in session.under_way]
        told, locked = await find_busy(connection, self.now(), self.under_way.keys() - full, full, deliveries)
        for id in told:
            if session := self.under_way.get(id):
                session.news.set()
        self.chance.shuffle(locked)  # nobody is always the last
        return [self.begin_session(id, account) for id, account in locked]

    async def contain_session(self, session: EndpointSession) -> None:
        """Deliver to one endpoint; whatever goes wrong is its own."""
        try:
            await self.deliver(session)
        except LOST as error:
            log.warning("an endpoint is left for a moment; look after the database: %s", type(error).__name__)
        except Exception:
            log.exception("an endpoint cannot be delivered to, and is tried again; report what is told below")

    async def drain(self) -> None:
        """Deliver all that is due, one endpoint after the other."""
        async with self.connect() as connection:
            while await take_events(connection, self.context().events.types, self.now()):
                pass
            for session in await self.begin_sessions(connection):
                await self.deliver(session)
            # The connection ends behind this, and PostgreSQL may notice only after the next one looks.
            await release(connection, self.over)

    def begin_session(self, id: UUID, account: UUID) -> EndpointSession:
        """Note that this process delivers to an endpoint from now on."""
        pace = self.paces.setdefault(id, Pace())
        session = self.under_way[id] = EndpointSession(self, Deliveries(self.pool, id), account, pace)
        return session

    async def deliver(self, session: EndpointSession) -> None:
        """Deliver to an endpoint until nothing is due."""
        try:
            await session.deliver()
        finally:
            # Before the lock is released: what is due from now on begins a session of its own, so nothing is lost.
            del self.under_way[session.deliveries.id]
            self.over.append(session.deliveries.id)
