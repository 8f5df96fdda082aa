"""Rules: who may see endpoints, and who may do something to them."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.commands import Call, not_allowed
from pypika_tortoise.queries import Table

from .models import WebhookRow

EDIT = "webhooks.edit"
OVERSEE = "webhooks.oversee"
TEST = "webhook.test"
"""The type of what a test sends; it has an id of its own and is about no case."""


def see_webhooks(webhook: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own endpoints, and those for the grids one watches over."""
    own = Sql("{0}=(select a.id from accounts.account a where a.name={1})", webhook.account_id, viewer.account)
    return widen_rows(viewer.within(webhook, OVERSEE), own)


def see_deliveries(delivery: Table, viewer: ViewerScope) -> Alternatives:
    """Return those of the endpoints one sees, once it is known that the account may know of the event.

    That is asked when it is first sent. Before, that there is a delivery at all would tell of cases one may not see.
    """
    known = f"{{0}} is not null or {{1}}>0 or {{2}}='{TEST}'"
    return [Sql(known, delivery.body, delivery.attempts, delivery.type)]


async def require_owner(call: Call, row: WebhookRow, path: str = "webhook") -> None:
    """Refuse whoever only watches over it: what is delivered goes by what its own account may see."""
    if (await row.account).name != call.viewer.account.name:
        raise not_allowed(path)
