"""Holdings: what supervision holds; what offices wrote to each other goes when the requester of the case goes."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import PUBLIC, RECORDS
from gongzhi.values.errors import Text
from gongzhi_dispatch.holdings import ASKED

HOLDINGS = (
    Holding("supervision.rule", Text("when cases are supervised", "督办规则"), PUBLIC, hidden=("account",)),
    Holding(
        "supervision.supervision",
        Text("how cases were supervised", "督办"),
        RECORDS,
        person=ASKED,
        erase={"reason": "null", "reply": "null", "lifted_why": "null"},
        hidden=("issued_by", "replied_by", "lifted_by"),
    ),
)
