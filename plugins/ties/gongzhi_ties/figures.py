"""Figures of links (联系帮扶统计): how many of each kind, and what was done; small numbers of households withheld."""

from __future__ import annotations

from typing import Any

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from .models import TieKind

FEWEST = 10
"""The smallest number about households that is shown, but for zero."""


@strawberry.type(description="How many links of a kind there are; null where few households would be told of (统计行).")
class TieFigures:
    kind: TieKind = strawberry.field(description="Of which kind (类型).")
    active: int | None = strawberry.field(description="Links that are under way (联系中数).")
    deeds: int | None = strawberry.field(description="What was done in the year, without what is withdrawn (实事数).")


# By town first: what a town withholds is not had from the county's sum.
TABLE = f"""
(with cells as (
 select t.kind, t.town_id, count(*) filter (where t.state='ACTIVE')::int active,
  coalesce(sum((select count(*) from ties.deed d where d.tie_id=t.id and d.withdrawn_at is null
   and extract(year from d.day)={{1}})), 0)::int deeds
 from ties.tie t join grids.grid g on g.id=t.grid_id
 where g.path<@(select b.path from grids.grid b where b.code={{0}} and b.valid_to is null) and t.since is not null
 and exists(select from plugins.activation o where o.plugin='ties' and o.county_id=t.county_id and o.until is null
  and o.active)
 group by 1, 2)
 select coalesce(jsonb_agg(to_jsonb(f) order by f.kind), '[]') from (
 select c.kind, case when c.kind<>'CADRE_HOUSEHOLD' or bool_and(c.active=0 or c.active>={FEWEST})
   then sum(c.active)::int end active,
  case when c.kind<>'CADRE_HOUSEHOLD' or bool_and(c.deeds=0 or c.deeds>={FEWEST}) then sum(c.deeds)::int end deeds
 from cells c group by 1) f)
"""


# Links of units and leaders are published one by one, so their numbers tell nothing new.
def build_figures(at: Frame) -> Any:
    """Build the figures of links in a county or town."""
    return Sql(TABLE, at.given.bind("grid"), at.given.bind("year", cast="int"))


EXTENSIONS = (
    extend(
        Query,
        tie_figures=embedded(
            "How many links of help there are, and what was done in a year (联系帮扶统计).",
            build_figures,
            type=list[TieFigures] | None,
            requires=None,
            arguments={
                "grid": Argument(str, "A county or town, by code (网格编码)."),
                "year": Argument(int, "In which year (年度)."),
            },
        ),
    ),
)
