"""Digests (日处理、周汇总、月分析、季评估): texts with figures, made when asked for and never typed in."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from gongzhi.declare.entity import embedded
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table

from . import figures, rules
from .figures import Scope, area_sql
from .monthly import OVERDUE, SIGNS, Change, Movement
from .sentences import Digest, Section, fill_template, localized_text


class Period(StrEnum):
    """The period of a digest."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"


describe_enum(
    Period,
    "DigestPeriod",
    "The period of a digest (汇总周期).",
    DAY="What the day brought (日处理)",
    WEEK="The week from Monday (周汇总)",
    MONTH="The month (月分析)",
    QUARTER="The quarter (季评估)",
)


FLOW = Section(
    Text("Cases", "诉求办理"),
    Text(
        "{reported} cases were reported and {completed} settled; {underWay} were under way at the end.",
        "上报诉求 {reported} 件，办结 {completed} 件，期末在办 {underWay} 件。",
    ),
    (figures.REPORTED, figures.COMPLETED, figures.UNDER_WAY),
)
TIME = Section(
    Text("Deadlines", "办理时限"),
    Text(
        "Of the cases that fell due, {completionRate} % are settled and {onTimeRate} % were settled in time; "
        "{extensionShare} % had been extended.",
        "到期诉求办结率 {completionRate}%，按期办结率 {onTimeRate}%，其中延期件占 {extensionShare}%。",
    ),
    (figures.COMPLETION, figures.ON_TIME, figures.EXTENSION),
)
ANSWERS = Section(
    Text("What requesters say", "群众评价"),
    Text(
        "{answerCoverage} % of the requesters answered; of these {resolutionRate} % say it is solved and "
        "{satisfactionRate} % are satisfied.",
        "评价覆盖率 {answerCoverage}%；已作答者中，解决率 {resolutionRate}%，满意率 {satisfactionRate}%。",
    ),
    (figures.COVERAGE, figures.RESOLUTION, figures.SATISFACTION),
)
SPEED = Section(
    Text("How long it takes", "办理时长"),
    Text(
        "Half of the cases were looked at within {medianResponse} minutes, and settled within {medianHandling}.",
        "半数诉求在 {medianResponse} 分钟内得到响应，在 {medianHandling} 分钟内办结。",
    ),
    (figures.RESPONSE, figures.HANDLING),
)
# The longer the period, the more there is to say: rates of a day would rest on a few cases.
SECTIONS: Mapping[Period, Sequence[Section | Change | Movement]] = {
    Period.DAY: (FLOW,),
    Period.WEEK: (FLOW, TIME),
    Period.MONTH: (FLOW, Change(), Movement(), TIME, OVERDUE, SIGNS, ANSWERS),
    Period.QUARTER: (FLOW, TIME, ANSWERS, SPEED),
}
TITLES = {
    Period.DAY: Text("{grid}: the day {since}", "{grid}日处理（{since}）"),
    Period.WEEK: Text("{grid}: the week from {since} to {until}", "{grid}周汇总（{since} 至 {until}）"),
    Period.MONTH: Text("{grid}: the month from {since} to {until}", "{grid}月分析（{since} 至 {until}）"),
    Period.QUARTER: Text("{grid}: the quarter from {since} to {until}", "{grid}季评估（{since} 至 {until}）"),
}


def period_days(period: Period, at: date) -> tuple[date, date]:
    """Return the first and the last day of the period that a day lies in."""
    if period is Period.DAY:
        return at, at
    if period is Period.WEEK:
        # Weeks begin on Monday, as in the published formulas.
        first = at - timedelta(days=at.weekday())
        return first, first + timedelta(days=6)
    month = at.month if period is Period.MONTH else (at.month - 1) // 3 * 3 + 1
    last = month if period is Period.MONTH else month + 2
    return at.replace(month=month, day=1), date(at.year, last, calendar.monthrange(at.year, last)[1])


def period_day(which: int) -> Any:
    def read(given: Mapping[str, Any], context: Any) -> date:
        return period_days(Period(given["period"]), given["at"])[which]

    return read


def digest_sql(at: Frame) -> Sql:
    """Build the digest as JSON; null for a place that is not there, has no figures, or is not the caller's to see."""
    # A trait: known before the statement is made, since each period has sections of its own.
    period = Period(at.given.trait("period", of=lambda value: Period(value).value))
    grid = Table("grid", schema="grids", alias="g")
    since, until = (at.given.whole(period_day(which), cast="date") for which in (0, 1))
    scope = Scope(area_sql(grid), since, until, at.viewer.today)
    sections = [one.build(scope) for one in SECTIONS[period]]
    title = fill_template(localized_text(TITLES[period]), grid=grid.field("name"), since=since, until=until)
    listed = ",".join(f"{{{at}}}" for at in range(4, 4 + len(sections)))
    return Sql(
        f"(select jsonb_build_object('title',{{0}},'sections',jsonb_build_array({listed})) from grids.grid g "
        "where g.code={1} and g.valid_to is null and ({2}) and {3})",
        title,
        at.given.bind("grid"),
        rules.served_grids(grid, at.viewer),
        rules.has_figures(Frame(grid, grid, at.viewer, at.given)),
        *sections,
    )


EXTENSIONS = (
    extend(
        Query,
        digest=embedded(
            "What a day, week, month or quarter brought, in words and figures (定期汇总).",
            digest_sql,
            type=Digest | None,
            requires=rules.VIEW,
            arguments={
                "grid": Argument(str, "The grid's code: a village, a town, a county or above (网格编码)."),
                "period": Argument(Period, "How long (周期)."),
                "at": Argument(date, "A day in it, in China (所在日期)."),
            },
        ),
    ),
)
