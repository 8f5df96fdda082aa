"""Figures of watches and of errors (监测与容错统计): by whole quarters and towns, for everybody; few are withheld."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
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
Counted = Mapping[str, tuple[str, str | None]]
"""What each column counts, and of which other it is a part."""


@strawberry.type(
    description="Households that asked to be watched over, and what came of it; null for few (监测统计行)."
)
class WatchFigures:
    grid: str = strawberry.field(description="The town, by code (镇街编码).")
    name: str = strawberry.field(description="Its name (镇街名称).")
    asked: int | None = strawberry.field(description="Households that asked or agreed in the time (申请户数).")
    watched: int | None = strawberry.field(description="Of these, watched over at some time (纳入户数).")
    refused: int | None = strawberry.field(description="Of these, refused (不予纳入户数).")
    ended: int | None = strawberry.field(
        description="Of the watched ones, ended by their own agreement (同意退出户数)."
    )


@strawberry.type(description="Errors that were put before review, and what came of it; null for few (容错统计行).")
class ErrorExemptionFigures:
    asked: int | None = strawberry.field(description="Errors put before review in the time (申请件数).")
    exempt: int | None = strawberry.field(description="Of these, exempt (予以容错件数).")
    not_exempt: int | None = strawberry.field(description="Of these, not exempt (不予容错件数).")


WATCHED: Counted = {
    "asked": ("true", None),
    "watched": ("e.watched_at is not null", "asked"),
    "refused": ("e.state='REFUSED'", "asked"),
    "ended": ("e.ending='AGREED'", "watched"),
}
REVIEWED: Counted = {
    "asked": ("true", None),
    "exempt": ("e.outcome='EXEMPT'", "asked"),
    "notExempt": ("e.outcome='NOT_EXEMPT'", "asked"),
}


def safe_column(name: str, whole: str | None) -> str:
    """Build a column over the quarters `c`; null where a quarter has a few, or all but a few."""
    told = f'(c."{name}"=0 or c."{name}">={FEWEST})'
    if whole:
        rest = f'c."{whole}"-c."{name}"'
        # What is left of the whole would tell of those few.
        told += f" and ({rest}=0 or {rest}>={FEWEST})"
    return f'case when bool_and({told}) then sum(c."{name}")::int end "{name}"'


def count_cells(counted: Counted) -> str:
    return ", ".join(f'count(*) filter (where {what})::int "{name}"' for name, (what, _) in counted.items())


def safe_columns(counted: Counted) -> str:
    return ", ".join(safe_column(name, whole) for name, (_, whole) in counted.items())


# In China's time: a household that asks on the first of July at night is of the third quarter.
QUARTER = "date_trunc('quarter', e.asked_at at time zone 'Asia/Shanghai')"
WHEN = """e.asked_at>={1}::timestamp at time zone 'Asia/Shanghai'
 and e.asked_at<{2}::timestamp at time zone 'Asia/Shanghai'
 and exists(select from plugins.activation o where o.plugin='watch' and o.county_id=e.county_id and o.until is null
  and o.active)"""
# By quarters first, and then over them: what a quarter withholds is not had from the sum. There is no row for the
# county: with it, the towns that are shown would tell of one that is not.
TOWNS = f"""
(with cells as (
 select {QUARTER}, g.code, g.name, {count_cells(WATCHED)} from watch.entry e join grids.grid g on g.id=e.town_id
 where g.path<@(select b.path from grids.grid b where b.code={{0}} and b.valid_to is null) and {WHEN} group by 1, 2, 3)
 select coalesce(jsonb_agg(to_jsonb(f) order by f.grid), '[]') from (
 select c.code grid, max(c.name) name, {safe_columns(WATCHED)} from cells c group by c.code) f)
"""
ERRORS = f"""
(with cells as (
 select {QUARTER}, {count_cells(REVIEWED)} from watch.error e join grids.grid g on g.id=e.county_id
 where g.code={{0}} and {WHEN} group by 1)
 select coalesce(jsonb_agg(to_jsonb(f)), '[]') from (select {safe_columns(REVIEWED)} from cells c having count(*)>0) f)
"""


def read_quarter(day: datetime.date) -> datetime.date:
    """Refuse other days: figures of two periods that differ by a day would tell of one household."""
    if day.day != 1 or day.month % 3 != 1:
        raise invalid_input(
            "Figures are told for whole quarters: give the first day of one.", "按整季度统计，请填写季度首日。", "since"
        )
    return day


def build_figures(table: str) -> Any:
    """Return the builder of figures by a template that takes a place and two quarters."""

    def build(at: Frame) -> Any:
        span = [at.given.bind(name, convert=read_quarter, cast="date") for name in ("since", "before")]
        return Sql(table, at.given.bind("grid"), *span)

    return build


SPAN = {
    "since": Argument(datetime.date, "The first day of a quarter (起始日，为某季度首日)."),
    "before": Argument(datetime.date, "The first day of the quarter that is counted no longer (截止季度首日，不含)."),
}
EXTENSIONS = (
    extend(
        Query,
        watch_figures=embedded(
            "How many households were watched over, by whole quarters and town, without names (监测统计).",
            build_figures(TOWNS),
            type=list[WatchFigures] | None,
            requires=None,
            arguments={"grid": Argument(str, "A county or town, by code (网格编码)."), **SPAN},
        ),
        error_exemption_figures=embedded(
            "How errors in good faith were decided in a county, by whole quarters, without names and units (容错统计).",
            build_figures(ERRORS),
            type=list[ErrorExemptionFigures] | None,
            requires=None,
            arguments={"grid": Argument(str, "A county, by code (县区编码)."), **SPAN},
        ),
    ),
)
