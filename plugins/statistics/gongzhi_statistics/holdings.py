"""Holdings: codes, days and sums, and about each case no more than its own row tells for as long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.values.errors import Text

BASIS = Text("国办函〔2026〕12号; statutory duty", "国办函〔2026〕12号；履行法定职责所必需")

HOLDINGS = (
    Holding("statistics.fact", Text("what each case counts for in figures", "各诉求的统计口径"), BASIS),
    Holding("statistics.changed", Text("cases to be counted anew", "待重新统计的诉求"), BASIS),
    Holding("statistics.rollup", Text("sums by place and day", "按地区和日期汇总的统计数"), BASIS),
)
