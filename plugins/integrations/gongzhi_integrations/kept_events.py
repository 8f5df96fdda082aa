"""Kept events: from which position on one is told what has happened since a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from gongzhi.values.errors import Refusal, Text

OLDEST = "select min(o.at) as at from events.outbox o, events.counter n where n.gone > 0"
"""When the first event happened that is kept, if any has been thrown away."""
SINCE = "select min(position) - 1 as position from events.outbox where at >= $1"


async def find_position_before(
    fetch: Callable[..., Awaitable[Sequence[Any]]], since: datetime, advice: Text
) -> int | None:
    """Find the position before the first event from a time on; None if there is no such event yet.

    Raises Refusal with CURSOR_EXPIRED and what to do, if events of that time have been thrown away.
    """
    [kept] = await fetch(OLDEST)
    if kept["at"] and since < kept["at"]:
        oldest = kept["at"].isoformat()
        raise Refusal(
            "CURSOR_EXPIRED",
            f"Events before {oldest} are no longer kept; {advice.en}.",
            f"{oldest} 之前的事件已不再保留，{advice.zh}。",
            ("since",),
        )
    [first] = await fetch(SINCE, since)
    return None if first["position"] is None else int(first["position"])
