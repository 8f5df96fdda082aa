"""Webhooks: deliveries are checked before anything in them is believed."""

from __future__ import annotations

from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError

from .types import Event


class WrongSignature(Exception):
    """The delivery is not ours, is too old, or was changed on its way."""


def read_webhook(body: bytes, headers: Mapping[str, str], *secrets: str) -> Event:
    """Return the event of a delivery that one of the secrets (`whsec_…`) has signed. Raises WrongSignature."""
    named = {name.lower(): value for name, value in headers.items()}
    for secret in secrets:
        try:
            event: Event = Webhook(secret).verify(body, named)
        except WebhookVerificationError:
            continue  # while a secret is replaced, deliveries are signed with both
        return event
    raise WrongSignature
