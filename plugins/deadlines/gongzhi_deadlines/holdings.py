"""Holdings: what the tables of deadlines hold, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import OPERATION, PUBLIC
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding("calendars.year", Text("years and their notices", "年度节假日安排"), PUBLIC),
    Holding("calendars.calendar", Text("working hours", "工作时间"), PUBLIC),
    Holding("calendars.day", Text("holidays and make-up days", "节假日和调休"), PUBLIC),
    Holding("calendars.span", Text("working hours, laid out", "工作时段"), PUBLIC),
    Holding("clocks.rule_set", Text("rules of deadlines", "时限规则集"), PUBLIC),
    Holding("clocks.rule", Text("rules of deadlines, one by one", "时限规则"), PUBLIC),
    Holding("clocks.choice", Text("which rules a county chose", "时限规则选用"), PUBLIC),
    Holding("clocks.clock", Text("deadlines of cases", "诉求时限"), OPERATION),
    Holding("clocks.trace", Text("why deadlines moved", "时限变更记录"), OPERATION),
)
