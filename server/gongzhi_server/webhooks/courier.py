"""Goes round the endpoints. Every process has a courier, and an endpoint is delivered to by one of them at a time.

Events are taken from the outbox in their order. Of each case only the first that waits is sent, so a case's events
arrive in order: what could not be delivered holds back what comes after it in the same case, and nothing else. A
courier that dies between sending and writing down that it has sends again, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.core.notices.sending import Moment, Notice, notify
from gongzhi.core.webhooks.commands import TEST
from gongzhi.core.webhooks.models import WebhookRow, WebhookState
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values.errors import Text
from tortoise.transactions import in_transaction

from gongzhi_server.auth.account_lookup import Accounts
from gongzhi_server.auth.claims import OnBehalf
from gongzhi_server.events.sequencer import LOST, POLL
from gongzhi_server.gateway.interfaces import Refused

from . import schedule
from .bodies import Bodies
from .log import BUSY, Log, Outcome
from .post import GONE, Attempt, Post

log = logging.getLogger("gongzhi")

ENDPOINTS = 8
"""Endpoints that are delivered to side by side; each takes a connection."""
IN_FLIGHT = 8
"""Deliveries of one endpoint side by side, each of another case; one while it fails."""
REASONS = {
    "GONE": Text("The receiver says that it is gone for good (410).", "接收方声明已永久停用（410）。"),
    "FAILING": Text(
        "Nothing has been taken for a day. Nothing is lost: activate it when the receiver works again.",
        "一天内未能成功投递。数据未丢失，接收方恢复后请重新启用。",
    ),
    "ACCOUNT": Text("Its account is suspended.", "所属账户已停用。"),
}


class Courier:
    """Delivers. `pool` writes, and has a connection for each of `ENDPOINTS`."""

    def __init__(
        self,
        pool: asyncpg.Pool[Any],
        accounts: Accounts,
        bodies: Bodies,
        post: Post,
        keys: KeyRing,
        now: Callable[[], datetime],
    ) -> None:
        self.pool, self.accounts, self.bodies, self.post, self.keys, self.now = pool, accounts, bodies, post, keys, now
        self.chance = random.Random()
        self.called = asyncio.Event()
        self.under_way: dict[UUID, asyncio.Task[None]] = {}

    def call(self) -> None:
        """There may be something to deliver."""
        self.called.set()

    async def run(self) -> None:
        """Deliver until cancelled. A slow endpoint holds up nobody but itself."""
        try:
            while True:
                self.called.clear()
                try:
                    await self.look()
                except Exception:  # whatever it is, the next turn may do better
                    log.exception("webhooks rest for a moment")
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self.called.wait()
        finally:
            for task in self.under_way.values():
                task.cancel()

    async def look(self) -> None:
        """Begin with those endpoints for which there is something to do."""
        for id in await self.busy():
            if id not in self.under_way and len(self.under_way) < ENDPOINTS:
                task = self.under_way[id] = asyncio.create_task(self.serve(id))
                task.add_done_callback(lambda _, id=id: self.done(id))  # type: ignore[misc]

    def done(self, id: UUID) -> None:
        del self.under_way[id]
        if len(self.under_way) == ENDPOINTS - 1:
            self.call()  # somebody may wait for the place

    async def serve(self, id: UUID) -> None:
        """Deliver to an endpoint; whatever goes wrong is its own."""
        try:
            await self.visit(id)
        except LOST as error:
            log.warning("an endpoint is left for a moment: %s", type(error).__name__)
        except Exception:
            log.exception("an endpoint cannot be delivered to")

    async def drain(self) -> None:
        """Deliver all that is due, one endpoint after the other."""
        for id in await self.busy():
            await self.visit(id)

    async def busy(self) -> list[UUID]:
        ids = [row["id"] for row in await self.pool.fetch(BUSY, self.now())]
        self.chance.shuffle(ids)  # nobody is always the last
        return ids

    async def visit(self, id: UUID) -> None:
        """Deliver to an endpoint until nothing is due, unless another process does."""
        async with self.pool.acquire() as connection:
            rows = Log(connection, id, self.bodies.tellers.streams)
            if not await rows.lock():
                return
            try:
                while await self.turn(rows):
                    pass
            finally:
                await rows.unlock()

    async def turn(self, rows: Log) -> bool:
        """Take what is new, and send what is due; whether there may be more."""
        now = self.now()
        endpoint = await rows.endpoint(now)
        if endpoint is None:
            return False
        viewer = await self.viewer(endpoint)
        if viewer is None:
            await self.disable(endpoint, "ACCOUNT")
            return False
        more = await rows.take(now)
        due = await rows.heads(now, 1 if endpoint["failing_since"] else IN_FLIGHT)
        if not due:
            return more
        ready = await self.composed(rows, endpoint, due, viewer)
        secrets = self.secrets(endpoint)
        sent = await asyncio.gather(*(self.send(endpoint, one, ready, secrets) for one in due if one["id"] in ready))
        kept = [one for one in due if one["id"] in ready]
        return await self.recorded(rows, endpoint, list(zip(kept, sent, strict=True)))

    async def viewer(self, endpoint: Any) -> Viewer | None:
        """The endpoint's account with what it may now; nobody's own matters are shown to a system."""
        claim = OnBehalf(endpoint["account_id"], endpoint["permissions"])
        loaded = await self.accounts.load(claim, self.now())
        return Viewer(loaded.account, self.now()) if loaded else None

    async def composed(self, rows: Log, endpoint: Any, due: Sequence[Any], viewer: Viewer) -> dict[UUID, str | None]:
        """The body of each delivery, kept before it is sent; None if the selection fits the schema no more."""
        fresh = [one for one in due if one["body"] is None]
        made = {one["event_id"]: self.bodies.test(one) for one in fresh if one["type"] == TEST}
        asked = [one for one in fresh if one["type"] != TEST]
        ready: dict[UUID, str | None] = {one["id"]: one["body"] for one in due if one["body"] is not None}
        try:
            if asked:
                made |= await self.bodies.make(asked, endpoint["selection"], viewer)
        except Refused:
            log.error("the selection of an endpoint fits the schema no more: Webhook:%s", endpoint["id"])
            ready |= dict.fromkeys([one["id"] for one in asked])
            asked = []
        bodies = [(one["id"], made[one["event_id"]]) for one in fresh if one["event_id"] in made]
        if bodies:
            await rows.freeze(bodies)
        if hidden := [one["id"] for one in asked if one["event_id"] not in made]:
            await rows.drop(hidden)
        return ready | dict(bodies)

    async def send(self, endpoint: Any, one: Any, ready: dict[UUID, str | None], secrets: list[bytes]) -> Attempt:
        body = ready[one["id"]]
        if body is None:
            return Attempt(error="SELECTION")
        return await self.post.send(endpoint["url"], one["event_id"], body, secrets, self.now())

    def secrets(self, endpoint: Any) -> list[bytes]:
        """The secrets that sign: the one before, too, while it overlaps."""
        kept = [endpoint["secret"]]
        if endpoint["previous_until"] and endpoint["previous_until"] > self.now():
            kept.append(endpoint["previous_secret"])
        return [self.keys.unwrap(endpoint["county"], bytes(one)) for one in kept]

    async def recorded(self, rows: Log, endpoint: Any, sent: Sequence[tuple[Any, Attempt]]) -> bool:
        """Write down what came of it; whether the endpoint goes on."""
        now = self.now()
        missed = [attempt for _, attempt in sent if not attempt.taken]
        if sent:
            await rows.tried([self.outcome(one, attempt, now) for one, attempt in sent], now)
        if any(attempt.status == GONE for attempt in missed):
            await self.disable(endpoint, "GONE")
            return False
        if len(missed) < len(sent) and endpoint["failing_since"]:
            await rows.recover()
        if not missed:
            return True
        await self.failing(rows, endpoint, missed, len(missed) < len(sent))
        return False

    def outcome(self, one: Any, attempt: Attempt, now: datetime) -> Outcome:
        """What came of it, and when it is tried again."""
        wait = None if attempt.taken else schedule.wait(one["attempts"] + 1, self.chance)
        again = None
        if wait is not None and attempt.status != GONE:
            again = now + max(wait, schedule.asked(attempt.retry_after, now))
        return Outcome(one["id"], attempt.taken, attempt.status, attempt.error, again)

    async def failing(self, rows: Log, endpoint: Any, attempts: Sequence[Attempt], some: bool) -> None:
        """Let the endpoint rest; disable it if it has taken nothing for long."""
        now = self.now()
        since = now if some or endpoint["failing_since"] is None else endpoint["failing_since"]
        if now - since >= schedule.LASTING:
            await self.disable(endpoint, "FAILING")
            return
        asked = max((schedule.asked(one.retry_after, now) for one in attempts), default=timedelta())
        await rows.rest(now, now + max(schedule.rest(now - since), asked))

    async def disable(self, endpoint: Any, reason: str) -> None:
        """Give the endpoint up, and tell its account."""
        title = Text("Events are no longer delivered to an endpoint", "事件回调已停用")
        about = f"Webhook:{endpoint['id']}"
        async with in_transaction():
            done = await WebhookRow.filter(id=endpoint["id"], state=WebhookState.ACTIVE).update(
                state=WebhookState.DISABLED, reason=reason
            )
            if done:
                notice = Notice("webhook.disabled", title, REASONS[reason], about)
                await notify(Moment(self.now()), notice, accounts=[endpoint["account"]])
        log.warning("%s is disabled: %s", about, reason)
