"""Map of concerns (民情数据图): what people raise by place and subject, with the outlines that a map is drawn of.

A place tells here what its own figures tell (`GridStatistics.byCategory`) and nothing else: were something withheld in
one of them and told in the other, both together would tell it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from pypika_tortoise.queries import Table
from strawberry.scalars import JSON

from . import rules
from .figures import BY_CATEGORY, PERIOD, REPORTED, YEAR, Scope
from .types import SMALL, CategoryFigure


class ConcernLevel(StrEnum):
    """What the places of a map are."""

    COUNTY = "COUNTY"
    TOWN = "TOWN"
    VILLAGE = "VILLAGE"


describe_enum(
    ConcernLevel,
    "ConcernLevel",
    "What the places of a map of concerns are (民情图层级).",
    COUNTY="Counties (县级)",
    TOWN="Towns (乡镇街道)",
    VILLAGE="Villages and communities (村、社区)",
)


@strawberry.type(description="A place on a map of concerns (民情图地点).")
class ConcernPlace:
    code: str = strawberry.field(description="The grid's code (网格编码).")
    name: str = strawberry.field(description="Its name (名称).")
    longitude: float | None = strawberry.field(
        description="Degrees east of the middle of its outline, in CGCS2000; null without one (中心经度)."
    )
    latitude: float | None = strawberry.field(description="Degrees north of that (中心纬度).")
    boundary: JSON | None = strawberry.field(
        description="Its outline as GeoJSON in CGCS2000; null where there is none, or it is not asked for (边界)."
    )
    reported: int | None = strawberry.field(description="Cases reported there (上报件数).")
    earlier: int | None = strawberry.field(
        description="Cases reported there in as many days just before (上一同长时段件数)."
    )
    suppressed: bool = strawberry.field(description=SMALL)
    signs: int = strawberry.field(description="Early signs that are under way there (处置中预警数).")
    subjects: list[CategoryFigure] = strawberry.field(
        description="What they were about, by subject of the first level, in the order of their codes (分类件数)."
    )


@strawberry.type(description="What people raised in the places below a grid (民情数据图).")
class ConcernMap:
    code: str = strawberry.field(description="The grid's code (网格编码).")
    name: str = strawberry.field(description="Its name (名称).")
    places: list[ConcernPlace] = strawberry.field(description="The places, in the order of their codes (地点).")


GRID = Table("grid", schema="grids", alias="g")
# The middle of the box around its largest ring, which is kept in millionths of a degree and ends where it begins, so
# that the mean of its corners would lean to that one.
MIDDLE = (
    "left join lateral (select center(box(e.area)) as at from grids.ring e where e.grid_id=p.id and not e.hole "
    "order by area(box(e.area)) desc, e.id limit 1) m on true"
)
# Once for each place: `offset 0` keeps it from being made again for each part of the answer.
FIGURES = "cross join lateral (select {now} as now, {before} as before, {subjects} as subjects offset 0) f"
# All subjects are judged before one is chosen: what is withheld must not depend on what is asked for.
CHOSEN = (
    "(select coalesce(jsonb_agg(s.o order by s.n) filter (where {category}::text is null "
    "or s.o->'category'->>'code'={category}),'[]') from jsonb_array_elements(f.subjects) with ordinality s (o,n))"
)
SIGNS = (
    "(select count(*) from statistics.sign s where s.ended_at is null and p.id in (s.county_id,s.town_id,s.village_id))"
)
PLACE = (
    "jsonb_build_object('code',p.code,'name',p.name,'longitude',round((m.at)[0]::numeric/1000000,6)::float8,"
    "'latitude',round((m.at)[1]::numeric/1000000,6)::float8,'boundary',case when {outlines} then p.boundary end,"
    f"'reported',f.now,'earlier',f.before,'suppressed',f.now is null,'signs',{SIGNS},'subjects',{CHOSEN})"
)
PLACES = (
    f"(select coalesce(jsonb_agg({PLACE} order by p.code),'[]') from grids.grid p {MIDDLE} {FIGURES} "
    "where p.valid_to is null and p.kind in ('COUNTY','TOWN','VILLAGE') and {below})"
)


def places_below(at: Frame) -> str:
    """Build which grids `p` are places: those of a level, or else what lies directly in the grid `g`."""
    # A trait: the statement is made for the level, so that each of them has a plan of its own.
    level = at.given.trait("level", of=lambda value: value and ConcernLevel(value).value)
    return f"p.kind='{level}' and p.path<@g.path and p.id<>g.id" if level else "p.parent_id=g.id"


def concern_map_sql(at: Frame) -> Sql:
    """Build the map as JSON; null for a place that is not there, has no figures, or is not the caller's to see."""
    since, until = at.given.whole(YEAR, cast="date"), at.given.bind("to", cast="date")
    where = Sql("r.grid_id=p.id")
    # As many days just before, so that a reader sees what is new and what is always so.
    now = Scope(where, since, until, at.viewer.today)
    before = Scope(where, Sql("({0}-({1}-{0}+1))", since, until), Sql("({0}-1)", since), at.viewer.today)
    places = Sql(
        PLACES.replace("{below}", places_below(at)),
        now=REPORTED.build_value(now),
        before=REPORTED.build_value(before),
        subjects=now.sql(BY_CATEGORY),
        category=at.given.bind("category", cast="text"),
        outlines=at.given.bind("outlines", cast="bool"),
    )
    return Sql(
        "(select jsonb_build_object('code',g.code,'name',g.name,'places',{0}) from grids.grid g "
        "where g.code={1} and g.valid_to is null and ({2}) and {3})",
        places,
        at.given.bind("grid"),
        rules.served_grids(GRID, at.viewer),
        rules.has_figures(Frame(GRID, GRID, at.viewer, at.given)),
    )


ARGUMENTS: dict[str, Any] = {
    "grid": Argument(str, "The grid's code: a town, a county or above (网格编码)."),
    **PERIOD,
    "level": Argument(
        ConcernLevel | None, "What the places are; else what lies directly in the grid (层级).", default=None
    ),
    "category": Argument(str | None, "One subject of the first level alone, by its code (一级分类代码).", default=None),
    "outlines": Argument(bool, "Whether outlines are told, which are large (是否返回边界).", default=True),
}

EXTENSIONS = (
    extend(
        Query,
        concern_map=embedded(
            "What people raised in the places below a grid, for a map: by subject, in a year at most (民情数据图).",
            concern_map_sql,
            type=ConcernMap | None,
            requires=rules.VIEW,
            arguments=ARGUMENTS,
        ),
    ),
)
