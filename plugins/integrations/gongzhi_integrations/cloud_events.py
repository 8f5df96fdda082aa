"""CloudEvents: an event as it is told to systems that fetch events, over NATS and over plain HTTP."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.events import Occurrence


def make_cloud_event(event: Occurrence, county: str | None, source: str) -> dict[str, Any]:
    """Make the CloudEvent of an event. Extensions that do not apply are left out."""
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": source,
        "type": event.type,
        "subject": event.data.get("number"),
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "dataversion": event.version,
        "actor": event.actor.value,
        "county": county,
        "grid": event.grid,
        "caseid": event.case and str(event.case),
        "data": event.data,
    }
    return {name: value for name, value in found.items() if value is not None}
