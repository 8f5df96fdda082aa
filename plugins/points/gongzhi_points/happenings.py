"""What points tell others, and the events of others that may feed rules: those whose type says so (rulings 8)."""

from __future__ import annotations

from uuid import UUID

from gongzhi.cases.events import EVENTS
from gongzhi.events.event import Event, event

OWN = "points."


@event("points.posted", "Points moved on an account (积分变动).")
class Posted(Event):
    entry: UUID
    account: UUID
    amount: int


FEEDS = {one.type: one for one in EVENTS if one.feedable}
