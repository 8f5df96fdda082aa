"""Holdings: what whistle calls hold, which are matters of offices. Whoever writes one leaves people's names out."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import RECORDS
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding("whistles.whistle", Text("whistle calls", "吹哨"), RECORDS, hidden=("asked_by", "decided_by")),
    Holding("whistles.summons", Text("units that were called", "报到单位"), RECORDS, hidden=("checked_in_by",)),
    Holding("whistles.plan", Text("what units agreed on", "联合方案"), RECORDS, hidden=("account",)),
    Holding("whistles.task", Text("tasks of units", "联合任务"), RECORDS, hidden=("done_by",)),
    Holding("whistles.assessment", Text("how calls and units were assessed", "双向评价"), RECORDS, hidden=("account",)),
)
