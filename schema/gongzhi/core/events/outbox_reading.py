"""Outbox reading: events of the outbox as occurrences, for who follows all of them by SQL.

Positions are given without a hole once events are committed, so whoever has read one has read all before it.
"""

from __future__ import annotations

from typing import Any

import orjson

from gongzhi.declare.events import Actor, Occurrence

COLUMNS = "o.id, o.position, o.type, o.version, o.at, o.actor, o.county_id, g.code, o.case_id, o.data::text as data"
"""What `event_of_row` takes, in the order of an occurrence's parts: of `events.outbox` as `o`, and of the grid of its
`grid_id` as `g`."""
ACTORS = {"stranger": Actor.STRANGER, "resident": Actor.RESIDENT, "integrator": Actor.SYSTEM, "system": Actor.SYSTEM}
NAMES = ("id", "position", "type", "version", "at", "actor", "county_id", "code", "case_id", "data")


def event_of_row(row: Any) -> Occurrence:
    """Make the event of a row with these columns."""
    id, position, type, version, at, actor, county, grid, case, data = (row[name] for name in NAMES)
    return Occurrence(id, position, type, version, at, Actor(actor), county, grid, case, orjson.loads(data))


def actor_of_role(role: str) -> Actor:
    """Return what kind of actor somebody is in a role, which is all that an event tells of them."""
    return ACTORS.get(role, Actor.STAFF)
