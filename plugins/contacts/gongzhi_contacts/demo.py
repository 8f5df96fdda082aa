"""Demo: the numbers of people who are not on file and called the demo county's hotline."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid5

from gongzhi.runtime.sealing import KeyRing, data_key, seal_value
from gongzhi.values.codes import mask_phone

from .codes import FIELD

CALLS = """
select c.id, c.grid_id, c.reported_at, g.code as county from cases.case c
join cases.channel h on h.id = c.channel_id join grids.grid g on g.id = c.county_id
where c.county_id = $1 and h.code = 'HOTLINE_12345' and c.requester_id is null and not c.anonymous
order by c.reported_at, c.number
"""
CONTACT = """
insert into contacts.contact (id, case_id, grid_id, data_key, sealed, blind, mask, tries, verified_at)
values ($1, $2, $3, $4, $5, $6, $7, 0, $8)
"""
FIRST = 19_995_000_001
"""Numbers of callers count up from here; no telephone has one of them."""


async def leave_numbers(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Leave a number, proved by the call, with each case that somebody unknown called about."""
    rows = []
    for at, case in enumerate(await connection.fetch(CALLS, county)):
        id, number, key = uuid5(case["id"], "contact"), str(FIRST + at), data_key()
        sealed = seal_value(key, f"contacts.contact.number:{id}", number)
        blind, wrapped = keys.blind(case["county"], FIELD, number), keys.wrap(case["county"], key)
        place = case["id"], case["grid_id"]
        rows.append((id, *place, wrapped, sealed, blind, mask_phone(number), case["reported_at"]))
    await connection.executemany(CONTACT, rows)
