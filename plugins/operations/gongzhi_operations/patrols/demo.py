"""Demo: patrols behind what was found in the demo county before anybody had to ask (未诉先办)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gongzhi.runtime.sealing import KeyRing

# Each by the worker of the grid, some minutes before the report; how many follows from the case, so it stays the same.
PATROLS = """
insert into patrols.patrol (id, grid_id, patroller_id, account, at, found, case_id, recorded_at)
select md5('patrol' || c.id)::uuid, c.grid_id, p.person_id, 'demo.person.' || p.person_id,
  c.reported_at - make_interval(mins => 5 + abs(hashtext(c.number)) % 40), c.title, c.id, c.reported_at
from cases.case c join cases.channel h on h.id = c.channel_id
join people.post p on p.grid_id = c.grid_id and p.duty = 'GRID_WORKER' and p.until is null
where c.county_id = $1 and c.origin = 'PROACTIVE' and h.code <> 'IOT'
"""


async def record_patrols(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Write a patrol before each case that a grid worker found."""
    await connection.execute(PATROLS, county)
