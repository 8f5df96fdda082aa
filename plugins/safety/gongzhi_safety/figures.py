"""Figures of hazards (隐患统计): by unit and whole quarters, for everybody; what would tell of a few is withheld."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import invalid_input

FEWEST = 10
"""The smallest number that is shown, but for zero."""


@strawberry.type(description="How hazards were corrected; null for few (隐患统计行).")
class SafetyFigures:
    unit: str = strawberry.field(description="The supervising unit, by code (监管单位编码).")
    name: str = strawberry.field(description="Its name (单位名称).")
    found: int | None = strawberry.field(description="Hazards found in the time, without those revoked (发现隐患数).")
    major: int | None = strawberry.field(description="Of these, major ones (重大隐患数).")
    closed: int | None = strawberry.field(description="Of these, gone by now (已销号数).")
    in_time: int | None = strawberry.field(description="Of the gone ones, corrected in time by the firm (按期整改数).")
    overdue: int | None = strawberry.field(description="Of the found ones, overdue at some time (曾逾期数).")


# What the firm said, if it said something: how late somebody looked again is not its fault.
IN_TIME = "h.state='CLOSED' and coalesce(h.corrected_at, h.passed_at)<=h.due_at"
COUNTED = {
    "found": ("true", None),
    "major": ("h.level='MAJOR'", "found"),
    "closed": ("h.state='CLOSED'", "found"),
    "inTime": (IN_TIME, "closed"),
    "overdue": ("h.overdue_at is not null", "found"),
}
"""What each column counts, and of which other it is a part."""


def safe_column(name: str, whole: str | None) -> str:
    """Build a column over the quarters `c`; null where a quarter has a few, or all but a few."""
    told = f'(c."{name}"=0 or c."{name}">={FEWEST})'
    if whole:
        rest = f'c."{whole}"-c."{name}"'
        # What is left of the whole would tell of those few.
        told += f" and ({rest}=0 or {rest}>={FEWEST})"
    return f'case when bool_and({told}) then sum(c."{name}")::int end "{name}"'


# By quarters first, and then over them: what a quarter withholds is not had from the sum.
CELLS = ", ".join(f'count(*) filter (where {what})::int "{name}"' for name, (what, _) in COUNTED.items())
COLUMNS = ", ".join(safe_column(name, whole) for name, (_, whole) in COUNTED.items())
TABLE = f"""
(with cells as (
 select date_trunc('quarter', h.found_at at time zone 'Asia/Shanghai'), u.code, u.name, {CELLS}
 from safety.hazard h join units.unit u on u.id=h.unit_id join grids.grid g on g.id=h.grid_id
 where g.path<@(select b.path from grids.grid b where b.code={{0}} and b.valid_to is null) and h.state<>'REVOKED'
 and exists(select from plugins.activation o where o.plugin='safety' and o.county_id=h.county_id and o.until is null
  and o.active)
 and h.found_at>={{1}}::timestamp at time zone 'Asia/Shanghai'
 and h.found_at<{{2}}::timestamp at time zone 'Asia/Shanghai' group by 1, 2, 3)
 select coalesce(jsonb_agg(to_jsonb(f) order by f.unit), '[]') from (
 select c.code unit, max(c.name) name, {COLUMNS} from cells c group by c.code) f)
"""


def read_quarter(day: datetime.date) -> datetime.date:
    """Refuse other days: figures of two periods that differ by a day would tell of one hazard."""
    if day.day != 1 or day.month % 3 != 1:
        raise invalid_input(
            "Figures are told for whole quarters: give the first day of one.", "按整季度统计，请填写季度首日。", "since"
        )
    return day


def build_figures(at: Frame) -> Any:
    """Build the figures of hazards found in a county or town."""
    span = [at.given.bind(name, convert=read_quarter, cast="date") for name in ("since", "before")]
    return Sql(TABLE, at.given.bind("grid"), *span)


EXTENSIONS = (
    extend(
        Query,
        safety_figures=embedded(
            "How hazards were found and corrected, by whole quarters and unit (隐患统计).",
            build_figures,
            type=list[SafetyFigures] | None,
            requires=None,
            arguments={
                "grid": Argument(str, "A county or town, by code (网格编码)."),
                "since": Argument(datetime.date, "The first day of a quarter (起始日，为某季度首日)."),
                "before": Argument(
                    datetime.date, "The first day of the quarter that is counted no longer (截止季度首日，不含)."
                ),
            },
        ),
    ),
)
