"""How long each may take. Days are calendar days; `due` is the one place to count them otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..commands import Call

HANDLING = 7
"""To answer a work order; five working days are the usual 12345 term (济南市 art. 24)."""
OBJECTION = 2
"""To object to a dispatch, from when it was issued."""
RULING = 2
"""To rule on an objection."""
EXTENSION = 30
"""The longest extension at once (信访工作条例 art. 34)."""
SUSPENSION = 180
"""The longest suspension at once."""
RETURNS = 2
"""So often a case may be returned; then the county designates a unit, which may not return it (潍坊市 art. 22)."""
WARNING = 0.8
"""The share of a term after which its light turns amber."""


def due(call: Call, days: int) -> datetime:
    """The end of a term that begins now."""
    return call.now + timedelta(days=days)


def warning(start: datetime, end: datetime) -> datetime:
    """When the light of a term turns amber."""
    return start + (end - start) * WARNING
