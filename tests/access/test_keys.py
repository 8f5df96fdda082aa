"""The key ring: where it comes from, and a rotation while everybody goes on working."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from gongzhi.declare.columns import BytesField
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing, SealError
from gongzhi_server.app import create_app
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contribution_checks import models_of
from gongzhi_server.settings import Settings
from gongzhi_server.storage import key_ring
from gongzhi_server.testing import ESSENTIAL, INSTALLED, Clock, Server, settings_for_tests

from .conftest import Log

NEW = "next:" + base64.b64encode(bytes(range(32))).decode()
HOLDINGS = ESSENTIAL.registers.holdings
PRODUCTION = {"DATABASE_URL": "postgresql://db/county", "GONGZHI_SECRET": "8f14e45fceea167a5a36dedd4bea2543"}


def derive_ring(dsn: str, data: Path) -> str:
    """The ring that the demo county is sealed under, as it would be written into a setting."""
    ring = key_ring.load_key_ring(settings_for_tests(dsn, data))
    return f"main:{base64.b64encode(ring._keys['main']).decode()}"


# where it comes from


def test_ring_from_anywhere(tmp_path: Path) -> None:
    """In the environment, in a file, from a command: the first key is the current one."""
    file, plain = tmp_path / "ring", settings_for_tests("postgresql://db/county", tmp_path)
    file.write_text(NEW + "\n", encoding="utf-8")
    said = f"import sys; sys.stdout.write({NEW!r})"
    for chosen in (
        replace(plain, keys=NEW),
        replace(plain, keys_file=file),
        replace(plain, keys_command=(sys.executable, "-c", said)),
    ):
        assert key_ring.load_key_ring(chosen).ids == ("next",)
    assert key_ring.load_key_ring(plain).ids == ("main",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "must be set in production"),
        ({"GONGZHI_KEYS": NEW, "GONGZHI_KEYS_FILE": "ring"}, "set one of GONGZHI_KEYS, GONGZHI_KEYS_FILE"),
        ({"GONGZHI_KEYS_COMMAND": "vault 'read"}, "GONGZHI_KEYS_COMMAND is no command"),
    ],
)
def test_settings_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(Problem, match=said):
        Settings.read(PRODUCTION | given)
    assert Settings.read(PRODUCTION | {"GONGZHI_KEYS": NEW}).keys == NEW


def test_bad_ring_is_not_repeated(tmp_path: Path) -> None:
    """A ring that cannot be read is refused without a word of what is in it."""
    plain = settings_for_tests("postgresql://db/county", tmp_path)
    for chosen in (
        replace(plain, keys="next:c2VjcmV0"),
        replace(plain, keys="c2VjcmV0LWtleQ=="),
        replace(plain, keys_file=tmp_path / "missing"),
        replace(plain, keys_command=(sys.executable, "-c", "print('c2VjcmV0'); raise SystemExit(3)")),
        replace(plain, keys_command=("gongzhi-no-such-command",)),
    ):
        with pytest.raises(Problem) as refused:
            key_ring.load_key_ring(chosen)
        assert "c2VjcmV0" not in str(refused.value)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file", "c2VjcmV0"), "does not exist"),
        (NotADirectoryError(20, "Not a directory", "c2VjcmV0"), "does not exist"),
        (PermissionError(13, "Permission denied", "c2VjcmV0"), "account may not"),
        (OSError(5, "Input/output error", "c2VjcmV0"), "Input/output error"),
    ],
)
def test_setting_of_a_missing_ring_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    """What does not exist is told apart from what may not be read or run; the path is not repeated."""

    def fail(*args: Any, **more: Any) -> Any:
        raise error

    monkeypatch.setattr(Path, "read_text", fail)
    monkeypatch.setattr(key_ring.subprocess, "run", fail)
    plain = settings_for_tests("postgresql://db/county", tmp_path)
    for chosen, name, what in (
        (replace(plain, keys_file=tmp_path / "c2VjcmV0"), "GONGZHI_KEYS_FILE", "file"),
        (replace(plain, keys_command=("c2VjcmV0",)), "GONGZHI_KEYS_COMMAND", "program"),
    ):
        with pytest.raises(Problem, match=f"^{name} names a {what} .*{said}") as refused:
            key_ring.load_key_ring(chosen)
        assert "c2VjcmV0" not in str(refused.value) and "Error" not in str(refused.value)


def test_ring_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "ring").write_bytes(b"\xff\xfe")
    plain, odd = settings_for_tests("postgresql://db/county", tmp_path), "import sys; sys.stdout.buffer.write(b'\\xff')"
    with pytest.raises(Problem, match="^GONGZHI_KEYS_FILE names a file that is no text in UTF-8"):
        key_ring.load_key_ring(replace(plain, keys_file=tmp_path / "ring"))
    with pytest.raises(Problem, match="^GONGZHI_KEYS_FILE names a folder"):
        key_ring.load_key_ring(replace(plain, keys_file=tmp_path))
    with pytest.raises(Problem, match="^GONGZHI_KEYS_COMMAND prints no text in UTF-8"):
        key_ring.load_key_ring(replace(plain, keys_command=(sys.executable, "-c", odd)))


# a rotation


@asynccontextmanager
async def serve_application(chosen: Settings, dsn: str) -> AsyncIterator[Server]:
    clock = Clock()
    app = create_app(chosen, dsn, clock, ESSENTIAL)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
    async with app.router.lifespan_context(app), client:
        yield Server(client, clock)


async def test_rotation_under_load(filled: str, tmp_path: Path, log: Log) -> None:
    """While everybody is moved, people read their own values, are found by them, and have them changed: nothing fails.

    Afterwards the new key alone opens everything, and finds everybody.
    """
    ring = f"{NEW},{derive_ring(filled, tmp_path)}"
    chosen = replace(settings_for_tests(filled, tmp_path), keys=ring)
    rows = await log.connection.fetch(
        "select p.id, p.name, p.data_key, p.resident_id_sealed, g.code as grid, p.version from people.person p "
        "join grids.grid g on g.id = p.grid_id where resident_id_sealed is not null order by md5(p.id::text) limit 24"
    )
    known = {row["id"]: identity(KeyRing.parse(ring), row) for row in rows}
    done, tried = asyncio.Event(), [0, 0, 0]

    async def read(server: Server) -> None:
        for row in endless(rows, done):
            me = server.as_("resident", person=f"Person:{row['id']}")
            assert (await me.ask("{ me { person { residentId } } }")).data["me"]["person"]["residentId"] == known[
                row["id"]
            ]
            tried[0] += 1

    async def find(server: Server) -> None:
        worker = server.as_("grid_worker", grid="610921")
        for row in endless(rows, done):
            given = {"county": "610921", "residentId": known[row["id"]], "purpose": "核对"}
            assert (await worker.do("findPerson", "people { id }", **given))["people"] == [
                {"id": f"Person:{row['id']}"}
            ]
            tried[1] += 1

    async def change(server: Server) -> None:
        worker, versions = server.as_("grid_worker", grid="610921"), {row["id"]: row["version"] for row in rows}
        for at, row in enumerate(endless(rows, done)):
            given = {"person": f"Person:{row['id']}", "expectedVersion": versions[row["id"]]}
            phones = [f"1380000{at:04}"]
            assert (await worker.do("updatePerson", "person { id }", **given, phones=phones))["errors"] == []
            versions[row["id"]] += 1
            tried[2] += 1

    async with serve_application(replace(chosen, reveals=10_000), filled) as server:
        work = [asyncio.create_task(one(server)) for one in (read, find, change)]
        # The first of each makes its plan, which takes longer than moving everybody may.
        while not all(tried) and not any(one.done() for one in work):
            await asyncio.sleep(0.01)
        moved = await key_ring.rotate_keys(filled, KeyRing.parse(ring), HOLDINGS, size=40)
        done.set()
        await asyncio.gather(*work)
    assert moved >= 1000 and all(count > 5 for count in tried), tried
    after = await key_ring.count_keys(filled, KeyRing.parse(ring), HOLDINGS)
    assert after.done and sum(after.people.values()) >= moved
    await alone(log.connection, KeyRing.parse(NEW))


def endless(rows: Any, done: asyncio.Event) -> Any:
    while not done.is_set():
        yield from rows


def identity(ring: KeyRing, row: Any) -> str:
    key = ring.unwrap("610921", row["data_key"])
    return sealing.open_value(key, f"people.person.resident_id:{row['id']}", row["resident_id_sealed"])


async def alone(connection: asyncpg.Connection[Any], ring: KeyRing) -> None:
    """Open everything with this ring, and compare every blind index."""
    owners = {}
    for row in await connection.fetch("select * from people.person where data_key is not null"):
        owners[row["id"]] = ring.unwrap("610921", row["data_key"])
        if row["resident_id_sealed"]:
            assert row["resident_id_blind"] == ring.blind("610921", "resident_id", identity(ring, row))
    for row in await connection.fetch("select * from people.phone where sealed is not null"):
        number = sealing.open_value(owners[row["person_id"]], f"people.phone.number:{row['id']}", row["sealed"])
        assert row["blind"] == ring.blind("610921", "phone", number)


async def test_rotation_goes_on(filled: str, tmp_path: Path, log: Log) -> None:
    """Interrupted after some batches, it goes on with the rest; a value that cannot be opened stops it by name."""
    ring = KeyRing.parse(f"{NEW},{derive_ring(filled, tmp_path)}")
    async with log.connection.transaction():
        assert await key_ring.rotate_batch(log.connection, ring, 300) == 300
    left = (await key_ring.count_keys(filled, ring, HOLDINGS)).people
    assert left["next"] == 300 and not (await key_ring.count_keys(filled, ring, HOLDINGS)).done
    broken = await log.connection.fetchrow(
        "update people.person set data_key = substring(data_key from 1 for 40) || '\\x00'::bytea where id = "
        "(select max(id::text)::uuid from people.person where data_key is not null) returning id, data_key"
    )
    assert broken
    with pytest.raises(Problem, match=str(broken["id"])):
        await key_ring.rotate_keys(filled, ring, HOLDINGS)
    assert (await key_ring.count_keys(filled, ring, HOLDINGS)).people["next"] > 300
    await log.connection.execute("update people.person set data_key = null where id = $1", broken["id"])
    assert (
        await key_ring.rotate_keys(filled, ring, HOLDINGS) > 0
        and (await key_ring.count_keys(filled, ring, HOLDINGS)).done
    )
    with pytest.raises(SealError):
        await alone(log.connection, KeyRing.parse(derive_ring(filled, tmp_path)))


def test_every_wrapped_key_is_moved() -> None:
    """A key that no holding names stays under the old key of the ring, and is lost when that is dropped."""
    moved = {(one.table, one.column) for one in key_ring.wrapped_columns(INSTALLED.registers.holdings)}
    keys = {
        (f"{app.label}.{model._meta.db_table}", name)
        for app in INSTALLED.apps
        for model in models_of(app)
        for name, one in model._meta.fields_map.items()
        if isinstance(one, BytesField) and name in ("data_key", "secret")
    }
    assert keys - moved == {("people.person", "data_key")}, "moved with the person, by key_ring.rotate_person"
    assert len(moved) > 5 and moved <= keys


async def test_rotation_moves_everything(filled: str, tmp_path: Path, log: Log) -> None:
    """What is wrapped beside people's keys goes along: keys of files and of numbers left, secrets of endpoints."""
    old, both = derive_ring(filled, tmp_path), f"{NEW},{derive_ring(filled, tmp_path)}"
    made = [sealing.data_key() for _ in key_ring.wrapped_columns(HOLDINGS)]
    file, factor, contact, secret, header, previous = (KeyRing.parse(old).wrap("610921", one) for one in made)
    await log.connection.execute("delete from contacts.contact")
    grid, case = await log.connection.fetchrow("select grid_id, id from cases.case where grid_id is not null limit 1")
    await log.connection.execute(
        "insert into attachments.attachment (id, kind, media_type, size, thumbnail, county, data_key, at) "
        "values (gen_random_uuid(), 'PHOTO', 'image/jpeg', 1, false, '610921', $1, now())",
        file,
    )
    await log.connection.execute(
        "insert into contacts.contact (id, case_id, grid_id, data_key, sent_at, tries) "
        "values (gen_random_uuid(), $1, $2, $3, now(), 0)",
        case,
        grid,
        contact,
    )
    await log.connection.execute(
        "with a as (insert into accounts.account (id, name, kind, grid_id, created_at, created_by, version) "
        "values (gen_random_uuid(), 'system', 'MACHINE', $1, now(), 'console', 1) returning id), "
        "w as (insert into webhooks.webhook (id, account_id, url, types, selection, grid_id, secret, data_key, "
        "state, position, created_at, version) "
        "select gen_random_uuid(), id, 'https://example.org/', '{}', '', $1, $2, $3, 'ACTIVE', 0, now(), 1 from a "
        "returning id) "
        "insert into webhooks.retired_secret (id, webhook_id, county_id, secret, until) "
        "select gen_random_uuid(), w.id, g.county_id, $4, now() from w, grids.grid g where g.id = $1",
        grid,
        secret,
        header,
        previous,
    )
    await log.connection.execute(
        "insert into second_factors.factor "
        "(id, account_id, county, data_key, content, last_step, recovery, created_at, used_at) "
        "select gen_random_uuid(), id, '610921', $1, '', 0, '{}', now(), now() from accounts.account limit 1",
        factor,
    )
    ring = KeyRing.parse(both)
    assert (await key_ring.count_keys(filled, ring, HOLDINGS)).others == {"main": len(made)}
    await key_ring.rotate_keys(filled, ring, HOLDINGS, size=500)
    after = await key_ring.count_keys(filled, ring, HOLDINGS)
    assert after.done and after.others["next"] == len(made)
    alone = KeyRing.parse(NEW)
    for of, key in zip(key_ring.wrapped_columns(HOLDINGS), made, strict=True):
        statement = f"select {of.column} from {of.table} where {of.column} <> ''"
        [value] = [row[0] for row in await log.connection.fetch(statement)]
        assert alone.unwrap("610921", value) == key
