"""Figure types: figures as the schema has them; nothing is in the order of a figure, or about one of the staff."""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Any

import strawberry
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import embedded, expression, part, within_row
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Build, Frame
from gongzhi.declare.sql import Sql

from . import burden, figures, rules
from .figures import (
    BY_CATEGORY,
    BY_CHANNEL,
    BY_LEVEL,
    BY_LEVEL_AND_CATEGORY,
    PERIOD,
    YEAR,
    Figure,
    area_sql,
    field_scope,
)


class Bucket(StrEnum):
    """How a period is cut up."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


describe_enum(
    Bucket,
    "StatisticsBucket",
    "How a period is cut up (统计粒度).",
    DAY="Days, in China; of a year at most (日)",
    WEEK="Weeks from Monday (周)",
    MONTH="Months (月)",
)

FIRST = {"first": Argument(int, "How many subjects (前几类).", default=20)}
SMALL = "Whether a number of one or two, or one that would tell it, is withheld (是否因数量过小隐去)."


@strawberry.type(description="What was settled at a level (化解层级统计).")
class LevelFigure:
    level: SettlementLevel = strawberry.field(description="The level (层级).")
    settled: int | None = strawberry.field(description="How many cases (办结件数).")
    share: float | None = strawberry.field(description="Per cent of all that were settled at a level (占比，%).")
    suppressed: bool = strawberry.field(description=SMALL)


@strawberry.type(description="A subject of the first level (一级分类).")
class Subject:
    code: str = strawberry.field(description="Its code (代码).")
    name: str = strawberry.field(description="Its name (名称).")


@strawberry.type(description="What was reported about a subject (分类统计).")
class CategoryFigure:
    category: Subject = strawberry.field(description="The subject (一级分类).")
    reported: int | None = strawberry.field(description="How many cases (上报件数).")
    suppressed: bool = strawberry.field(description=SMALL)


@strawberry.type(description="What was settled about a subject at a level (分类分层级化解统计).")
class CategoryLevelFigure:
    level: SettlementLevel = strawberry.field(description="The level (层级).")
    settled: int | None = strawberry.field(description="How many cases (办结件数).")
    suppressed: bool = strawberry.field(description=SMALL)


@strawberry.type(description="What was settled about a subject, by level (分类化解层级统计).")
class CategoryLevels:
    category: Subject = strawberry.field(description="The subject (一级分类).")
    levels: list[CategoryLevelFigure] = strawberry.field(description="The four levels (各层级).")


@strawberry.type(description="What arrived by a channel (渠道统计).")
class ChannelFigure:
    channel: str = strawberry.field(description="The channel's code (渠道代码).")
    name: str = strawberry.field(description="Its name (名称).")
    reported: int | None = strawberry.field(description="How many cases (上报件数).")
    suppressed: bool = strawberry.field(description=SMALL)


@strawberry.type(description="A day, week or month of the period (时间序列).")
class SeriesFigure:
    start: datetime.date = strawberry.field(description="Its first day (起始日期).")
    reported: int | None = strawberry.field(description="Cases reported in it (上报件数).")
    completed: int | None = strawberry.field(description="Cases settled in it (办结件数).")
    suppressed: bool = strawberry.field(description="Whether a number of one to nine is withheld (是否隐去).")


@strawberry.type(
    description="What the platform asks of grid workers; null where there are fewer than ten of them (基层负担)."
)
class Burden:
    fields_per_worker_week: float | None = strawberry.field(
        description="Fields asked for, per worker and week (每人每周填报字段数)."
    )
    prefilled_per_worker_week: float | None = strawberry.field(
        description="Fields that were prefilled instead, per worker and week (每人每周预填字段数)."
    )
    photos_per_worker_week: float | None = strawberry.field(
        description="Photos taken, per worker and week (每人每周照片数)."
    )
    minutes_per_worker_week: float | None = strawberry.field(
        description="Minutes that takes by standard times; nobody is timed (每人每周填报分钟数，按标准用时)."
    )


def of_grid(figure: Figure) -> Build:
    return lambda at: figure.build_value(field_scope(at, area_sql(at.row)))


def of_unit(figure: Figure) -> Build:
    return lambda at: figure.build_value(field_scope(at, unit_rows(at)))


def unit_rows(at: Frame) -> Sql:
    return Sql("r.value={0}", at.row.id)


def of_area(text: str) -> Build:
    return lambda at: field_scope(at, area_sql(at.row)).sql(text)


def first_subjects(text: str) -> Build:
    """Build the first so many of a list."""

    def build(at: Frame) -> Sql:
        first = at.given.bind("first", cast="int")
        # All are judged before they are cut: what is withheld must not depend on how many are asked for.
        every = field_scope(at, area_sql(at.row)).sql(text)
        listed = "(select coalesce(jsonb_agg(e.o order by e.at) filter (where e.at<={1}),'[]') "
        return Sql(listed + "from jsonb_array_elements({0}) with ordinality e (o,at))", every, first)

    return build


def series_field(at: Frame) -> Sql:
    bucket = at.given.trait("bucket", of=lambda value: Bucket(value).value)
    first = YEAR if bucket == Bucket.DAY else figures.DECADES
    return field_scope(at, area_sql(at.row), first).sql(figures.series_sql(bucket.lower()))


def tip_off_count(at: Frame) -> Sql:
    """Build the number of tip-offs; nothing for the people of any unit, for one may be against it."""
    if at.viewer.units():
        return Sql("null::int")
    number = f"select coalesce(sum(r.reported),0)::int from {figures.WITHIN} r where {{where}} and r.sealed "
    found = number + "and r.dimension='ALL'"
    # About persons: whoever reports a unit could be told from a small number, so the higher bound holds.
    small = figures.SMALL
    return field_scope(at, area_sql(at.row)).sql(
        f"(select case when q.n {small} then null else q.n end from ({found}) q (n))"
    )


def burden_field(at: Frame) -> Sql:
    return burden.burden_sql(at, field_scope(at, area_sql(at.row)))


@part
class GridStatistics:
    """Figures of a place and period, of what is not sealed; one or two cases, and few persons, are null (统计)."""

    reported: int | None = expression("Cases reported (上报件数).", of_grid(figures.REPORTED))
    completed: int | None = expression("Cases settled (办结件数).", of_grid(figures.COMPLETED))
    under_way: int | None = expression(
        "Cases reported and neither settled nor gone when the period ended (期末在办件数).", of_grid(figures.UNDER_WAY)
    )
    overdue: int | None = expression(
        "Cases that fell due before today, up to the last day, and are not settled yet (超期未办件数).",
        of_grid(figures.OVERDUE),
    )
    due_on_last_day: int | None = expression(
        "Cases that fall due on the last day and are not settled yet (末日到期未办件数).", of_grid(figures.DUE_LAST)
    )
    completion_rate: float | None = expression("Completed due ÷ due, % (办结率).", of_grid(figures.COMPLETION))
    on_time_rate: float | None = expression("Completed on time ÷ due, % (按期办结率).", of_grid(figures.ON_TIME))
    extension_share: float | None = expression(
        "Extended ÷ due, %; read it beside onTimeRate (延期率).", of_grid(figures.EXTENSION)
    )
    resolution_rate: float | None = expression(
        "Answered “solved” ÷ answered, %; read it beside answerCoverage (解决率).", of_grid(figures.RESOLUTION)
    )
    satisfaction_rate: float | None = expression(
        "Rated 4 or 5 ÷ rated, %; read it beside answerCoverage (满意率).", of_grid(figures.SATISFACTION)
    )
    answer_coverage: float | None = expression(
        "Cases whose last answer was rated ÷ cases settled, % (评价覆盖率).", of_grid(figures.COVERAGE)
    )
    median_response: int | None = expression(
        "Minutes until somebody looked at a case, of the middle case (响应时长中位数，分钟).",
        of_grid(figures.RESPONSE),
    )
    median_handling: int | None = expression(
        "Minutes until a case was settled, of the middle case (办理时长中位数，分钟).", of_grid(figures.HANDLING)
    )
    suppressed: list[str] = expression(
        "The figures that are null because too few cases or persons are counted (因数量过小隐去的指标).",
        lambda at: figures.withheld_names(figures.OF_GRID, field_scope(at, area_sql(at.row))),
    )
    tip_offs: int | None = expression(
        "Tip-offs reported, for those who may see them here; in no other figure (举报件数).",
        tip_off_count,
        requires=rules.SEALED,
    )
    by_level: list[LevelFigure] = embedded("What was settled at which level (化解层级).", of_area(BY_LEVEL))
    by_category: list[CategoryFigure] = embedded(
        "What was reported, by subject of the first level, in the order of their codes (分类统计).",
        first_subjects(BY_CATEGORY),
        arguments=FIRST,
    )
    by_level_and_category: list[CategoryLevels] = embedded(
        "What was settled at which level, by every subject of the first level, in the order of their codes "
        "(分类化解层级).",
        first_subjects(BY_LEVEL_AND_CATEGORY),
        arguments=FIRST,
    )
    by_channel: list[ChannelFigure] = embedded("What was reported, by channel (渠道统计).", of_area(BY_CHANNEL))
    series: list[SeriesFigure] = embedded(
        "The period, cut up (时间序列).", series_field, arguments={"bucket": Argument(Bucket, "How (粒度).")}
    )
    burden: Burden | None = embedded("What was asked of grid workers (基层负担).", burden_field)


@part
class UnitStatistics:
    """Figures of a unit's work orders, and of the cases it answered for, that are not sealed (单位统计)."""

    issued: int | None = expression("Work orders it was given (派单件数).", of_unit(figures.ISSUED))
    completed: int | None = expression("Work orders it finished (办结件数).", of_unit(figures.DONE))
    returned: int | None = expression("Work orders it gave back (退单件数).", of_unit(figures.RETURNED))
    on_time_rate: float | None = expression("Finished on time ÷ due, % (按期办结率).", of_unit(figures.UNIT_ON_TIME))
    extension_share: float | None = expression("Extended ÷ due, % (延期率).", of_unit(figures.UNIT_EXTENSION))
    resolution_rate: float | None = expression(
        "Answered “solved” ÷ answered, % (解决率).", of_unit(figures.UNIT_RESOLUTION)
    )
    satisfaction_rate: float | None = expression(
        "Rated 4 or 5 ÷ rated, %; read it beside answerCoverage (满意率).", of_unit(figures.UNIT_SATISFACTION)
    )
    answer_coverage: float | None = expression(
        "Cases whose last answer was rated ÷ cases settled as lead unit, % (评价覆盖率).",
        of_unit(figures.UNIT_COVERAGE),
    )
    suppressed: list[str] = expression(
        "The figures that are null because too few cases or persons are counted (因数量过小隐去的指标).",
        lambda at: figures.withheld_names(figures.OF_UNIT, field_scope(at, unit_rows(at))),
    )


def statistics_field(description: str, present: Any, type: Any) -> Any:
    return within_row(description, present, type=type, requires=rules.VIEW, arguments=PERIOD)


EXTENSIONS = (
    extend(
        Grid,
        statistics=statistics_field(
            "Figures of a county, town or village; null below, and where they are not yours to see (统计).",
            rules.has_figures,
            GridStatistics | None,
        ),
    ),
    extend(
        Unit,
        statistics=statistics_field(
            "Its figures, for its own people and those above; null where they are not yours to see (单位统计).",
            rules.answering_units,
            UnitStatistics | None,
        ),
    ),
)
