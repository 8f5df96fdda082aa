"""Releases: positive statements about a person that plugins exchange, by that person's consent only.

The plugin that needs to know calls `create_release` in the command in which the person asks for something; those that
know fill it by the hook `registers`. Neither imports the other, and the recipient reads what `find_released_claims`
gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.accounts.rules import author_of
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.register_entries import StatementClaim
from gongzhi.runtime.checks import CHINA, duplicate, invalid_input, today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import DeclarationError

from .models import ReleaseRow
from .representation import require_speaker

LONGEST = timedelta(days=366)
"""A release lasts a year at most; it can be given again."""


async def create_release(
    call: Call, person: PersonRow, *, kinds: Sequence[str], recipient: str, purpose: str, expires_on: date
) -> ReleaseRow:
    """Freeze what there is to say of these kinds for the recipient, until the end of a day in China.

    Only the person, or whoever speaks for them, can. A kind of which there is nothing good to say is left out, so
    that the recipient cannot tell it from one that was not released.
    """
    await require_speaker(call, person)
    if not today(call) <= expires_on <= today(call) + LONGEST:
        raise invalid_input("A release lasts a year at most, from today.", "授权期限自今日起最长一年。", "expiresOn")
    chosen = list(dict.fromkeys(kinds))
    if len(chosen) != len(kinds):
        raise duplicate("A kind is named twice.", "种类重复。", "kinds")
    # Frozen: the recipient reads what there was to say on the day of the release.
    claims = [one for kind in chosen for one in await collect_claims(call, kind, person.id)]
    return await ReleaseRow.create(
        grid_id=person.grid_id,
        person=person,
        recipient=recipient,
        purpose=purpose,
        kinds=[kind for kind in chosen if any(one["kind"] == kind for one in claims)],
        claims=claims,
        given_at=call.now,
        # The day itself still counts, until midnight in China and not where the server stands.
        expires_at=datetime.combine(expires_on + timedelta(days=1), time(), CHINA),
        account=author_of(call),
    )


async def revoke_release(call: Call, release: UUID) -> None:
    """End a release now, if it has not ended: the recipient reads nothing of it any more."""
    await ReleaseRow.filter(id=release, revoked_at=None).update(revoked_at=call.now)


async def collect_claims(call: Call, kind: str, person: UUID) -> list[dict[str, Any]]:
    """Return the claims of one kind about a person, as they are kept."""
    statement = call.context.registers.statement(kind)
    if statement is None:
        raise invalid_input(
            "There is no such kind of statement; see the kinds of statements.", "没有这种证明。", "kinds"
        )
    return [claim_data(kind, claim) for claim in await statement.say(call, person)]


def claim_data(kind: str, claim: StatementClaim) -> dict[str, Any]:
    """Return a claim as it is kept. Raises DeclarationError for one that says something bad, or nothing."""
    # A count of nothing would tell against somebody.
    if isinstance(claim.value, int) and claim.value <= 0:
        raise DeclarationError(f"{kind}: a claim counts something above zero; leave it out instead")
    return {"kind": kind, "text": claim.text.zh, "english": claim.text.en, "value": claim.value}


async def find_released_claims(call: Call, person: UUID, recipient: str, purpose: str) -> list[dict[str, Any]]:
    """Return what the recipient may read of the person now: `kind`, `text`, `english`, `value` of each claim."""
    # The last one counts, which may hold less than those before.
    found = await ReleaseRow.filter(
        person_id=person, recipient=recipient, purpose=purpose, revoked_at=None, expires_at__gt=call.now
    ).order_by("-given_at", "-id").first()  # fmt: skip
    return list(found.claims) if found else []
