"""Consent: whether somebody agreed, asked by commands of the core and of plugins before they need it."""

from __future__ import annotations

from uuid import UUID

from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Refusal
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from .models import ConsentRow


def valid_consents(call: Call, person: UUID, purpose: str, recipient: str) -> QuerySet[ConsentRow]:
    """Return the person's consents that are neither withdrawn nor over."""
    valid = Q(expires_at=None) | Q(expires_at__gt=call.now)
    # By the clock and not by a job that ends consents: what is over must not hold for another minute.
    return ConsentRow.filter(valid, person_id=person, purpose=purpose, recipient=recipient, withdrawn_at=None)


async def has_consent(call: Call, person: UUID, purpose: str, recipient: str) -> bool:
    """Return whether the person agrees, now, to this purpose and recipient, by a wording that still counts."""
    # Where a wording was renewed, consents to earlier ones no longer count.
    least = call.context.registers.least(purpose, recipient, today(call))
    return await valid_consents(call, person, purpose, recipient).filter(version__gte=least).exists()


async def require_consent(call: Call, person: UUID, purpose: str, recipient: str, *path: str) -> None:
    """Refuse with CONSENT_REQUIRED unless the person agrees."""
    if not await has_consent(call, person, purpose, recipient):
        raise Refusal(
            "CONSENT_REQUIRED",
            "This needs the person's consent, which was not given or is over.",
            "此项须经本人同意；尚未同意，或同意已撤回、到期。",
            path,
        )
