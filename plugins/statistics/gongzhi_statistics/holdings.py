"""Holdings: codes, days and sums, and about each case no more than its own row tells for as long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Check, Holding
from gongzhi.plugin.retention import NOTHING
from gongzhi.values.errors import Text

BASIS = Text("国办函〔2026〕12号; statutory duty", "国办函〔2026〕12号；履行法定职责所必需")

HOLDINGS = (
    Holding("statistics.fact", Text("what each case counts for in figures", "各诉求的统计口径"), BASIS),
    Holding("statistics.changed", Text("cases to be counted anew", "待重新统计的诉求"), BASIS),
    Holding("statistics.rollup", Text("sums by place and day", "按地区和日期汇总的统计数"), BASIS),
    Holding("statistics.sign_case", Text("which cases an early sign rests on", "民情预警所依据的诉求"), BASIS),
    Holding(
        "statistics.sign",
        Text("early signs, and what was decided about them", "民情预警及处置记录"),
        BASIS,
        # The numbers stay, by which the rule is judged.
        erase={
            "note": f"case when t.note is not null then {NOTHING} end",
            "outcome": f"case when t.outcome is not null then {NOTHING} end",
            "decided_by": "null",
        },
        months=36,
        since="t.ended_at",
    ),
    Holding(
        "statistics.dataset",
        Text("tables published as open data, and by whom", "开放数据及发布人"),
        BASIS,
        erase={"proposed_by": "null", "decided_by": "null"},
        months=36,
        since="coalesce(t.withdrawn_at,t.decided_at)",
    ),
)

CHECKS = (
    Check(
        "signsWaiting",
        "select count(*) from statistics.sign s where s.ended_at is null and s.found_at<now()-interval '30 days'",
        Text("no early sign waits for longer than a month", "没有超过一个月未办结的民情预警"),
        Text("early signs under way for more than 30 days: {0}", "超过 30 日未办结的民情预警：{0}"),
    ),
)
