"""Holdings: what dispatching holds, and how long; what offices wrote to each other goes with the case's requester."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import PUBLIC, RECORDS
from gongzhi.values.errors import Text

ASKED = "t.case_id in (select c.id from cases.case c where c.requester_id=$1)"

HOLDINGS = (
    Holding("dispatch.rule", Text("the dispatch directory", "派单目录"), PUBLIC),
    Holding("dispatch.rule_support", Text("supporting units of the directory", "派单目录协办单位"), PUBLIC),
    Holding("dispatch.duty", Text("listed duties of departments", "部门职责清单"), PUBLIC),
    Holding(
        "dispatch.work_order",
        Text("work orders of units", "工单"),
        RECORDS,
        person=ASKED,
        erase={"contribution": "null"},
        hidden=("issued_by",),
    ),
    Holding(
        "dispatch.objection",
        Text("objections to a dispatch", "派单异议"),
        RECORDS,
        person=ASKED,
        erase={"grounds": "''", "reason": "null"},
        hidden=("filed_by", "ruled_by"),
    ),
    Holding(
        "dispatch.approval",
        Text("extensions, suspensions, voidings", "延期、挂账、作废审批"),
        RECORDS,
        person=ASKED,
        erase={"reason": "''", "decision": "null"},
        hidden=("requested_by", "decided_by"),
    ),
    # No `person`: it holds keys of cases, and whom those are about the core holds with the cases.
    Holding("dispatch.merge", Text("cases about the same matter", "并单"), RECORDS),
    Holding(
        "dispatch.follow_up",
        Text("what requesters said afterwards", "回访"),
        RECORDS,
        person=ASKED,
        erase={"note": "null", "recording": "null"},
        hidden=("account",),
    ),
)
