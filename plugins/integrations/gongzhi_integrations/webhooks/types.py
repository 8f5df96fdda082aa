"""Types: what the schema says of endpoints and deliveries."""

from __future__ import annotations

import datetime

from gongzhi.core.accounts.types import Account
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, aggregate, column, connection, entity, expression, one
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from strawberry import ID

from .models import DeliveryRow, DeliveryState, WebhookRow, WebhookState
from .rules import see_deliveries, see_webhooks

describe_enum(
    WebhookState,
    "WebhookState",
    "Whether an endpoint is delivered to (回调状态).",
    ACTIVE="It gets what happens (启用)",
    PAUSED="Its owner has paused it; what happens meanwhile comes later (暂停)",
    DISABLED="We have given it up; see the reason (停用)",
)
set_tones(WebhookState, ACTIVE="GREEN", PAUSED="AMBER", DISABLED="RED")
describe_enum(
    DeliveryState,
    "WebhookDeliveryState",
    "What became of a delivery (投递状态).",
    WAITING="To be sent, or to be tried again (等待)",
    DELIVERED="Taken by the receiver (已送达)",
    FAILED="Given up after a day (失败)",
)
set_tones(DeliveryState, DELIVERED="GREEN", FAILED="RED")


@entity(WebhookRow, visible=see_webhooks, order=("created_at",), filter={"state": None, "grid": compare_place()})
class Webhook(Node):
    """An endpoint that events of cases are delivered to, for an account (事件回调)."""

    account: Account | None = one("Whose it is; it gets what this account may see (账户).")
    url: str = column("Where events are sent to (地址).")
    types: list[str] = column("The types it gets; all of cases, if there are none (事件类型).")
    grid: Grid | None = one("It gets what happens in this grid and below (网格).")
    selection: str | None = column("What of the case is sent along (字段选择).")
    filter: str | None = column("Which cases' events it gets, as a filter of cases (过滤条件).", name="condition")
    batch: int = column("How many events a request may have (每批事件数).")
    state: WebhookState = column("Whether it is delivered to (状态).")
    reason: str | None = column("Why it was disabled: GONE, FAILING, ACCOUNT or KEY (停用原因).")
    failing_since: datetime.datetime | None = column("Since when nothing has been taken (持续失败起).")
    secret_overlaps_until: datetime.datetime | None = column(
        "Until when secrets before sign as well (旧密钥有效期至).", name="previous_until"
    )
    missed_until: datetime.datetime | None = column(
        "Events before this were thrown away before it could get them; load what you follow (遗漏事件至)."
    )
    lag: int | None = aggregate(
        "For how many seconds the oldest event that was sent and not taken has waited; null if none does (积压，秒).",
        lambda: WebhookDelivery,
        lambda at: Sql("floor(extract(epoch from {1}-min({0})))::int", at.rows.at, at.viewer.now),
        lambda at: [Sql("{0}='WAITING'", at.rows.state)],
        on="webhook",
    )
    success_rate: float | None = aggregate(
        "Which share of what was last tried within a day has been taken, 0 to 1; null if nothing was (近一日成功率).",
        lambda: WebhookDelivery,
        lambda at: Sql("avg(({0}='DELIVERED')::int)::float", at.rows.state),
        lambda at: [Sql("{0}>{1}-interval '1 day'", at.rows.tried_at, at.viewer.now)],
        on="webhook",
    )
    created_at: datetime.datetime = column("When it was made (创建时间).")
    deliveries: Connection[WebhookDelivery] = connection(
        "What was sent to it, the last first (投递记录).", on="webhook", order="-at"
    )
    version: int = column("Grows with every change (版本).")


@entity(
    DeliveryRow,
    visible=see_deliveries,
    through="webhook",
    order=("at",),
    filter={"state": None, "type": None, "at": None},
)
class WebhookDelivery(Node):
    """An event on its way to an endpoint (投递)."""

    webhook: Webhook | None = one("To which endpoint (回调).")
    event: ID = expression("The event's id, and the webhook-id of each attempt (事件标识).", lambda at: at.row.event_id)
    type: str = column("What happened, such as case.closed (类型).")
    at: datetime.datetime = column("When it happened (时间).")
    state: DeliveryState = column("What became of it (状态).")
    attempts: int = column("How often it was tried (尝试次数).")
    status: int | None = column("What the receiver answered the last time, as an HTTP status (响应状态码).")
    error: str | None = column("Why there was no answer: DNS, REFUSED_ADDRESS, CONNECT, TLS, TIMEOUT … (错误).")
    tried_at: datetime.datetime | None = column("When it was last tried (最近尝试时间).")
    seconds: float | None = column("How long the last answer took (最近用时，秒).")
    next_attempt_at: datetime.datetime | None = column("When it is tried next; null if it is not (下次尝试时间).")


EXTENSIONS = (
    extend(
        Query,
        webhooks=connection(
            "Endpoints of one's own, and those one watches over (事件回调列表).",
            order="-created_at",
            type=Connection[Webhook] | None,
            requires=None,
        ),
    ),
)
