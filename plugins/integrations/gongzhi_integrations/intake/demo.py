"""Demo: what the demo county's hotline tells of the calls of people who are not on file."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid5

from gongzhi.runtime.sealing import KeyRing

SOURCE = "demo.hotline"
CALLS = """
select c.id, c.reported_at from cases.case c
join cases.channel h on h.id = c.channel_id
where c.county_id = $1 and h.code = 'HOTLINE_12345' and c.requester_id is null and not c.anonymous
order by c.reported_at, c.number
"""
ENTRY = """
insert into intake.entry (id, case_id, source, number, caller, called_at, recording) values ($1, $2, $3, $4, $5, $6, $7)
"""
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡"


async def tell_of_calls(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Write down each call, some minutes before the case."""
    # Seeded by a text, so that the same county gets the same callers.
    random, rows = Random(SOURCE), []
    for at, case in enumerate(await connection.fetch(CALLS, county), 1):
        reported = case["reported_at"]
        called = reported - timedelta(minutes=random.randint(3, 20))
        caller, number = random.choice(SURNAMES) + random.choice(("先生", "女士")), f"{reported:%Y%m%d}{at:05}"
        recording = f"rec-{reported:%Y%m%d}-{at:05}"
        rows.append((uuid5(case["id"], "call"), case["id"], SOURCE, number, caller, called, recording))
    await connection.executemany(ENTRY, rows)
