"""What points tell others."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

OWN = "points."


@event("points.posted", "Points moved on an account (积分变动).")
class Posted(Event):
    entry: UUID
    account: UUID
    amount: int
