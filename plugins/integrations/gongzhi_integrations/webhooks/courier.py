"""Courier: goes round the endpoints and delivers what is due, in every process; one at a time serves an endpoint.

Events are taken from the outbox in their order. Of each case only the first that waits is sent, so a case's events
arrive in order: what could not be delivered holds back what comes after it in the same case, and nothing else. A
courier that dies between sending and writing down that it has sends again, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.core.notices.sending import Moment, NoticeDraft, send_notice
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import Context
from gongzhi.runtime.event_access import UnfitSelection
from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi.runtime.services import ProcessRun
from gongzhi.values.errors import Text
from tortoise.transactions import in_transaction

from ..settings import IntegrationSettings
from . import retries
from .bodies import TEST_DATA, make_body, make_envelope
from .commands import TEST, TYPES
from .deliveries import BUSY, Deliveries, Outcome
from .models import WebhookRow, WebhookState
from .sender import GONE, Attempt, Sender

log = logging.getLogger("gongzhi")

ENDPOINTS = 8
"""Endpoints that are delivered to side by side; each takes a connection."""
IN_FLIGHT = 8
"""Deliveries of one endpoint side by side, each of another case; one while it fails."""
POLL = 1.0
"""Seconds after which it looks, even if nothing was published: what failed is due again some time."""
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
"""What a lost connection to the database ends in."""
REASONS = {
    "GONE": Text("The receiver says that it is gone for good (410).", "接收方声明已永久停用（410）。"),
    "FAILING": Text(
        "Nothing has been taken for a day. Nothing is lost: activate it when the receiver works again.",
        "一天内未能成功投递。数据未丢失，接收方恢复后请重新启用。",
    ),
    "ACCOUNT": Text("Its account is suspended.", "所属账户已停用。"),
}


async def run_courier(run: ProcessRun) -> None:
    """Deliver events to endpoints for as long as this process runs."""
    async with run.open_pool(ENDPOINTS + 1) as pool:  # one to look for what is due, while all endpoints are served
        sender = make_sender(run.context())
        try:
            await Courier(run.context, pool, sender).run(run.wait)
        finally:
            await sender.close()


def make_sender(context: Context) -> Sender:
    """Make what reaches the networks that the operator allows."""
    return Sender(OutboundNetworks(context.settings[IntegrationSettings].webhook_networks))


class Courier:
    """Delivers. `pool` writes, and has a connection for each of `ENDPOINTS` and one more."""

    def __init__(self, context: Callable[[], Context], pool: asyncpg.Pool[Any], sender: Sender) -> None:
        self.context, self.pool, self.sender = context, pool, sender
        self.keys = context().keys
        # It spreads load and guards nothing, so it need not be hard to guess.
        self.chance = random.Random()
        self.under_way: set[UUID] = set()
        self.places = asyncio.Semaphore(ENDPOINTS)

    def now(self) -> datetime:
        """Return the moment by the deployment's clock."""
        return self.context().viewer.now

    async def run(self, wait: Callable[[float], Any]) -> None:
        """Deliver until cancelled. A slow endpoint holds up nobody but itself."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self.begin(group)
                except Exception:  # whatever it is, the next turn may do better
                    log.exception("webhooks rest for a moment")
                await wait(POLL)

    async def begin(self, group: asyncio.TaskGroup) -> None:
        """Begin with those endpoints for which there is something to do."""
        for id in await self.find_busy():
            # One that is being served looks again by itself.
            if id not in self.under_way:
                self.under_way.add(id)
                group.create_task(self.serve(id))

    async def serve(self, id: UUID) -> None:
        """Deliver to an endpoint once there is a place; whatever goes wrong is its own."""
        try:
            # As many at a time as the pool has connections for.
            async with self.places:
                await self.visit(id)
        except LOST as error:
            log.warning("an endpoint is left for a moment: %s", type(error).__name__)
        except Exception:
            log.exception("an endpoint cannot be delivered to")
        finally:
            self.under_way.discard(id)

    async def drain(self) -> None:
        """Deliver all that is due, one endpoint after the other."""
        for id in await self.find_busy():
            await self.visit(id)

    async def find_busy(self) -> list[UUID]:
        """Find the endpoints for which there is something to do."""
        ids = [row["id"] for row in await self.pool.fetch(BUSY, self.now())]
        self.chance.shuffle(ids)  # nobody is always the last
        return ids

    async def visit(self, id: UUID) -> None:
        """Deliver to an endpoint until nothing is due, unless another process does."""
        # One connection all the time, for the lock belongs to it.
        async with self.pool.acquire() as connection:
            deliveries = Deliveries(connection, id, self.context().events.types)
            if not await deliveries.lock():
                return
            try:
                while await self.take_turn(deliveries):
                    pass
            finally:
                await deliveries.unlock()

    async def take_turn(self, deliveries: Deliveries) -> bool:
        """Take what is new, and send what is due; tell whether there may be more."""
        now = self.now()
        endpoint = await deliveries.load_endpoint(now)
        if endpoint is None:
            return False
        # Loaded anew each time: what the account may no longer see is not sent, even if it happened before.
        viewer = await self.context().events.load_viewer(endpoint["account_id"], endpoint["permissions"])
        if viewer is None:
            await self.disable(endpoint, "ACCOUNT")
            return False
        more = await deliveries.take_events(now)
        # One at a time while it fails: eight attempts at a receiver that is down would tell no more than one.
        due = await deliveries.find_due(now, 1 if endpoint["failing_since"] else IN_FLIGHT)
        if not due:
            return more
        bodies = await self.compose(deliveries, endpoint, due, viewer)
        secrets = self.unwrap_secrets(endpoint)
        ready = [one for one in due if one["id"] in bodies]
        # Side by side, for each is of another case.
        sent = await asyncio.gather(*(self.send(endpoint, one, bodies[one["id"]], secrets) for one in ready))
        return await self.record(deliveries, endpoint, list(zip(ready, sent, strict=True)))

    async def compose(
        self, deliveries: Deliveries, endpoint: Any, due: Sequence[Any], viewer: Viewer
    ) -> dict[UUID, str | None]:
        """Make the body of each delivery; None if the selection fits the schema no more.

        Bodies are kept before they are sent: a receiver that gets one twice gets the same, whatever became of the case.
        """
        source = self.context().address
        fresh = [one for one in due if one["body"] is None]
        made = {one["id"]: make_envelope(source, one, TEST_DATA) for one in fresh if one["type"] == TEST}
        asked = [one for one in fresh if one["type"] != TEST]
        bodies: dict[UUID, str | None] = {one["id"]: one["body"] for one in due if one["body"] is not None}
        try:
            made |= await self.make_bodies(asked, endpoint["selection"], viewer, source)
        except UnfitSelection:
            log.error("the selection of an endpoint fits the schema no more: Webhook:%s", endpoint["id"])
            # Without a body they fail, which shows their owner that the selection has to be changed.
            bodies |= dict.fromkeys([one["id"] for one in asked])
            asked = []
        if made:
            await deliveries.freeze_bodies(list(made.items()))
        # The account may not know of these, or no longer.
        if hidden := [one["id"] for one in asked if one["id"] not in made]:
            await deliveries.drop(hidden)
        return bodies | made

    async def make_bodies(
        self, asked: Sequence[Any], selection: str | None, viewer: Viewer, source: str
    ) -> dict[UUID, str]:
        """Make the bodies, by delivery, of the events that the account may know of. Raises UnfitSelection."""
        events = [(one["event_id"], one["type"]) for one in asked]
        known = await self.context().events.read(events, viewer, selection) if events else {}
        return {
            one["id"]: make_body(source, one, known[one["event_id"]], bool(selection) and one["type"] in TYPES)
            for one in asked
            if one["event_id"] in known
        }

    async def send(self, endpoint: Any, delivery: Any, body: str | None, secrets: list[bytes]) -> Attempt:
        """Try a delivery once."""
        if body is None:
            return Attempt(error="SELECTION")
        return await self.sender.send(endpoint["url"], delivery["event_id"], body, secrets, self.now())

    def unwrap_secrets(self, endpoint: Any) -> list[bytes]:
        """Return the secrets that sign: the one before, too, while it overlaps."""
        wrapped = [endpoint["secret"]]
        if endpoint["previous_until"] and endpoint["previous_until"] > self.now():
            wrapped.append(endpoint["previous_secret"])
        return [self.keys.unwrap(endpoint["county"], bytes(one)) for one in wrapped]

    async def record(self, deliveries: Deliveries, endpoint: Any, sent: Sequence[tuple[Any, Attempt]]) -> bool:
        """Write down what came of it; tell whether the endpoint goes on."""
        now = self.now()
        missed = [attempt for _, attempt in sent if not attempt.is_taken]
        if sent:
            await deliveries.record([self.conclude(one, attempt, now) for one, attempt in sent], now)
        # 410 says that it is gone for good (RFC 9110).
        if any(attempt.status == GONE for attempt in missed):
            await self.disable(endpoint, "GONE")
            return False
        # Something was taken, so it works again.
        if len(missed) < len(sent) and endpoint["failing_since"]:
            await deliveries.recover_endpoint()
        if not missed:
            return True
        await self.let_rest(deliveries, endpoint, missed, len(missed) < len(sent))
        return False

    def conclude(self, delivery: Any, attempt: Attempt, now: datetime) -> Outcome:
        """Return what came of an attempt, and when it is tried again."""
        wait = None if attempt.is_taken else retries.find_wait(delivery["attempts"] + 1, self.chance)
        again = None
        if wait is not None and attempt.status != GONE:
            again = now + max(wait, retries.read_retry_after(attempt.retry_after, now))
        return Outcome(delivery["id"], attempt.is_taken, attempt.status, attempt.error, again)

    async def let_rest(
        self, deliveries: Deliveries, endpoint: Any, attempts: Sequence[Attempt], some_taken: bool
    ) -> None:
        """Let the endpoint rest; disable it if it has taken nothing for long."""
        now = self.now()
        # Since the first failure after which nothing was taken.
        since = now if some_taken or endpoint["failing_since"] is None else endpoint["failing_since"]
        if now - since >= retries.LASTING:
            await self.disable(endpoint, "FAILING")
            return
        # For as long as the receiver asks, if that is longer.
        asked = max((retries.read_retry_after(one.retry_after, now) for one in attempts), default=timedelta())
        await deliveries.let_endpoint_rest(now, now + max(retries.find_rest(now - since), asked))

    async def disable(self, endpoint: Any, reason: str) -> None:
        """Give the endpoint up, and tell its account."""
        title = Text("Events are no longer delivered to an endpoint", "事件回调已停用")
        about = f"Webhook:{endpoint['id']}"
        # Together, so that no endpoint is given up without a notice.
        async with in_transaction():
            # Only if it still delivers: its owner may have paused it meanwhile.
            done = await WebhookRow.filter(id=endpoint["id"], state=WebhookState.ACTIVE).update(
                state=WebhookState.DISABLED, reason=reason
            )
            if done:
                notice = NoticeDraft("webhook.disabled", title, REASONS[reason], about)
                await send_notice(Moment(self.now()), notice, accounts=[endpoint["account"]])
        log.warning("%s is disabled: %s", about, reason)
