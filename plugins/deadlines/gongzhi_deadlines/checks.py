"""Checks: what would hurt deadlines later, for `gongzhi doctor` and `Query.findings`."""

from __future__ import annotations

from gongzhi.declare.register_entries import Check
from gongzhi.values.errors import Text

from .clocks.default_rules import DEFAULT

TODAY = "(now() at time zone 'Asia/Shanghai')::date"
"""The day in China: the database's own date follows its time zone."""

CHECKS = (
    Check(
        "deadlines",
        "select count(*) from cases.category c, (select h.set_id from clocks.choice h where h.until is null union "
        f"(select d.id from clocks.rule_set d where d.code = '{DEFAULT}' order by d.edition desc limit 1)) used "
        "where c.valid_to is null and not exists (select from clocks.rule r where r.set_id = used.set_id "
        "and r.stage = 'REPLY' and r.kind is null and r.urgency is null and r.channel is null "
        "and (r.category is null or starts_with(c.code || '.', r.category || '.')))",
        Text("every category has a deadline for the reply", "每个诉求分类都有答复时限"),
        Text("categories without a deadline for the reply: {0}", "没有答复时限的诉求分类：{0}"),
    ),
    Check(
        "calendars",
        f"select count(*) from calendars.calendar where ends_on < {TODAY} + 90",
        Text("every calendar reaches beyond the next three months", "各工作日历至少覆盖未来三个月"),
        Text(
            "calendars about to end, counted in days known: {0}: upgrade, or record the notice in the calendar",
            "即将到期的工作日历：{0}；请升级，或在工作日历中登记放假通知",
        ),
    ),
    Check(
        "holidays",
        f"select count(*) from calendars.year where provisional and year = extract(year from {TODAY})",
        Text("the holidays of this year have been announced", "本年度放假安排已公布"),
        Text(
            "this year's holidays are provisional: upgrade, or record the notice in the calendar",
            "本年度放假安排仍为暂定：请升级，或在工作日历中登记放假通知",
        ),
    ),
)
