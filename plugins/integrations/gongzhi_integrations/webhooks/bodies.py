"""Bodies: what is sent, as CloudEvents 1.0 in structured mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from gongzhi.runtime.event_access import KnownEvent

TEST_DATA = {"version": 1, "actor": "SYSTEM", "facts": {}}
"""What a test says that happened."""


def make_body(source: str, delivery: Any, known: KnownEvent, with_case: bool, sequence: int) -> str:
    """Make the body of an event, with the case as it is now if that was asked for. `source` is our own address."""
    data: dict[str, Any] = {"version": known.version, "actor": known.actor, "facts": known.facts}
    if with_case:
        data["case"] = known.case
    return make_envelope(source, delivery, data, sequence, known.facts.get("number"))


def write_request(bodies: Sequence[str], batched: bool) -> str:
    """Write what is posted: an event by itself, or an array of them (CloudEvents, batched content mode)."""
    return f"[{','.join(bodies)}]" if batched else bodies[0]


def make_envelope(source: str, delivery: Any, data: dict[str, Any], sequence: int, subject: str | None = None) -> str:
    """Make the CloudEvent of a delivery, the one of this `sequence` at its endpoint."""
    made = {
        "specversion": "1.0",
        "id": str(delivery["event_id"]),
        "source": source,
        "type": delivery["type"],
        "time": delivery["at"],
        # Texts of one length, whose order as texts is that of the numbers.
        "sequence": f"{sequence:016}",
        **({"subject": subject} if subject else {}),
        "datacontenttype": "application/json",
        "data": data,
    }
    return orjson.dumps(made).decode()
