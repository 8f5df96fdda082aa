"""Messages: what goes over NATS, a CloudEvent each. Ids, codes and numbers only, as in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import orjson
from gongzhi.declare.events import Actor, Occurrence

from ..cloud_events import make_cloud_event

ALL, COUNTY = "gongzhi.all", "gongzhi.county"
"""What the subjects begin with: of all events, for our own processes, and of those that a county's integrators get."""
STREAM = "GONGZHI"
MEDIA = "application/cloudevents+json"
CURSOR = "Gongzhi-Cursor"
"""Header: the cursor that a subscription over GraphQL goes on from."""
HIDDEN = "Gongzhi-County"
"""Header of the stream of all events: the county's key."""
NOWHERE = "_"
TOWN = 9
"""Digits of a town's code."""


def stream_of(county: str) -> str:
    """Name the stream of a county."""
    return f"{STREAM}_{county}"


def subject_of(root: str, county: str | None, event: Occurrence) -> str:
    """Name the subject: `root.county.town.type`; `_` for what lies in no county or no town."""
    # The code of a grid begins with that of its town.
    town = event.grid[:TOWN] if event.grid and len(event.grid) >= TOWN else NOWHERE
    return f"{root}.{county or NOWHERE}.{town}.{event.type}"


def write_event(event: Occurrence, county: str | None, source: str) -> bytes:
    """Write an event as a CloudEvent in structured mode."""
    return orjson.dumps(make_cloud_event(event, county, source))


def read_event(body: bytes, headers: Mapping[str, str], position: int) -> Occurrence:
    """Read a message of the stream of all events. Raises ValueError, KeyError or TypeError for any other."""
    found = orjson.loads(body)
    case, county = found.get("caseid"), headers.get(HIDDEN)
    return Occurrence(
        UUID(found["id"]),
        position,
        found["type"],
        found["dataversion"],
        datetime.fromisoformat(found["time"]),
        Actor(found["actor"]),
        int(county) if county else None,
        found.get("grid"),
        UUID(case) if case else None,
        found["data"],
    )
