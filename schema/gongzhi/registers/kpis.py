"""The core's figures: one formula each, published with the figure (docs/operators.md)."""

from __future__ import annotations

from ..errors import Text
from .declared import Kpi

PERCENT = Text("per cent of the denominator", "%")
DUE = Text("cases whose deadline, extensions included, lies in the period", "期内到期（含延期后到期）的诉求件数")
ANSWERED = Text("follow-ups that the requester answered", "诉求人已作答的回访件数")

KPIS = (
    Kpi(
        "completionRate",
        Text("completed due ÷ due", "到期已办结 ÷ 到期"),
        Text("of these, cases answered or closed by the end of the period", "其中期末前已答复或结案的件数"),
        DUE,
        PERCENT,
    ),
    Kpi(
        "onTimeRate",
        Text("completed by the deadline ÷ due", "按期办结 ÷ 到期"),
        Text("of these, cases completed by their deadline, extended or not", "其中在期限（含延期）内办结的件数"),
        DUE,
        PERCENT,
    ),
    Kpi(
        "extendedShare",
        Text("extended ÷ due; always shown beside onTimeRate", "延期件 ÷ 到期；与按期办结率一并公布"),
        Text("of these, cases whose deadline was extended", "其中办理过延期的件数"),
        DUE,
        PERCENT,
    ),
    Kpi(
        "resolutionRate",
        Text("answered “resolved” ÷ answered follow-ups; never ÷ all", "回访答“已解决” ÷ 已作答回访；不以全部件为分母"),
        Text("of these, those answered “resolved”", "其中回答“已解决”的件数"),
        ANSWERED,
        PERCENT,
    ),
    Kpi(
        "satisfactionRate",
        Text("rated 4 or 5 ÷ answered follow-ups; never ÷ all", "评分 4 分及以上 ÷ 已作答回访；不以全部件为分母"),
        Text("of these, those rated 4 or 5", "其中评 4 分或 5 分的件数"),
        ANSWERED,
        PERCENT,
    ),
    Kpi(
        "responseRate",
        Text(
            "answered follow-ups ÷ follow-ups; always shown beside the two before",
            "已作答回访 ÷ 回访；与前两项一并公布",
        ),
        ANSWERED,
        Text("cases completed in the period whose requester was asked", "期内办结并已回访的件数"),
        PERCENT,
    ),
)
