"""Demo: the figures of the demo county, counted once all else of it is there, and early signs in its towns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gongzhi.runtime.sealing import KeyRing

from .early_signs.clusters import EDITION, FLOOR
from .early_signs.finding import COUNTED, LEFT_OUT

# In each town the subject of which a village raised most in four weeks. They come from the county's own cases; where
# these are too few for the rule, as in a county of some hundred people, the number is invented.
SIGNS = f"""
with raised as (
 select distinct on (c.town_id) c.town_id, c.village_id, k.id as category, k.code, count(*)::int as counted,
  array_agg(c.id) as cases
 from cases.case c join cases.category k on k.id=c.category_id
 where c.county_id=$1 and c.village_id is not null and c.reported_at>$2::timestamptz-interval '28 days' and {COUNTED}
  and split_part(k.code,'.',1)<>all($5::text[])
 group by 1, 2, 3, 4 order by c.town_id, count(*) desc, k.code
), made as (
 insert into statistics.sign (id, grid_id, category_id, code, state, edition, since, until, counted, earlier, expected,
  threshold, villages, found_at, seen_at, version)
 select md5('sign' || r.village_id)::uuid, r.village_id, r.category, r.code, 'OPEN', $3,
  statistics.day($2)-6, statistics.day($2), greatest(r.counted, 4), 0, $4, 4, 1, $2, $2, 1 from raised r
 on conflict do nothing returning id, grid_id)
insert into statistics.sign_case (sign_id, case_id)
select m.id, unnest(r.cases) from made m join raised r on r.village_id=m.grid_id on conflict do nothing
"""


async def count_figures(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Count all figures, and put an early sign in each town."""
    await connection.execute("select statistics.rebuild()")
    await connection.execute(SIGNS, county, now, EDITION, FLOOR, list(LEFT_OUT))
