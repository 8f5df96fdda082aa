"""Holdings: what governance centres keep, for the public register."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import PUBLIC
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding("centers.center", Text("governance centres", "综治中心"), PUBLIC),
    Holding("centers.seat", Text("units in them", "综治中心入驻单位"), PUBLIC),
)
