"""Endpoint sessions: send one endpoint what is due, some deliveries side by side, and write down what comes of each.

Of each case only the first that waits is sent, so a case's events arrive in order: what could not be delivered holds
back what comes after it in the same case, and nothing else. The endpoint as a whole rests only while it takes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gongzhi.core.notices.sending import Moment, NoticeDraft, send_notice
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime import sealing
from gongzhi.runtime.event_access import KnownEvent, UnfitSelection
from gongzhi.values.errors import Text
from tortoise.transactions import in_transaction

from . import requesting, retries
from .bodies import TEST_DATA, make_body, make_envelope, write_request
from .commands import TYPES
from .deliveries import SKIP, Deliveries, Outcome, Place
from .models import WebhookRow, WebhookState
from .pacing import SLOW, Pace, Slot
from .rules import TEST
from .secrets import ANSWER, AUTHORIZATION
from .sender import GONE, Attempt

if TYPE_CHECKING:
    from .delivery_worker import DeliveryWorker

log = logging.getLogger("gongzhi")

MISSED = Text(
    "An endpoint was paused, or failed, for longer than events are kept. Load what you follow; the rest is delivered.",
    "回调停用或失败的时间超过事件保留期。请重新查询所关注的数据，其余事件将继续投递。",
)
REASONS = {
    "GONE": Text("The receiver says that it is gone for good (410).", "接收方声明已永久停用（410）。"),
    "FAILING": Text(
        "Nothing has been taken for a day. Nothing is lost: activate it when the receiver works again.",
        "一天内未能成功投递。数据未丢失，接收方恢复后请重新启用。",
    ),
    "ACCOUNT": Text("Its account is suspended.", "所属账户已停用。"),
    "KEY": Text(
        "The API key it was made with is revoked or expired. Nothing is lost: activate it with another key.",
        "创建时使用的接口密钥已吊销或过期。数据未丢失，请使用其他密钥重新启用。",
    ),
}


@dataclass(frozen=True)
class Request:
    """What is under way in one request, and from when on its answer is late."""

    deliveries: Sequence[Any]
    endpoint: Any
    late: float


class EndpointSession:
    """One endpoint while this process has its lock. `news` says that more may be due."""

    def __init__(self, worker: DeliveryWorker, deliveries: Deliveries, account: UUID, pace: Pace) -> None:
        self.worker, self.deliveries, self.account, self.pace = worker, deliveries, account, pace
        self.news = asyncio.Event()
        self.sending: dict[asyncio.Task[Attempt], Request] = {}
        self.composing: list[UUID] = []
        self.open = True
        self.more = True
        """Whether something may be due: it was told, waited behind what was sent, or came while there was no room."""
        self.data_key = b""
        self.failing_since: datetime | None = None
        self.probes = False
        """Whether it has rested and has taken nothing since, so that one delivery at a time finds out."""
        self.rests = False
        """Whether nothing is put down for it until its late answer has come."""

    async def deliver(self) -> None:
        """Send until nothing is due and all has been answered."""
        try:
            while await self.fill() or self.sending or self.news.is_set():
                await self.wait()
        finally:
            # What is cut off here stays due, and is sent again with the same id by whoever has the next session.
            for task in self.sending:
                task.cancel()

    def find_room(self) -> int:
        """Find how many more may be sent now."""
        # While one is late, or nothing has been taken since a rest, one at a time is enough to find out.
        window = 1 if self.is_late() or self.probes else self.pace.window
        return window - len(self.sending) if self.open else 0

    @property
    def under_way(self) -> list[UUID]:
        """The deliveries that are being sent, or are about to be."""
        return [*self.composing, *(one["id"] for request in self.sending.values() for one in request.deliveries)]

    def is_late(self) -> bool:
        """Tell whether an answer is late."""
        return any(asyncio.get_running_loop().time() >= one.late for one in self.sending.values())

    async def fill(self) -> bool:
        """Send what is due as far as there is room; tell whether there may be more."""
        # Cleared before anything is looked for, so that what comes meanwhile is looked for again.
        self.more = self.more or self.news.is_set()
        self.news.clear()
        room, places = self.find_room(), self.worker.slots
        if not self.more or room <= 0 or self.sending and places.are_taken(self.account, self.pace.slow):
            return False  # while answers are awaited nobody queues
        slots = await places.take(self.account, self.pace.slow, room)
        try:
            async with places.turn(self.pace.slow):
                return await self.send_due(slots)
        finally:
            for slot in slots:
                slot.release()

    async def send_due(self, slots: list[Slot]) -> bool:
        """Begin to send what is due, each in a slot, which is taken out of the list; tell whether anything was."""
        now = self.worker.now()
        # Loaded after the wait for a slot: what the account may no longer see is not sent, even if it happened before,
        # and neither is anything to an endpoint that was stopped.
        found = await self.deliveries.look(now, len(slots), self.under_way)
        if not found:
            return False
        endpoint = found[0]
        if endpoint["stopped"]:
            await self.disable(endpoint, endpoint["stopped"])
            return False
        if endpoint["missed"]:
            await self.skip_missed(endpoint)
            return True
        self.failing_since, self.probes = endpoint["failing_since"], endpoint["rests_until"] is not None
        rows = [{**row, "id": row["delivery"]} for row in found if row["delivery"]]
        requests = requesting.group(rows, endpoint["batch"])[: max(self.find_room(), 0)]
        due = [one for request in requests for one in request]
        self.composing = [one["id"] for one in due]
        try:
            if due:
                await self.begin_sending(endpoint, requests, slots)
        finally:
            self.composing = []
        # While there is no room nobody tells it of more.
        self.more = endpoint["waiting"] > len(due) or self.find_room() <= 0
        return bool(due)

    async def begin_sending(self, endpoint: Any, requests: Sequence[Sequence[Any]], slots: list[Slot]) -> None:
        """Begin to send requests with the deliveries that the account may know of."""
        viewer = await self.worker.context().events.load_viewer(endpoint["account_id"], endpoint["permissions"])
        if viewer is None:
            await self.disable(endpoint, "ACCOUNT")
            return
        bodies = await self.compose(endpoint, [one for request in requests for one in request], viewer)
        secrets = self.unwrap_secrets(endpoint)
        self.data_key = self.data_key or await self.find_data_key(endpoint)
        authorization = self.open_authorization(endpoint)
        late = asyncio.get_running_loop().time() + SLOW
        for request in requests:
            told = requesting.fit(request, bodies)
            if told:
                texts = [bodies[one["id"]] for one in told]
                task = asyncio.create_task(self.send(endpoint, told, texts, secrets, authorization, slots.pop()))
                self.sending[task] = Request(told, endpoint, late)

    async def compose(self, endpoint: Any, due: Sequence[Any], viewer: Viewer) -> dict[UUID, str | None]:
        """Make the body of each delivery; None if the selection fits the schema no more.

        Bodies are kept before they are sent: a receiver that gets one twice gets the same, whatever became of the case.
        Whether the account may still know of it is asked each time.
        """
        bodies: dict[UUID, str | None] = {}
        fresh = [one for one in due if one["body"] is None]
        kept = [one for one in due if one["body"] is not None]
        try:
            made = await self.make_bodies(fresh, endpoint, viewer)
        except UnfitSelection:
            log.error("the selection of Webhook:%s fits the schema no more; its owner has to change it", endpoint["id"])
            # Without a body they fail, which shows their owner that the selection has to be changed.
            made, bodies = {}, dict.fromkeys([one["id"] for one in fresh])
        if made:
            await self.deliveries.freeze_bodies(list(made.items()), endpoint["sequence"] + len(made))
        known = await self.read_events(kept, viewer)
        bodies |= made | {one["id"]: one["body"] for one in kept if one["event_id"] in known or one["type"] == TEST}
        # The account may not know of these, or no longer.
        if hidden := [one["id"] for one in due if one["id"] not in bodies]:
            await self.deliveries.drop(hidden)
        return bodies

    async def make_bodies(self, asked: Sequence[Any], endpoint: Any, viewer: Viewer) -> dict[UUID, str]:
        """Make the bodies, by delivery, of the events that the account may know of and wants. Raises UnfitSelection."""
        selection, source = endpoint["selection"], self.worker.context().address
        known = await self.read_events(asked, viewer, selection, endpoint["condition"] or "")
        told = [one for one in asked if one["event_id"] in known or one["type"] == TEST]
        return {
            one["id"]: make_envelope(source, one, TEST_DATA, at)
            if one["type"] == TEST
            else make_body(source, one, known[one["event_id"]], bool(selection) and one["type"] in TYPES, at)
            for at, one in enumerate(told, endpoint["sequence"] + 1)
        }

    async def read_events(
        self, asked: Sequence[Any], viewer: Viewer, selection: str | None = None, condition: str = ""
    ) -> Mapping[UUID, KnownEvent]:
        """Read the events of deliveries that the account may know of. Raises UnfitSelection."""
        events = [(one["event_id"], one["type"]) for one in asked if one["type"] != TEST]
        return await self.worker.context().events.read(events, viewer, selection, condition) if events else {}

    async def send(
        self, endpoint: Any, deliveries: Sequence[Any], bodies: Sequence[str | None], secrets: list[bytes],
        authorization: str | None, slot: Slot,
    ) -> Attempt:  # fmt: skip
        """Try a request once, and release its slot."""
        try:
            known = [body for body in bodies if body is not None]
            if not known:
                return Attempt(error="SELECTION")
            body = write_request(known, endpoint["batch"] > 1)
            url, id, timeout = endpoint["url"], requesting.find_id(deliveries), self.pace.timeout
            return await self.worker.sender.send(url, id, body, secrets, self.worker.now(), timeout, authorization)
        finally:
            slot.release()

    def unwrap_secrets(self, endpoint: Any) -> list[bytes]:
        """Return the secrets that sign: those before, too, while they overlap."""
        wrapped = [endpoint["secret"], *endpoint["retired"]]
        return [self.worker.keys.unwrap(endpoint["county"], bytes(one)) for one in wrapped]

    async def find_data_key(self, endpoint: Any) -> bytes:
        """Return the key that answers are sealed with; one that is made now, if the endpoint is older than the log."""
        wrapped = endpoint["data_key"] or await self.deliveries.keep_data_key(
            self.worker.keys.wrap(endpoint["county"], sealing.data_key())
        )
        return self.worker.keys.unwrap(endpoint["county"], bytes(wrapped))

    def open_authorization(self, endpoint: Any) -> str | None:
        """Return the header Authorization that is sent along, if there is one."""
        sealed = endpoint["sealed_authorization"]
        return sealed and sealing.open_value(self.data_key, AUTHORIZATION.format(endpoint["id"]), bytes(sealed))

    async def wait(self) -> None:
        """Wait for an answer, or for more to send while there is room; write down what was answered, or is late."""
        if not self.sending:
            return
        # News only while there is room: woken without any, it could send nothing.
        news = [asyncio.create_task(self.news.wait())] if self.find_room() > 0 else []
        late = min(one.late for one in self.sending.values()) - asyncio.get_running_loop().time()
        try:
            await asyncio.wait(
                [*self.sending, *news],
                timeout=None if self.rests else max(late, 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for waiting in news:
                waiting.cancel()
        done = [task for task in self.sending if task.done()]
        answered = [(self.sending.pop(task), task.result()) for task in done]
        if answered:
            await self.record(answered)
        elif self.is_late() and not self.rests:
            self.rests = self.more = True
            async with self.worker.slots.turn(slow=True):
                await self.deliveries.let_rest(self.worker.now(), timedelta(seconds=self.pace.timeout))

    async def record(self, answered: Sequence[tuple[Request, Attempt]]) -> None:
        """Write down what came of requests, and what it says of the endpoint."""
        now = self.worker.now()
        for request, attempt in answered:
            self.pace.note(attempt, request.deliveries[0]["attempts"] == 0, now)
        outcomes = [
            self.conclude(one, attempt, now, requesting.find_place(request.deliveries, at, request.endpoint["batch"]))
            for request, attempt in answered
            for at, one in enumerate(request.deliveries, 1)
        ]
        self.more = self.more or any(one.again == now for one in outcomes)
        async with self.worker.slots.turn(self.pace.slow):
            await self.deliveries.record(outcomes, now)
            await self.note_answers(answered[0][0].endpoint, [attempt for _, attempt in answered], now)

    async def note_answers(self, endpoint: Any, attempts: Sequence[Attempt], now: datetime) -> None:
        """Write down what answers say of the endpoint."""
        # 410 says that it is gone for good (RFC 9110).
        if any(attempt.status == GONE for attempt in attempts):
            await self.disable(endpoint, "GONE")
        elif any(attempt.is_taken for attempt in attempts):
            # Something was taken, so it works again.
            if self.failing_since or self.probes or self.rests:
                await self.deliveries.recover_endpoint()
            self.failing_since, self.probes, self.rests = None, False, False
        missed = [attempt for attempt in attempts if not attempt.is_taken]
        if missed and self.open:
            await self.note_failure(endpoint, missed, now)

    def conclude(self, delivery: Any, attempt: Attempt, now: datetime, place: Place) -> Outcome:
        """Return what came of an attempt, and when it is tried again: at once by itself, if a batch was refused."""
        wait = None if attempt.is_taken else retries.find_wait(delivery["attempts"] + 1, self.worker.chance)
        again = None
        if wait is not None and attempt.status != GONE:
            # The longer of both: no endpoint is tried sooner for having said when.
            again = now + max(wait, retries.read_retry_after(attempt.retry_after, now))
        if (place.size or 1) > 1 and requesting.is_refusal(attempt.status):
            again = now
        answer = attempt.answer and sealing.seal_value(self.data_key, ANSWER.format(delivery["id"]), attempt.answer)
        came = attempt.is_taken, attempt.status, attempt.error, again, attempt.seconds, answer or None
        return Outcome(delivery["id"], *came, place)

    async def note_failure(self, endpoint: Any, missed: Sequence[Attempt], now: datetime) -> None:
        """Note that something was not taken; let the endpoint rest if nothing is, or if it asks to be left alone."""
        since = self.failing_since = self.failing_since or now
        if now - since >= retries.LASTING:
            await self.disable(endpoint, "FAILING")
            return
        asking = [one.retry_after for one in missed if one.status in retries.ASKS_FOR_REST]
        rest = max((retries.read_retry_after(one, now) for one in asking), default=timedelta())
        if self.probes or self.pace.takes_nothing(now):
            rest = max(rest, retries.find_rest(now - since))
        await self.deliveries.note_failure(since, now, rest or None)
        self.probes, self.rests = self.probes or bool(rest), False

    async def skip_missed(self, endpoint: Any) -> None:
        """Go on behind events that were thrown away before the endpoint could have them, and tell its account."""
        title = Text("Events were thrown away before they could be delivered", "部分事件在投递前已过保留期")
        # Together, so that nothing is passed over without a notice.
        async with in_transaction() as connection:
            await connection.execute_query(SKIP, [endpoint["id"], self.worker.now()])
            notice = NoticeDraft("webhook.missed", title, MISSED, f"Webhook:{endpoint['id']}")
            await send_notice(Moment(self.worker.now()), notice, accounts=[endpoint["account"]])

    async def disable(self, endpoint: Any, reason: str) -> None:
        """Give the endpoint up, and tell its account."""
        self.open = False
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
                await send_notice(Moment(self.worker.now()), notice, accounts=[endpoint["account"]])
        if done:
            log.warning("%s is disabled: %s; its account has been told, and can activate it again", about, reason)
