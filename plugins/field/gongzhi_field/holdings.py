"""Holdings: what the history of fields and conflicts holds (the texts of cases as they were)."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import RECORDS
from gongzhi.values.errors import Text

ASKED = "t.case_id in (select c.id from cases.case c where c.requester_id=$1)"

HOLDINGS = (
    Holding(
        "sync.change",
        Text("what fields of cases were before", "诉求字段修改记录"),
        RECORDS,
        person=ASKED,
        erase={"before": "null", "after": "null"},
        hidden=("account",),
    ),
    Holding(
        "sync.conflict",
        Text("changes that met each other", "离线修改冲突"),
        RECORDS,
        person=ASKED,
        erase={"base": "null", "mine": "null", "theirs": "null"},
        hidden=("account", "resolved_by"),
    ),
)
