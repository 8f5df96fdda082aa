"""Who looks at very many files, or at those of the neighbours, is brought to the data-protection officer's notice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.runtime.context import Bounds, FileLook
from gongzhi_server.storage import database
from gongzhi_server.storage.access_log import open_access_log
from gongzhi_server.testing import ESSENTIAL, TODAY

from .conftest import Log, People

BOUNDS = Bounds(bulk=20, neighbours=5)


async def look(filled: str, viewer: Viewer, keys: list[UUID], times: int = 1) -> None:
    """Look at these files, and let the ledger look into it."""
    config = database.tortoise_config(filled, ESSENTIAL.apps, size=1)
    async with database.open_tortoise(config), open_access_log(filled, BOUNDS) as kept:
        for at in range(times):
            await kept.look(viewer, FileLook(keys, ["Person.birthDate"], f"purpose {at}"))
        await kept.count_reads()


async def alerts(log: Log) -> list[tuple[str, str, int]]:
    rows = await log.connection.fetch("select kind, account, count from access.alert order by id")
    return [tuple(row) for row in rows]


async def test_bulk_reads_told_once(filled: str, log: Log) -> None:
    """Twenty people an hour are usual here, however often; one more is told of, once, and the next hour begins anew."""
    worker = Viewer(ViewerAccount("worker", None, (ViewerGrant("grid_worker", frozenset()),)), TODAY)
    keys = [row["id"] for row in await log.connection.fetch("select id from people.person order by id limit 21")]
    await look(filled, worker, keys[:20], times=3)
    assert await alerts(log) == []
    await look(filled, worker, keys)
    await look(filled, worker, keys)
    assert await alerts(log) == [("BULK", "worker", 21)]
    assert await log.connection.fetchval("select count(*) from notices.notice where kind = 'access.bulk'") == 1
    await look(filled, Viewer(worker.account, TODAY + timedelta(hours=1)), keys[:20])
    assert len(await alerts(log)) == 1
    await look(filled, Viewer(worker.account, TODAY + timedelta(hours=2)), keys)
    assert len(await alerts(log)) == 2


async def test_bulk_reads_are_of_others(filled: str, log: Log, people: People) -> None:
    """One's own file and whoever is erased count for nobody; a condition that found nobody counts for one."""
    keys = [row["id"] for row in await log.connection.fetch("select id from people.person order by id limit 21")]
    own = next(key for key in people.keys if key not in keys)
    worker = Viewer(ViewerAccount("worker", own, (ViewerGrant("grid_worker", frozenset()),)), TODAY)
    await look(filled, worker, [own, *keys])
    await log.connection.execute("delete from access.alert")
    await log.connection.execute("update access.look set persons = array_replace(persons, $1, null)", keys[0])
    await look(filled, worker, [own, *keys[1:]])
    assert await alerts(log) == []
    await look(filled, worker, [])
    assert await alerts(log) == [("BULK", "worker", 21)]


async def test_neighbours_told_of(filled: str, log: Log, people: People) -> None:
    """Somebody of the village who does not serve it; not who does, and not of one's own family."""
    found = await log.connection.fetch(
        "select p.id from people.person p join people.person me on me.village_id = p.village_id "
        "where me.id = $1 and p.id <> all($2) order by p.id limit 6",
        people.keys[0],
        people.keys,
    )
    neighbours = [row["id"] for row in found]
    place = await log.connection.fetchrow(
        "select id, village_id, county_id from grids.grid where code = $1", people.grid
    )
    assert place and len(neighbours) == 6

    def staff(name: str, grid: int) -> Viewer:
        return Viewer(ViewerAccount(name, people.keys[0], (ViewerGrant("grid_worker", frozenset(), grid=grid),)), TODAY)

    await look(filled, staff("serves", place["id"]), neighbours)
    await look(filled, staff("family", place["county_id"]), [*people.keys, *neighbours[:5]])
    assert await alerts(log) == []
    await look(filled, staff("curious", place["county_id"]), neighbours)
    assert await alerts(log) == [("NEIGHBOURS", "curious", 6)]
