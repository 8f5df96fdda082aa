"""Visibility of emergencies: what holds and what held is public, what is asked for is for staff."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

DECLARE = "emergency.declare"
REVIEW = "emergency.review"


def visible_emergencies(emergency: Table, viewer: ViewerScope) -> Alternatives:
    """Select the public register, and for those who may declare one what waits for a second pair of eyes."""
    # What was absorbed before anybody confirmed it never held, and is not public.
    held = Sql(
        "({0} in ('ACTIVE','ENDED') or {0}='ABSORBED' and {1} is not null)", emergency.state, emergency.confirmed_at
    )
    return widen_rows(viewer.within(emergency, DECLARE), held)


def visible_marks(mark: Table, viewer: ViewerScope) -> Alternatives:
    """Select what was done by a power in the grids where one reviews it; the report has the numbers for everybody."""
    held = Table("emergency", schema="emergency", alias="reviewed")
    seen = viewer.within(held, REVIEW)
    if not seen:
        return seen
    place = "exists(select from emergency.emergency reviewed where {0}={1} and ({2}))"
    return [Sql(place, held.id, mark.emergency_id, one) for one in seen]
