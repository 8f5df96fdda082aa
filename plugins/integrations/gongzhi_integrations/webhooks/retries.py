"""Retries: when a delivery is tried again, and for how long an endpoint rests."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

ATTEMPTS = 13
FIRST, LONGEST = timedelta(seconds=10), timedelta(hours=6)
"""How long after the first failure it is tried again, and the longest it waits; three times as long each time."""
JITTER = 0.2
"""By how much of itself a wait is made shorter or longer, so that what failed together does not come back together."""
LASTING = timedelta(days=1)
"""An endpoint that has taken nothing for so long is disabled. No delivery has been given up by then."""
SHORTEST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=5)
ASKS_FOR_REST = frozenset((429, 503))
"""Statuses whose Retry-After is about the receiver, and not about the one event."""
FARTHEST = timedelta(days=1)
"""The longest a receiver may ask us to wait."""


def find_wait(attempts: int, chance: random.Random) -> timedelta | None:
    """Find how long until a delivery is tried again after so many attempts; None if it is given up."""
    if attempts >= ATTEMPTS:
        return None
    usual: timedelta = min(FIRST * 3 ** (attempts - 1), LONGEST)
    return usual * chance.uniform(1 - JITTER, 1 + JITTER)


def find_rest(failing: timedelta) -> timedelta:
    """Find how long an endpoint is left alone after a failure, by how long it has been failing."""
    # A quarter of the time it has failed for, so that it is tried less and less often.
    return max(SHORTEST_REST, min(failing / 4, LONGEST_REST))


def read_retry_after(retry_after: str | None, now: datetime) -> timedelta:
    """Read how long a receiver asks us to wait: seconds or a date (RFC 9110); nothing for what is neither."""
    if not retry_after:
        return timedelta()
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        # Nine digits are more than the farthest there is.
        return min(timedelta(seconds=int(text[:9])), FARTHEST)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for numbers that no date has room for
        return timedelta()
    # A date without a zone is in GMT (RFC 9110).
    return max(timedelta(), min((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, FARTHEST))
