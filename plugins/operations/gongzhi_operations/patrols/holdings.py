"""Holdings: what patrols hold (a grid and a time, and what was found there)."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import SERVICE
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "patrols.patrol",
        Text("patrols and what was found", "巡查记录"),
        SERVICE,
        person="t.patroller_id=$1",
        erase={"patroller_id": "null", "account": "null"},
        months=36,
        since="t.at",
    ),
)
