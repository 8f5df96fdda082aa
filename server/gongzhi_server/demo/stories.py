"""Stories: what people raise, in templates in which `{place}` stands for a village and group, such as 三坪村三组."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import NamedTuple

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseKind


class Story(NamedTuple):
    """A matter. `unit` is the department it belongs to; `line` says that nobody nearer can settle it."""

    category: str
    kind: CaseKind
    unit: str
    line: bool
    title: str
    description: str
    reply: str


class Stories(NamedTuple):
    """The matters of the county, the disputes apart, by category."""

    ordinary: tuple[Story, ...]
    disputes: dict[str, Story]


def read_stories() -> Stories:
    """Read the matters from the file beside this module."""
    with (files(__package__) / "stories.csv").open(encoding="utf-8") as lines:
        rows = [_story(row) for row in csv.DictReader(lines)]
    disputes = {story.category: story for story in rows if story.category in DISPUTES}
    return Stories(tuple(story for story in rows if story.category not in DISPUTES), disputes)


def _story(row: dict[str, str]) -> Story:
    """Read a matter from a row."""
    texts = row["title"], row["description"], row["reply"]
    return Story(row["category"], CaseKind(row["kind"]), row["unit"], row["line"] == "line", *texts)


DISPUTES = {
    "dispute.marriage_family": 19.7,
    "dispute.neighbor": 22.9,
    "dispute.housing_homestead": 6.9,
    "dispute.damages": 8.1,
    "dispute.contract": 5,
    "dispute.business": 5,
    "dispute.forest_land": 9,
    "dispute.expropriation": 3,
    "dispute.labor": 4,
    "dispute.village_affairs": 4,
    "dispute.environment": 2,
    "dispute.traffic": 4,
    "dispute.medical": 1,
    "dispute.property_mgmt": 1.4,
    "dispute.consumer": 2,
    "dispute.other": 2,
}
"""Percent by kind: the first four as in the whole country in 2011 (yearbook of 2012, table 23-9), the rest ours."""

SEALED = Story(
    "village_affairs",
    CaseKind.TIP_OFF,
    "JWJW",
    True,
    "反映有关单位履职情况",
    "反映的内容另附，请求保密。",
    "已按程序核查，结果已反馈反映人。",
)

ON_THE_SPOT = (
    "网格员当天上门，现场处理完毕。",
    "网格员现场解答并帮助办理，当事人表示满意。",
    "网格内协调解决，已告知当事人。",
    "中心户长与网格员一起处理，问题已解决。",
)
NOTES = {
    machine.DECLINE.event: (
        "不属于受理范围，已告知向有管辖权的机关反映。",
        "正在诉讼程序中，依法不予受理，已说明理由。",
    ),
    machine.WITHDRAW.event: ("问题已自行解决，撤回诉求。", "双方已私下谈妥，不再需要处理。"),
    machine.MERGE.event: ("与先前诉求为同一事项，并单办理。",),
    machine.VOID.event: ("重复录入，经批准作废。", "测试数据，经批准作废。"),
    machine.RETURN.event: ("经核不属本单位职责，退回重新派单。", "点位不在辖区内，申请改派。"),
    machine.SUSPEND.event: ("需待雨季结束后施工，暂时挂账。", "涉及项目资金，待批复后继续办理。"),
    machine.REOPEN.event: ("来看过一次，还没有修好。", "只是解释了政策，问题没有解决。"),
}
"""What is written beside a step, by the type of its event."""
PRAISE = "处理很快，谢谢。", "态度好，解释清楚。", "问题解决了，满意。", "网格员跑了好几趟，辛苦了。"
GRUMBLES = "解决了，就是时间长了点。", "希望以后早点答复。"
