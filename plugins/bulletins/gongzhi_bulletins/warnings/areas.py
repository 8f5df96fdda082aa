"""Areas: which grids a warning reaches, by the boundaries that its polygons meet and by codes of divisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gongzhi.runtime.commands import Call

from ..models import WarningRow

# Down the tree from the counties: what is drawn is met or not; what is not drawn may lie in whatever is drawn above it,
# so it is reached with that. A village that is not drawn is reached by what is drawn in it, too.
MET = """
with recursive shape as (select s.area::polygon area from unnest($1::text[]) s (area)),
met as (
  select distinct r.grid_id from grids.ring r join shape s on r.area && s.area where not r.hole
  and not exists(select from grids.ring h where h.grid_id = r.grid_id and h.hole and h.area @> s.area)
),
node as (
  select g.id, g.kind, g.county_id, g.town_id, g.parent_id, g.path,
    exists(select from met m where m.grid_id = g.id) as met,
    exists(select from grids.ring r where r.grid_id = g.id) as drawn
  from grids.grid g
  where g.valid_to is null and g.kind in ('COUNTY', 'TOWN', 'VILLAGE') and g.county_id = any($2::int[])
),
walk as (
  select n.*, n.met as reached from node n where n.kind = 'COUNTY' and (n.met or not n.drawn)
  union all
  select n.*, n.met or (w.reached and not n.drawn)
  from walk w join node n on n.parent_id = w.id where n.met or not n.drawn
),
leaf as (select n.* from node n where not exists(select from node c where c.parent_id = n.id)),
reached as (
  select w.id, w.county_id from walk w join leaf l on l.id = w.id
  where w.reached or exists(select from met m join grids.grid g on g.id = m.grid_id where g.path <@ w.path)
)
select l.id, l.town_id, l.county_id, exists(select from reached r where r.id = l.id) as reached
from leaf l where l.county_id in (select county_id from reached)
"""
# A code above the counties stands for all of them.
NAMED = """
select distinct case when g.county_id is null then c.id else g.id end as id, c.id as county_id
from grids.grid g join grids.grid c on c.kind = 'COUNTY' and c.valid_to is null and c.id = any($2::int[])
  and (c.path <@ g.path or c.id = g.county_id)
where g.code = any($1::text[]) and g.valid_to is null
"""


async def find_reached(call: Call, row: WarningRow, counties: Collection[int]) -> dict[int, list[int]]:
    """Return by county which grids a warning reaches, of those where the plugin is on."""
    reached: dict[int, set[int]] = defaultdict(set)
    if row.polygons:
        leaves = await call.fetch(MET, list(row.polygons), list(counties))
        for county, found in group_rows(leaves, "county_id").items():
            reached[county] = merge_places(county, found)
    if row.codes:
        for one in await call.fetch(NAMED, list(row.codes), list(counties)):
            reached[one["county_id"]].add(one["id"])
    # Where the whole county is named, its parts are in it.
    return {county: [county] if county in grids else sorted(grids) for county, grids in reached.items()}


def merge_places(county: int, leaves: Sequence[Mapping[str, Any]]) -> set[int]:
    """Return the county where all of its parts are reached, or else towns of which all are, and the rest one by one."""
    if all(one["reached"] for one in leaves):
        return {county}
    merged: set[int] = set()
    for town, parts in group_rows(leaves, "town_id").items():
        here = {one["id"] for one in parts if one["reached"]}
        # Parts that lie in no town stay as they are.
        merged |= {town} if town is not None and len(here) == len(parts) else here
    return merged


def group_rows(rows: Sequence[Mapping[str, Any]], column: str) -> dict[Any, list[Mapping[str, Any]]]:
    grouped: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped
