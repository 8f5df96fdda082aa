"""Rules: who may see endpoints, and who may do something to them."""

from __future__ import annotations

from dataclasses import replace

from gongzhi.declare.sql import Alternatives, Sql, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_rows, require_states
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

from .models import WebhookState

EDIT = "webhooks.edit"
OVERSEE = "webhooks.oversee"
TEST = "webhook.test"
"""The type of what a test sends; it has an id of its own and is about no case."""


def see_webhooks(webhook: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own endpoints, and those for the grids one watches over."""
    return widen_rows(viewer.within(webhook, OVERSEE), *own_webhooks(webhook, viewer))


def see_deliveries(delivery: Table, viewer: ViewerScope) -> Alternatives:
    """Return those of the endpoints one sees, once it is known that the account may know of the event.

    That is asked when it is first sent. Before, that there is a delivery at all would tell of cases one may not see.
    """
    known = f"{{0}} is not null or {{1}}>0 or {{2}}='{TEST}'"
    return [Sql(known, delivery.body, delivery.attempts, delivery.type)]


def own_webhooks(webhook: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return one's own endpoints: what is delivered goes by what its own account may see."""
    return [Sql("{0}=(select a.id from accounts.account a where a.name={1})", webhook.account_id, viewer.account)]


def of_webhook(requirement: Requirement) -> Requirement:
    """Return what is required of the endpoint that a delivery goes to."""

    def rows(delivery: Table, viewer: ViewerScope) -> Alternatives:
        webhook = Table("webhook", schema="webhooks", alias="target")
        met = any_of(*(requirement.rows(webhook, viewer) or ()))
        return [
            Sql("exists(select from webhooks.webhook target where target.id={0} and ({1}))", delivery.webhook_id, met)
        ]

    return replace(requirement, rows=rows)


OWNS = require_rows(own_webhooks)
STOPS = require_rows(see_webhooks)
"""What one owns or watches over may be stopped."""
ACTIVE = require_states(
    (WebhookState.ACTIVE,), Text("The endpoint is not active; activate it first.", "该回调未启用，请先启用。")
)
