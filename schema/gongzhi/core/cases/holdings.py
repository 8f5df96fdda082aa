"""Holdings: what the tables of cases hold, how long, and what anonymisation takes; cases stay as facts."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import LETTERS, NOTHING, SERVICE
from gongzhi.values.errors import Text

ASKED = "{0}.requester_id=$1 or {0}.filed_by_id=$1 and {0}.requester_id is null"
"""Whoever asked; whoever filed it, if nobody is said to have asked."""
OVER = (
    "case when {0}.status in ('CLOSED','DECLINED','WITHDRAWN','MERGED','VOIDED') "
    "then coalesce({0}.closed_at,{0}.settled_at,{0}.reported_at) end"
)
MONTHS = 60

HOLDINGS = (
    Holding(
        "cases.case",
        Text("what people raised, where, and what was answered", "诉求内容、地点和答复"),
        LETTERS,
        person=ASKED.format("t"),
        erase={
            "title": NOTHING,
            "description": NOTHING,
            "address": "null",
            "longitude": "null",
            "latitude": "null",
            "place_source": "null",
            "reply": f"case when t.reply is not null then {NOTHING} end",
            "rating_comment": "null",
            "account": "null",
        },
        months=MONTHS,
        since=OVER.format("t"),
    ),
    Holding(
        "cases.event",
        Text("the steps of a case and what was noted", "诉求办理经过和备注"),
        LETTERS,
        person=f"exists(select from cases.case c where c.id=t.case_id and ({ASKED.format('c')}))",
        erase={
            "note": "null",
            "data": "'{}'",
            "account": "case when t.role is distinct from 'resident' then t.account end",
        },
        months=MONTHS,
        since=f"(select {OVER.format('c')} from cases.case c where c.id=t.case_id)",
    ),
    Holding(
        "cases.rating",
        Text("what the requester made of each answer", "诉求人对每次答复的评价"),
        LETTERS,
        person=f"exists(select from cases.case c where c.id=t.case_id and ({ASKED.format('c')}))",
        erase={"comment": "null"},
        months=MONTHS,
        since=f"(select {OVER.format('c')} from cases.case c where c.id=t.case_id)",
    ),
    *(
        Holding(table, what, SERVICE)
        for table, what in (
            ("cases.support", Text("units that help with a case", "协办单位")),
            ("cases.category", Text("subjects of cases", "诉求分类")),
            ("cases.channel", Text("ways in which cases arrive", "渠道")),
            ("cases.counter", Text("numbers given out", "编号计数")),
        )
    ),
)
