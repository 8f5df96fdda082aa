"""Inspection: what was sent in a delivery and what was answered, shown to the owner of its endpoint; and sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime import sealing
from gongzhi.runtime.actions import Action
from gongzhi.runtime.commands import KEY, KEY_OPTIONAL, Call, Problem, command, input_field, problems, result_field
from strawberry import ID, UNSET
from strawberry.scalars import JSON

from .bodies import write_request
from .commands import require_bound
from .due_times import due_now
from .models import DeliveryRow, DeliveryState, WebhookRow
from .rules import ACTIVE, EDIT, OWNS, TEST, of_webhook
from .secrets import ANSWER
from .sender import make_headers
from .types import WebhookDelivery

DELIVERY = "The delivery's id (投递标识)."
HIDDEN = "…"


@strawberry.input(description="A delivery that is to be looked at (查看投递).")
class InspectWebhookDeliveryInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    delivery: ID = input_field(DELIVERY)


@strawberry.type(description="The last attempt of a delivery (投递详情).")
class InspectWebhookDeliveryPayload:
    headers: JSON | None = result_field("The headers that were sent, without what proves who sent them (请求头).")
    body: str | None = result_field(
        "What was sent of the event, while you may know of it: the body, or its element of an array (请求体)."
    )
    batch_size: int | None = result_field("How many events were in the array; null if it was none (批内事件数).")
    batch_place: int | None = result_field("Which of them this one was, from 1 (批内序号).")
    status: int | None = result_field("The status that was answered (响应状态码).")
    answer: str | None = result_field("The beginning of what was answered (响应内容).")
    seconds: float | None = result_field("How long the answer took (用时，秒).")
    errors: list[Problem] = problems()


@command(
    "Show what was sent in the last attempt of a delivery, and what was answered (查看投递详情).",
    requires=EDIT,
    repeats=True,
    action=Action(WebhookDelivery, (of_webhook(OWNS),)),
)
async def inspect_webhook_delivery(call: Call, input: InspectWebhookDeliveryInput) -> InspectWebhookDeliveryPayload:
    row = await find_delivery(call, input.delivery)
    webhook: WebhookRow = await row.webhook
    return InspectWebhookDeliveryPayload(
        headers=JSON(describe_headers(row, webhook, row.tried_at)) if row.tried_at else None,
        body=row.body if await may_know(call, row) else None,
        batch_size=row.batch_size,
        batch_place=row.batch_place,
        status=row.status,
        answer=await open_answer(call, row, webhook),
        seconds=row.seconds,
    )


def describe_headers(row: DeliveryRow, webhook: WebhookRow, at: datetime) -> dict[str, Any]:
    """Describe the headers of the last attempt. Signature and authorization are as good as secrets."""
    sent = write_request([row.body or ""], row.batch_id is not None)
    made: dict[str, Any] = make_headers(row.batch_id or row.event_id, sent, (), at)
    made["webhook-signature"] = f"v1,{HIDDEN}"
    return {**made, "authorization": HIDDEN} if webhook.sealed_authorization else made


async def may_know(call: Call, row: DeliveryRow) -> bool:
    """Return whether the caller may still know of the event."""
    events = [(row.event_id, row.type)]
    return row.type == TEST or row.event_id in await call.context.events.read(events, call.viewer)


async def open_answer(call: Call, row: DeliveryRow, webhook: WebhookRow) -> str | None:
    """Open what the receiver answered, as far as it is kept."""
    if row.sealed_answer is None:
        return None
    county = (await GridRow.get(id=webhook.county_id)).code
    key = call.context.keys.unwrap(county, bytes(webhook.data_key))
    return sealing.open_value(key, ANSWER.format(row.id), bytes(row.sealed_answer))


@strawberry.type(description="The delivery, or why it is not sent again (重发结果).")
class ResendWebhookDeliveryPayload:
    delivery: WebhookDelivery | None = result_field("The delivery, which waits now (投递).")
    errors: list[Problem] = problems()


@strawberry.input(description="A delivery that is to be sent again (重发投递).")
class ResendWebhookDeliveryInput:
    idempotency_key: str = input_field(KEY)
    delivery: ID = input_field(DELIVERY)


@command(
    "Send one event again, with the same id and body, whether or not it was taken (重发投递).",
    requires=EDIT,
    action=Action(WebhookDelivery, (of_webhook(OWNS),), (of_webhook(ACTIVE),)),
)
async def resend_webhook_delivery(call: Call, input: ResendWebhookDeliveryInput) -> ResendWebhookDeliveryPayload:
    row = await find_delivery(call, input.delivery)
    require_bound(call, await row.webhook, "delivery")
    row.state, row.attempts, row.next_attempt_at = DeliveryState.WAITING, 0, await due_now(call)
    await row.save()
    return ResendWebhookDeliveryPayload(delivery=ref(WebhookDelivery, row.id))


async def find_delivery(call: Call, delivery: ID) -> DeliveryRow:
    """Find and lock a delivery, as the command's action allows. Raises Refusal."""
    row: DeliveryRow = await call.find(WebhookDelivery, "delivery", id=key_of(WebhookDelivery)(delivery))
    return row


EXTENSIONS = (
    extend(
        Mutation,
        inspect_webhook_delivery=inspect_webhook_delivery,
        resend_webhook_delivery=resend_webhook_delivery,
    ),
)
