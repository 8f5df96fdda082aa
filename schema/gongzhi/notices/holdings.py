"""What the inbox holds, and how long."""

from __future__ import annotations

from ..errors import Text
from ..people.holdings import SERVICE
from ..registers.declared import GONE, Holding

HOLDINGS = (
    Holding(
        "notices.notice",
        Text("what somebody was told; numbers and codes, never names", "通知"),
        SERVICE,
        person="t.person_id=$1",
        erase=GONE,
        months=24,
        since="t.at",
    ),
)
