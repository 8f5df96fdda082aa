"""Figures of services (办件统计): by unit and whole quarters, for everybody; what would tell of a few is withheld."""

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

from .models import Lapse
from .ratings import BAD

FEWEST = 10
"""The smallest number that is shown, but for zero."""


@strawberry.type(description="How a unit kept what it promises; null for few (办件统计行).")
class ServiceFigures:
    unit: str = strawberry.field(description="The unit, by code (单位编码).")
    name: str = strawberry.field(description="Its name (单位名称).")
    decided: int | None = strawberry.field(description="Decided in the time (办结件数).")
    overdue: int | None = strawberry.field(description="Of these, overdue at some time (逾期件数).")
    returned_twice: int | None = strawberry.field(description="Of these, returned more than once (多次退回件数).")
    unlisted: int | None = strawberry.field(
        description="Of these, asked for what is not in the catalogue (目录外索要件数)."
    )
    too_many_visits: int | None = strawberry.field(
        description="Of these, with more visits than promised (超次到场件数)."
    )
    rated: int | None = strawberry.field(description="Of these, rated by the applicant (评价件数).")
    bad: int | None = strawberry.field(description="Of the rated ones, rated 1 or 2 (差评件数).")


def has_lapse(kind: Lapse) -> str:
    """Build whether application `a` has a lapse of a kind."""
    return f"exists(select from services.lapse l where l.application_id=a.id and l.kind='{kind}')"


COUNTED = {
    "decided": ("true", None),
    "overdue": (has_lapse(Lapse.OVERDUE), "decided"),
    "returnedTwice": (has_lapse(Lapse.RETURNED_TWICE), "decided"),
    "unlisted": (has_lapse(Lapse.UNLISTED_PAPER), "decided"),
    "tooManyVisits": (has_lapse(Lapse.TOO_MANY_VISITS), "decided"),
    # Of those that were decided in the quarter, whenever they were rated.
    "rated": ("a.rating is not null", "decided"),
    "bad": (f"a.rating<={BAD}", "rated"),
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


CELLS = ", ".join(f'count(*) filter (where {what})::int "{name}"' for name, (what, _) in COUNTED.items())
COLUMNS = ", ".join(safe_column(name, whole) for name, (_, whole) in COUNTED.items())
TABLE = f"""
(with cells as (
 select date_trunc('quarter', a.decided_at at time zone 'Asia/Shanghai'), u.code, u.name, {CELLS}
 from services.application a join units.unit u on u.id=a.unit_id join grids.grid g on g.id=u.grid_id
 where g.path<@(select h.path from grids.grid h where h.code={{0}} and h.valid_to is null)
 and exists(select from plugins.activation o where o.plugin='services' and o.county_id=a.county_id and o.until is null
  and o.active)
 and a.decided_at>={{1}}::timestamp at time zone 'Asia/Shanghai'
 and a.decided_at<{{2}}::timestamp at time zone 'Asia/Shanghai' group by 1, 2, 3)
 select coalesce(jsonb_agg(to_jsonb(f) order by f.unit), '[]') from (
 select c.code unit, max(c.name) name, {COLUMNS} from cells c group by c.code) f)
"""


def first_of_quarter(day: datetime.date) -> datetime.date:
    """Refuse other days: figures of two periods that differ by a day would tell of one application."""
    if day.day != 1 or day.month % 3 != 1:
        raise invalid_input(
            "Figures are told for whole quarters: give the first day of one.", "按整季度统计，请填写季度首日。", "since"
        )
    return day


def figures_sql(at: Frame) -> Any:
    """Build the figures of the units that serve in a grid."""
    span = [at.given.bind(name, convert=first_of_quarter, cast="date") for name in ("since", "before")]
    return Sql(TABLE, at.given.bind("grid"), *span)


EXTENSIONS = (
    extend(
        Query,
        service_figures=embedded(
            "How units kept what they promise, and how they were rated, by whole quarters (办件统计).",
            figures_sql,
            type=list[ServiceFigures] | None,
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
