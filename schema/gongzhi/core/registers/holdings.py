"""The core's tables that hold nothing about people; in the register all the same, so that it is whole."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import NAMES, OPERATION, PUBLIC
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding("grids.grid", Text("divisions and grids", "区划和网格"), PUBLIC),
    Holding("grids.ring", Text("boundaries", "边界"), PUBLIC),
    Holding("units.unit", Text("organisations", "单位"), PUBLIC),
    Holding("plugins.activation", Text("where plugins are on", "插件启停"), OPERATION),
    Holding(
        "journal.request",
        Text("mutations that were carried out: MAC and ids", "已执行的变更：校验值和标识"),
        OPERATION,
        person=f"t.account in ({NAMES})",
        erase={"account": "'erased:'||t.id"},
        hidden=("mac",),
    ),
    Holding("events.outbox", Text("what happened, in ids, codes and numbers", "事件，仅含标识、代码和数字"), OPERATION),
    Holding("events.counter", Text("the last position given", "事件序号"), OPERATION),
    Holding("events.consumer", Text("how far handlers have come", "事件处理进度"), OPERATION),
    Holding(
        "events.resumption", Text("where streams go on, for two minutes", "事件流的续传位置，保留两分钟"), OPERATION
    ),
    Holding("events.job", Text("work in the background", "后台任务"), OPERATION),
    Holding("calendars.year", Text("years and their notices", "年度节假日安排"), PUBLIC),
    Holding("calendars.calendar", Text("working hours", "工作时间"), PUBLIC),
    Holding("calendars.day", Text("holidays and make-up days", "节假日和调休"), PUBLIC),
    Holding("calendars.span", Text("working hours, laid out", "工作时段"), PUBLIC),
    Holding("clocks.rule_set", Text("rules of deadlines", "时限规则集"), PUBLIC),
    Holding("clocks.rule", Text("rules of deadlines, one by one", "时限规则"), PUBLIC),
    Holding("clocks.choice", Text("which rules a county chose", "时限规则选用"), PUBLIC),
    Holding("clocks.clock", Text("deadlines of cases", "诉求时限"), OPERATION),
    Holding("clocks.trace", Text("why deadlines moved", "时限变更记录"), OPERATION),
    Holding("resolutions.resolution", Text("what assemblies decided", "决议"), PUBLIC),
)
