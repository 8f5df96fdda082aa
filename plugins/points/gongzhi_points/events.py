"""Events: what the points plugin publishes."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

# Rules may not be fed by events of this prefix: points that cause points would have no end.
OWN = "points."


@event("points.posted", "Points moved on an account (积分变动).")
class Posted(Event):
    entry: UUID
    account: UUID
    amount: int
