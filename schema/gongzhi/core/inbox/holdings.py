"""Holdings: what the inbox holds, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import OPERATION, SERVICE
from gongzhi.values.errors import Text

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
    Holding("notices.waiting", Text("notices that wait for channels, by id", "待发送的通知"), OPERATION),
)
