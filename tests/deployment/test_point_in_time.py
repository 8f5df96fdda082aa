"""Point-in-time recovery: what docs/operators.md says of WAL archives brings back the moment before a mistake."""

from __future__ import annotations

import asyncio
import shutil
import time
from datetime import datetime
from pathlib import Path

import asyncpg
import orjson
import pytest
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, PositionExpired, read_epochs
from gongzhi_server.plugins import loader
from gongzhi_server.storage import audit
from gongzhi_server.storage.database import migrate_apps
from gongzhi_server.storage.embedded_postgres import TUNING, Cluster, join_cluster

from ..docs.pages import ROOT

SAID = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
ARCHIVED = {
    "wal_level": "replica",
    "max_wal_senders": "2",
    "archive_mode": "on",
    "fsync": "off",
    "max_connections": "30",
}


def shared(path: Path) -> Path:
    """A folder that PostgreSQL's user may write to, whoever that is."""
    path.mkdir()
    path.chmod(0o777)
    return path


@pytest.mark.slow
def test_moment_before_a_mistake_comes_back(tmp_path: Path) -> None:
    """The base copy, then its archive up to the moment; the chain holds, and cursors of what is lost are refused."""
    archive = shared(tmp_path / "archive")
    command = f"test ! -f {archive}/%f && cp %p {archive}/%f"
    assert "test ! -f /archive/%f && cp %p /archive/%f" in SAID, "what the page says is what is tried"
    cluster = Cluster(shared(tmp_path / "first") / "postgres", TUNING | ARCHIVED | {"archive_command": command})
    base = tmp_path / "second" / "postgres"
    shared(base.parent)
    with join_cluster(cluster) as dsn:
        asyncio.run(migrate_apps(dsn, loader.load_plugins().apps))
        copy_base(cluster, base)
        moment, old, given = asyncio.run(work_and_go_wrong(dsn))
        wait_for_archive(dsn, archive)
    (base / "recovery.signal").touch()
    shutil.chown(base / "recovery.signal", *cluster.owner())
    recovery = {
        "restore_command": f"cp {archive}/%f %p",
        "recovery_target_time": moment.isoformat(),
        "recovery_target_action": "promote",
    }
    with join_cluster(Cluster(base, TUNING | ARCHIVED | {"archive_mode": "off"} | recovery)) as dsn:
        asyncio.run(check_moment(dsn, old, given))


def copy_base(cluster: Cluster, base: Path) -> None:
    """Copy the cluster while it runs."""
    arguments = ("--checkpoint=fast", "--wal-method=stream")
    cluster.run("pg_basebackup", f"--dbname={cluster.dsn}", f"--pgdata={base}", *arguments)
    # The embedded one has its socket among its data, and so the socket's lock.
    (base / ".s.PGSQL.5432.lock").unlink()


async def work_and_go_wrong(dsn: str) -> tuple[datetime, Cursors, int]:
    """Do something, note the moment, do more, and lose all of it; return the moment and the history so far."""
    connection = await asyncpg.connect(dsn)
    old = Cursors(b"s" * 32)
    old.epochs = read_epochs(orjson.loads(await connection.fetchval(OPEN_EPOCH)))
    await connection.execute("update events.counter set given = 30")
    now = await connection.fetchval("select now()")
    async with connection.transaction():
        await audit.record_act(connection, "beforeIt", [], now)
    await audit.seal_acts(connection, now)
    moment: datetime = await connection.fetchval("select clock_timestamp()")
    await connection.execute("select pg_sleep(0.05)")
    await connection.execute("update events.counter set given = 40")
    await audit.record_act(connection, "mistake", [], now)
    await connection.execute("drop table grids.grid cascade")
    await connection.close()
    return moment, old, 30


def wait_for_archive(dsn: str, archive: Path) -> None:
    """Have PostgreSQL hand the last segment over, as it does by itself in time."""

    async def switch() -> str:
        connection = await asyncpg.connect(dsn)
        try:
            name: str = await connection.fetchval("select pg_walfile_name(pg_switch_wal())")
            return name
        finally:
            await connection.close()

    name, began = asyncio.run(switch()), time.monotonic()
    while not (archive / name).exists():
        assert time.monotonic() < began + 60, "the segment is not archived"
        time.sleep(0.1)


async def check_moment(dsn: str, old: Cursors, given: int) -> None:
    connection = await asyncpg.connect(dsn)
    while await connection.fetchval("select pg_is_in_recovery()"):
        await asyncio.sleep(0.1)
    assert await connection.fetchval("select given from events.counter") == given
    assert [row["mutation"] for row in await connection.fetch("select mutation from access.act")] == ["beforeIt"]
    assert (await audit.verify_chain(connection)).wrong is None
    new = Cursors(b"s" * 32)
    new.epochs = read_epochs(orjson.loads(await connection.fetchval(OPEN_EPOCH)))
    assert new.open(old.seal(given)) == given and len(new.epochs) == 2
    with pytest.raises(PositionExpired):
        new.open(old.seal(given + 1))
    await connection.close()
