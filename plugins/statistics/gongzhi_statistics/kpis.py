"""Formulas: how each figure is computed, published under the name of the figure."""

from __future__ import annotations

from gongzhi.declare.register_entries import Kpi
from gongzhi.values.errors import Text

PERCENT = Text("per cent of the denominator", "%")
DUE = Text(
    "cases whose deadline, extensions included, lies in the period and before today; without those declined, "
    "withdrawn, merged or void. For a unit: its work orders, without those it gave back",
    "期内且今日之前到期（含延期后到期）的诉求件数，不含不予受理、撤回、并单和作废；单位指标按工单计，不含退单",
)
ANSWERED = Text(
    "answers given in the period that the requester rated, by account or receipt, or in a call by somebody who neither "
    "filed nor handled the case; without cases that nobody asked for, or that whoever handled them filed or asked for",
    "期内答复中由诉求人本人（账号或回执）或经未参与上报和办理的人员回访作出评价的次数；无诉求人的、自报自办的、"
    "上报人即承办人的诉求不计",
)
COMPLETED = Text("cases answered or closed in the period, and not taken up again", "期内答复或结案且未重办的件数")
ASKED = Text("grid workers × weeks of the period", "网格员人数 × 统计期周数")
NONE = Text("none", "无")
CASES = Text("cases", "件")
SIGNS = Text("early signs", "条")
MINUTES = Text("minutes, to within five per cent", "分钟（误差 5% 以内）")
A_WEEK = Text("per worker and week", "每人每周")

KPIS = (
    Kpi(
        "reported",
        Text("cases reported in the period, tip-offs apart", "期内上报的诉求件数（举报另计）"),
        Text("cases by the day they were reported, in China", "按上报日（北京时间）计的件数"),
        NONE,
        CASES,
    ),
    Kpi(
        "reportedBefore",
        Text(
            "cases reported in the month before; while the month lasts, in as many days of that one",
            "上月上报的诉求件数；本月未结束时，按上月相同天数计",
        ),
        Text("cases by the day they were reported, in China", "按上报日（北京时间）计的件数"),
        NONE,
        CASES,
    ),
    Kpi(
        "late",
        Text("due − completed by the deadline", "到期 − 按期办结"),
        Text("cases that were not completed by their deadline, extended or not", "未在期限（含延期）内办结的件数"),
        DUE,
        CASES,
    ),
    Kpi(
        "stillLate",
        Text("due − completed due", "到期 − 到期已办结"),
        Text("of these, cases that are neither answered nor closed now", "其中目前仍未答复或结案的件数"),
        DUE,
        CASES,
    ),
    Kpi(
        "signsFound",
        Text("early signs found in the period, by the rule's card", "期内按公布规则发现的民情预警数"),
        Text(
            "signs by the day they were found, those that became a part of a town's left out",
            "按发现日计，不含并入镇级预警的",
        ),
        NONE,
        SIGNS,
    ),
    Kpi(
        "signsConfirmed",
        Text("of the signs found, those with something in common", "发现的预警中属实的条数"),
        Text("signs of which somebody said so", "经研判属实的条数"),
        NONE,
        SIGNS,
    ),
    Kpi(
        "falseAlarms",
        Text("of the signs found, those with nothing in common", "发现的预警中误报的条数"),
        Text("signs of which somebody said so", "经研判为误报的条数"),
        NONE,
        SIGNS,
    ),
    Kpi(
        "signsRunning",
        Text("of the signs found, those under way now", "发现的预警中目前处置中的条数"),
        Text("signs that have not ended", "尚未结束的条数"),
        NONE,
        SIGNS,
    ),
    Kpi("completed", COMPLETED, Text("cases by the day they were settled", "按办结日计的件数"), NONE, CASES),
    Kpi(
        "underWay",
        Text(
            "reported − completed − declined, withdrawn, merged or void, all up to the last day",
            "截至期末：上报 − 办结 − 不予受理、撤回、并单、作废",
        ),
        Text("cases under way when the period ended", "期末在办件数"),
        NONE,
        CASES,
    ),
    # Beside `stillLate`, which is of a period: a board asks what is late now, whenever it fell due.
    Kpi(
        "overdue",
        Text(
            "due − completed due, from ever on up to the last day, and before today",
            "截至期末且今日之前：到期 − 到期已办结",
        ),
        Text(
            "cases past their deadline that are neither answered nor closed now", "已过期限且目前仍未答复或结案的件数"
        ),
        NONE,
        CASES,
    ),
    # With a period of one day, what is to be done today.
    Kpi(
        "dueOnLastDay",
        Text("due on the last day − completed of these", "期末当日到期 − 其中已办结"),
        Text(
            "cases due on the last day that are neither answered nor closed now", "期末当日到期且目前未答复或结案的件数"
        ),
        NONE,
        CASES,
    ),
    Kpi(
        "completionRate",
        Text("completed due ÷ due", "到期已办结 ÷ 到期"),
        Text("of these, cases that are answered or closed now", "其中目前已答复或结案的件数"),
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
        "extensionShare",
        Text("extended ÷ due; always shown beside the rate of those in time", "延期件 ÷ 到期；与按期办结率一并公布"),
        Text("of these, cases whose deadline was extended", "其中办理过延期的件数"),
        DUE,
        PERCENT,
    ),
    Kpi(
        "resolutionRate",
        Text(
            "answers called “resolved” ÷ answers of which the requester said whether they resolved it; each answer "
            "counts, also one after which the case was taken up again; never ÷ all; over the whole months in which "
            "ten or more answered; read with the share of those that were rated",
            "答“已解决”的答复 ÷ 诉求人已表态的答复；逐次答复计，重办前的“未解决”照计；"
            "不以全部件为分母；仅计满十人作答的整月；与评价覆盖率一并公布",
        ),
        Text("of these, those called “resolved”", "其中回答“已解决”的次数"),
        ANSWERED,
        PERCENT,
        version=2,
    ),
    Kpi(
        "satisfactionRate",
        Text(
            "answers rated 4 or 5 ÷ answers rated; each answer counts; never ÷ all; over the whole months in which "
            "ten or more rated; read with the share of those that were rated",
            "评分 4 分及以上的答复 ÷ 已评分的答复；逐次答复计；不以全部件为分母；仅计满十人评分的整月；"
            "与评价覆盖率一并公布",
        ),
        Text("of these, those rated 4 or 5", "其中评 4 分或 5 分的次数"),
        ANSWERED,
        PERCENT,
        version=2,
    ),
    Kpi(
        "answerCoverage",
        Text(
            "completed cases whose last answer was rated ÷ completed, those that nobody but the handler asked for "
            "included; over the whole months in which ten or more were rated; always shown beside the two before",
            "末次答复已评价的办结件 ÷ 办结（含无诉求人、自报自办的件）；仅计满十人评价的整月；与前两项一并公布",
        ),
        Text("completed cases whose last answer has a rating that counts", "末次答复有有效评价的办结件数"),
        COMPLETED,
        PERCENT,
        version=2,
    ),
    Kpi(
        "medianResponse",
        Text(
            "the middle case’s time from report to the first step of the staff", "自上报至工作人员首次处理时长的中位数"
        ),
        Text("cases reported in the period that somebody looked at", "期内上报且已响应的件数"),
        NONE,
        MINUTES,
    ),
    Kpi(
        "medianHandling",
        Text("the middle case’s time from report to answer", "自上报至答复时长的中位数"),
        COMPLETED,
        NONE,
        MINUTES,
    ),
    Kpi(
        "levelShare",
        Text("settled at the level ÷ settled at any level (小事不出村)", "本层级化解 ÷ 各层级化解合计"),
        Text("cases settled at the level they had been raised or dispatched to", "在所上报或派单层级办结的件数"),
        COMPLETED,
        PERCENT,
    ),
    Kpi(
        "issued",
        Text("work orders issued in the period; `returned` are those given back", "期内派发工单数；退单数另列"),
        Text("work orders by the day they were issued", "按派单日计的工单数"),
        NONE,
        Text("work orders", "单"),
    ),
    Kpi(
        "fieldsPerWorkerWeek",
        Text(
            "Σ records × fields their form requires ÷ workers ÷ weeks; the forms are those for reports, "
            "settlements in the grid, visits and patrols, less key and version and what is prefilled",
            "Σ 记录数 × 表单必填字段数 ÷ 网格员人数 ÷ 周数；表单为上报、自处理、走访、巡查，"
            "不含幂等键、版本号和预填字段",
        ),
        Text("required fields of what grid workers recorded", "网格员所填记录的必填字段数"),
        ASKED,
        A_WEEK,
    ),
    Kpi(
        "prefilledPerWorkerWeek",
        Text(
            "Σ records × required fields that `prefill` knows ÷ workers ÷ weeks; not among those that are required",
            "Σ 记录数 × 由系统预填的必填字段数 ÷ 网格员人数 ÷ 周数；不计入每周填报字段数",
        ),
        Text("fields that nobody was asked for", "免填字段数"),
        ASKED,
        A_WEEK,
    ),
    Kpi(
        "photosPerWorkerWeek",
        Text(
            "photos of cases that grid workers reported ÷ workers ÷ weeks",
            "网格员上报诉求所附照片数 ÷ 网格员人数 ÷ 周数",
        ),
        Text("photos uploaded", "上传照片数"),
        ASKED,
        A_WEEK,
    ),
    Kpi(
        "minutesPerWorkerWeek",
        Text(
            "(15 s × fields + 30 s × photos) ÷ workers ÷ weeks; standard times, nobody is timed",
            "（15 秒 × 字段数 + 30 秒 × 照片数）÷ 网格员人数 ÷ 周数；按标准用时估算，不对任何人计时",
        ),
        Text("standard minutes of what was recorded", "按标准用时折算的分钟数"),
        ASKED,
        A_WEEK,
    ),
)
