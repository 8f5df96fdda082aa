"""What goes out of the little county and comes into it from other systems: endpoints, deliveries, orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import floor
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from .expected_visibility import Row
    from .reference_engine import At

from .sample_county import NOW, Draw, Rows

TABLES = {"Webhook": "webhooks.webhook", "WebhookDelivery": "webhooks.delivery", "IntakeEntry": "intake.entry"}
OWNED = {"WebhookDelivery": ("Webhook", "webhook_id"), "IntakeEntry": ("Case", "case_id")}


def everything(cases: list[UUID], accounts: list[UUID]) -> dict[str, Rows]:
    """The rows by table, parents first."""
    draw = Draw(12)
    webhooks = [webhook(draw, account) for account in accounts for _ in range(2)]
    return {
        "webhooks.webhook": webhooks,
        "webhooks.delivery": [delivery(draw, one["id"]) for one in webhooks for _ in range(3)],
        "intake.entry": [
            {
                "id": draw.key(),
                "case_id": case,
                "source": draw.of(("hotline", "省平台")),
                "number": f"'{at}",
                "caller": draw.maybe("张'先生"),
                "called_at": draw.maybe(NOW),
                "recording": draw.maybe("rec-1"),
            }
            for at, case in enumerate(cases[::3])
        ],
    }


def webhook(draw: Draw, account: UUID) -> dict[str, Any]:
    return {
        "id": draw.key(),
        "account_id": account,
        "url": draw.of(("https://example.org/a", "https://example.org/?b='")),
        "types": draw.of(([], ["case.closed"], ["case.closed", "case.rated"])),
        "selection": draw.maybe("{ number }"),
        "grid_id": draw.of((3, 5, 7, 9, 12)),
        "secret": draw.key().bytes,
        "previous_until": draw.maybe(NOW),
        "state": draw.of(("ACTIVE", "PAUSED", "DISABLED")),
        "reason": draw.maybe("GONE"),
        "position": 0,
        "failing_since": draw.maybe(NOW),
        "created_at": draw.instant(),
        "version": 1,
        "missed_until": draw.maybe(NOW),
        "condition": "{ urgency: { equals: URGENT } }",
    }


def delivery(draw: Draw, webhook: UUID) -> dict[str, Any]:
    return {
        "id": draw.key(),
        "webhook_id": webhook,
        "event_id": draw.key(),
        "position": 1,
        "type": draw.of(("case.closed", "webhook.test")),
        "at": draw.instant(),
        "state": draw.of(("WAITING", "DELIVERED", "FAILED")),
        "attempts": draw.of((0, 1, 13)),
        "status": draw.maybe(503),
        "error": draw.maybe("TIMEOUT"),
        "tried_at": draw.maybe(NOW),
        "next_attempt_at": draw.maybe(NOW),
    }


def sent(at: At, webhook: Row) -> list[Row]:
    """The deliveries of an endpoint that were tried, or are tests: nobody is shown any other."""
    mine = [one for one in at.scope.all("WebhookDelivery") if one.webhook_id == webhook.id]
    return [one for one in mine if one.attempts > 0 or one.type == "webhook.test"]


def lag(at: At, webhook: Row) -> int | None:
    """For how many seconds the oldest that was not taken has waited."""
    waiting = [one.at for one in sent(at, webhook) if one.state == "WAITING"]
    return floor((at.scope.viewer.now - min(waiting)).total_seconds()) if waiting else None


def success_rate(at: At, webhook: Row) -> float | None:
    """Which share of what was tried within a day was taken."""
    day = at.scope.viewer.now - timedelta(days=1)
    tried = [one.state == "DELIVERED" for one in sent(at, webhook) if one.tried_at and one.tried_at > day]
    return sum(tried) / len(tried) if tried else None


def last_public_step(at: At, case: Row) -> datetime | None:
    """When a step was last taken that everybody who sees the case may read."""
    steps = [one for one in at.scope.all("CaseEvent") if one.case_id == case.id and one.audience == "PUBLIC"]
    return max((one.at for one in steps), default=None)


def entry(at: At, case: Row, name: str) -> str | None:
    """What the case's order has under this name."""
    return next((getattr(one, name) for one in at.scope.all("IntakeEntry") if one.case_id == case.id), None)


def call(at: At, case: Row) -> Row | None:
    """The case itself, on which its call is found, for who reads staff notes; of a tip-off for who may see these."""
    if not at.need("cases.view_notes", "Case.hotlineCall", case) or entry(at, case, "id") is None:
        return None
    return case if case.series == "ORDINARY" or at.scope.holds(case, "cases.view_sealed") else None
