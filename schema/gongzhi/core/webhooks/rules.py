"""Who may see endpoints, and who may do something to them."""

from __future__ import annotations

from pypika_tortoise.queries import Table

from gongzhi.declare.sql import Alternatives, Sql, widen
from gongzhi.declare.viewer import Lens
from gongzhi.runtime.commands import Call, forbidden

from .models import WebhookRow

EDIT = "webhooks.edit"
OVERSEE = "webhooks.oversee"


def webhooks(webhook: Table, viewer: Lens) -> Alternatives:
    """One's own, and those for the grids one watches over."""
    own = Sql("{0}=(select a.id from accounts.account a where a.name={1})", webhook.account_id, viewer.account)
    return widen(viewer.within(webhook, OVERSEE), own)


async def owned(call: Call, row: WebhookRow) -> None:
    """Refuse whoever only watches over it: what is delivered goes by what its own account may see."""
    if (await row.account).name != call.viewer.account.name:
        raise forbidden("webhook")
