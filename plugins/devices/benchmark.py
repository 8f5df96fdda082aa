"""How fast readings are taken: `python plugins/devices/benchmark.py`. Ends with 1 where a bar is missed."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from gongzhi_server import demo, testing
from gongzhi_server.plugins import loader
from gongzhi_server.storage import database, embedded_postgres
from gongzhi_server.storage.key_ring import load_key_ring

COUNTY, VILLAGE = "610921", "610921101222"
DEVICES, BATCH, BATCHES = 1_000, 500, 40
RATE, HELD = 1_000, 0.05
"""The bars: readings a second, and seconds for which nothing else of the process has its turn."""
REGISTERED = """
insert into devices.device (id, grid_id, code, name, kind_id, unit_id, keeper, registered_at, version)
select gen_random_uuid(), g.id, 'D-'||n, 'D', k.id, u.id, 'keeper', now(), 1
from generate_series(0, $1 - 1) n, grids.grid g, devices.kind k,
  (select id from units.unit where code='610921-SLJ' and valid_to is null) u
where g.code=$2 and g.valid_to is null and k.code='sluice' and k.county_id is null
"""
SIZE = "select pg_total_relation_size('devices.reading'), count(*) from devices.reading"


async def watch_turns(longest: list[float]) -> None:
    """Note for how long the loop gave nobody a turn."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        longest[0] = max(longest[0], time.perf_counter() - begun - 0.001)


async def measure(dsn: str, folder: Path) -> bool:
    installed = loader.load_plugins()
    await database.migrate_apps(dsn, installed.apps)
    keys = load_key_ring(testing.settings_for_tests(dsn, folder))
    await demo.load_county(dsn, people=300, today=testing.TODAY.date(), keys=keys, apps=installed.apps)
    async with testing.serve_application(dsn, folder, plugins=installed) as server:
        connection = await asyncpg.connect(dsn)
        await connection.execute(REGISTERED, DEVICES, VILLAGE)
        await connection.close()
        manager, system = server.as_("county_dispatcher", grid=COUNTY), server.as_("integrator", grid=COUNTY)
        for threshold in (3, 4, 5):
            given = {"kind": "sluice", "trigger": "ABOVE", "measure": "level", "category": "utilities.water"}
            made = await manager.do("defineDeviceRule", "rule { id }", grid=COUNTY, threshold=threshold, **given)
            assert made["errors"] == [], made

        async def send(number: int) -> float:
            """Send one reading of half of the devices; one in a hundred is beyond a rule in every tenth batch."""
            at = (server.clock() + timedelta(seconds=number - BATCHES)).isoformat()
            first = number % 2 * BATCH
            high = number % 10 == 9
            entries: list[dict[str, Any]] = [
                {
                    "device": f"D-{first + one}",
                    "measure": "level",
                    "value": 3.5 if high and one % 100 == 0 else 1.4,
                    "at": at,
                }
                for one in range(BATCH)
            ]
            begun = time.perf_counter()
            reply = await system.client.post(f"/x/devices/{COUNTY}/readings", json=entries, headers=system.headers)
            assert reply.json() == {"new": BATCH, "repeated": 0, "errors": []}, reply.text
            return time.perf_counter() - begun

        await send(0)
        # As the server does once it has started: nobody looks through what stays again.
        gc.collect()
        gc.freeze()
        longest = [0.0]
        meter = asyncio.create_task(watch_turns(longest))
        used, begun = time.process_time(), time.perf_counter()
        took = sorted([await send(number) for number in range(1, BATCHES)])
        seconds, processor = time.perf_counter() - begun, time.process_time() - used
        meter.cancel()
        connection = await asyncpg.connect(dsn)
        size, kept = await connection.fetchrow(SIZE)
        await connection.close()
    count = BATCH * (BATCHES - 1)
    rate = count / seconds
    print(f"readings in batches of {BATCH}, HTTP     {rate:10,.0f} /s   (bar: {RATE:,})")
    print(f"a batch, half of them at most         {took[len(took) // 2] * 1000:10,.0f} ms")
    print(f"the loop held at the longest          {longest[0] * 1000:10,.1f} ms  (bar: {HELD * 1000:.0f})")
    print(f"processor of this process             {processor / count * 1e6:10,.0f} µs a reading, client included")
    print(f"a reading in the database             {size / kept:10,.0f} bytes, indexes included")
    return rate >= RATE and longest[0] < HELD


async def run(base: str, folder: Path) -> bool:
    name = f"bench_{uuid4().hex}"
    dsn = await testing.create_database(base, name)
    try:
        return await measure(dsn, folder)
    finally:
        await testing.drop_database(base, name)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        if base := os.environ.get("GONGZHI_TEST_DSN"):
            return 0 if asyncio.run(run(base, Path(folder))) else 1
        with embedded_postgres.throwaway_cluster(Path(folder)) as dsn:
            return 0 if asyncio.run(run(dsn, Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
