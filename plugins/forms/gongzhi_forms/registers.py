"""Registers: what the tables of forms hold about people, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import OPERATION, PUBLIC
from gongzhi.values.errors import Text

STEPS = Text("what was done with returns, by which account", "报表的填报、签署和退回记录")
ASKED = Text("what was asked for returns, and answered", "报表提问与答案")
OBJECTIONS = Text("objections to cells of returns", "报表指标异议")

HOLDINGS = (
    # Without `person`: a form says what is asked, and a cell holds no row of anybody.
    Holding("forms.form", Text("forms that places fill", "报表制度"), PUBLIC),
    Holding("forms.return", Text("returns, and who filled them", "报表及填报账户"), OPERATION),
    Holding(
        "forms.cell",
        Text("values of returns, of places and without rows of people", "报表指标值，不含个人记录"),
        OPERATION,
    ),
    Holding("forms.step", STEPS, OPERATION),
    Holding("forms.inquiry", ASKED, OPERATION),
    Holding("forms.objection", OBJECTIONS, OPERATION),
)
