"""How fast points are booked and told: `python plugins/points/benchmark.py`. Ends with 1 where a bar is missed."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from gongzhi.values.errors import Text
from gongzhi_points.ledger import posting
from gongzhi_points.ledger.accounts import find_issuer_account, open_account
from gongzhi_points.ledger.posting import Posting, make_legs
from gongzhi_points.ledger.verification import verify_ledger
from gongzhi_points.models import AccountKind, PostingKind, ProgrammeRow
from gongzhi_server import demo, testing
from gongzhi_server.plugins import loader
from gongzhi_server.storage import database, embedded_postgres
from gongzhi_server.storage.key_ring import load_key_ring
from tortoise.transactions import in_transaction

SINGLE, TOGETHER, LINES = 400, 5_000, 10_000
RATE, STATEMENT = 500, 0.2
"""The bars: entries a second, each posting committed by itself; seconds for a statement of 10 000 entries."""
ASKED = """query($id: ID!) { node(id: $id) { ... on PointsAccount {
  statement(since: "2000-01-01", before: "2100-01-01") { opening closing lines { at amount balance kind reason } } } } }
"""


def earned_posting(source: UUID, account: UUID, amount: int = 1) -> Posting:
    legs, day = make_legs(source, account, amount), testing.TODAY.date()
    return Posting(PostingKind.EARNED, str(uuid4()), legs, Text("An act", "行为"), day, {"amount": str(amount)})


async def measure_seconds(work: Callable[[], Awaitable[Any]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def measure(dsn: str, folder: Path) -> bool:
    installed = loader.load_plugins()
    await database.migrate_apps(dsn, installed.apps)
    keys = load_key_ring(testing.settings_for_tests(dsn, folder))
    await demo.load_county(dsn, people=300, today=testing.TODAY.date(), keys=keys, apps=installed.apps)
    async with testing.serve_application(dsn, folder, plugins=installed) as server:
        manager = server.as_("points_manager", grid="610921100")
        made = await manager.do("addPointsProgramme", "programme { id }", code="bench", name="测速", grid="610921100")
        programme = await ProgrammeRow.get(id=UUID(made["programme"]["id"].partition(":")[2]))
        worker = server.worker

        async def booked(count: int, at_once: int, account: UUID, source: UUID) -> None:
            for _ in range(count // at_once):
                async with in_transaction() as connection:
                    call = worker.calling(connection, "points")
                    await posting.post_entries(
                        call, programme.id, *[earned_posting(source, account) for _ in range(at_once)]
                    )
                    await call.outgoing.write(connection)

        async with in_transaction() as connection:
            call = worker.calling(connection, "points")
            source = await find_issuer_account(call, programme.id)
            [person] = await call.fetch("select id, grid_id from people.person order by id limit 1")
            account = await open_account(
                call, programme.id, AccountKind.PERSON, person["grid_id"], person=UUID(str(person["id"]))
            )
        each = 2 * SINGLE / await measure_seconds(lambda: booked(SINGLE, 1, account, source))
        many = 2 * TOGETHER / await measure_seconds(lambda: booked(TOGETHER, 500, account, source))
        await booked(LINES - SINGLE - TOGETHER, 100, account, source)
        caller = server.as_("points_manager", grid="610921100")
        said = (await caller.ask(ASKED, id=f"PointsAccount:{account}")).data["node"]["statement"]
        assert len(said["lines"]) == LINES and said["closing"] == LINES
        tries = sorted(
            [await measure_seconds(lambda: caller.ask(ASKED, id=f"PointsAccount:{account}")) for _ in range(7)]
        )
        async with in_transaction() as connection:
            desk = worker.calling(connection, "points")
            checked = await measure_seconds(lambda: verify_ledger(desk, programme.id))
    statement = tries[len(tries) // 2]
    print(f"posting, each committed by itself   {each:10,.0f} entries/s   (bar: {RATE})")
    print(f"posting, 500 movements at once      {many:10,.0f} entries/s")
    print(f"statement of {LINES:,} entries, HTTP  {statement * 1000:10,.0f} ms         (bar: {STATEMENT * 1000:.0f})")
    print(f"verifying                           {LINES / checked:10,.0f} postings/s")
    return each >= RATE and statement < STATEMENT


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
