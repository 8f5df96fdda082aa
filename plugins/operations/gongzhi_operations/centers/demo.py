"""Demo: governance centres (综治中心) of the demo county, of each town, and of each town's first village."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gongzhi.runtime.sealing import KeyRing

INSIDE = ("ZZZX", "XFJ", "SFJ", "GAJ", "MZJ", "RSJ")
"""The departments that sit in the county's centre."""
# The county's first, then the towns', then the villages'. The town government and the village committee sit in theirs.
PLACES = """
select g.id, g.code, g.kind, case when g.kind = 'VILLAGE' then regexp_replace(g.name, '(居委会|委会)$', '')
  else g.name end as name
from grids.grid g where (g.id = $1 or g.county_id = $1) and g.use = 'BASE' and g.valid_to is null and (
  g.kind in ('COUNTY', 'TOWN') or g.kind = 'VILLAGE' and g.code = (select min(v.code) from grids.grid v
    where v.kind = 'VILLAGE' and v.use = 'BASE' and v.town_id = g.town_id and v.valid_to is null))
order by array_position(array['COUNTY', 'TOWN', 'VILLAGE'], g.kind::text), g.code
"""
CENTER = """
insert into centers.center (grid_id, name, address, duty_phone, version) values ($1, $2, $3, $4, 1) returning id
"""
SEATS = """
insert into centers.seat (center_id, unit_id)
select $1, u.id from units.unit u where u.code = any($2::text[]) and u.valid_to is null
"""


async def found_centers(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Set the centres up. No real telephone number starts with 0915-000."""
    for at, place in enumerate(await connection.fetch(PLACES, county), 1):
        seats = INSIDE if place["kind"] == "COUNTY" else ("ZF",) if place["kind"] == "TOWN" else ("WH",)
        name = f"{place['name']}综治中心"
        [center] = await connection.fetch(CENTER, place["id"], name, f"{name}（演示地址）", f"0915-000{9000 + at}")
        await connection.execute(SEATS, center["id"], [f"{place['code']}-{letters}" for letters in seats])
