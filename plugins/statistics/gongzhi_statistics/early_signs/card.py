"""Card: how early signs are found, published with all other rules, and what is known not to work well."""

from __future__ import annotations

from datetime import date

from gongzhi.declare.register_entries import Card
from gongzhi.values.errors import Text

from .clusters import EDITION, NAME

# The numbers stand here as words; a test compares them with those of the rule.
CARD = Card(
    NAME,
    EDITION,
    purpose=Text(
        "To see early where like matters come together, before more people have to ask",
        "及早发现同类诉求聚集，未诉先办",
    ),
    basis=Text(
        "Statutory duty of grid governance; nothing is decided by it", "履行网格治理法定职责；不据此作出任何决定"
    ),
    inputs=(
        Text("the subject of cases that somebody asked for", "有诉求人的诉求的分类"),
        Text("the village and town in which they lie, and the day", "诉求所在村、镇和上报日期"),
    ),
    formula=Text(
        "Cases of a subject in a village in 7 days, compared with the mean of the 12 weeks before, taken as 3 cases "
        "in 12 weeks at least. A sign begins where chance alone (Poisson) brings as many with a probability of 1 % at "
        "most, and at the county's least number of cases (4 unless it says otherwise). Villages of a town together "
        "likewise, with twice that number, in 3 villages at least: then it is one sign, of the town.",
        "某村某类诉求 7 日内的件数，与此前 12 周的周均件数比较（12 周不足 3 件的按 3 件计）。"
        "仅凭偶然（泊松分布）达到该件数的概率不超过 1%，且不少于本县设定的最少件数（未设定为 4 件）的，形成预警。"
        "同镇各村合并同样判断，件数加倍且涉及 3 个村以上的，合并为该镇一条预警。",
    ),
    owner=Text("the county's dispatch", "县级调度"),
    since=date(2026, 12, 1),
    limits=Text(
        "It knows no seasons, holidays or weather. Somebody who asks five times looks like five. Rare subjects and "
        "small villages are found late or never. Cases do not come by chance alone, so there are more false alarms "
        "than one of a hundred; they are counted and published. It leaves out tip-offs, what is against a unit, "
        "quarrels, welfare, village affairs, complaints about the platform, and what patrols and devices found.",
        "不考虑季节、节假日和天气；同一人多次提出按多件计；少见事项和小村可能发现较晚或未能发现。诉求并非纯属偶然，误报会多于百分之一，"
        "误报数随卡片公布。不计举报、针对单位的事项、矛盾纠纷、社保民政、村务监督、对本平台的意见，以及巡查和设备发现的事项。",
    ),
    contact=Text("the county's dispatch, or a complaint about the platform", "县级调度，或提交对本平台的意见"),
)
