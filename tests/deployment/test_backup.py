"""A backup holds one moment, is put back into what is empty alone, and proves that it can be."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from gongzhi.runtime import sealing
from gongzhi_server import cli
from gongzhi_server.deployment import backup
from gongzhi_server.deployment.backup_folder import SUMS, find_changed, read_manifest
from gongzhi_server.errors import Problem
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, PositionExpired, read_epochs
from gongzhi_server.files.vault import Vault, storage_path
from gongzhi_server.settings import Settings
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.storage.postgres_programs import split_password
from gongzhi_server.testing import SECRET, create_database, drop_database
from typer.testing import CliRunner

CONTENT = b"a picture of a hole in the road" * 10_000
KEYS = "main:" + base64.b64encode(hashlib.sha256(b"keys of this test").digest()).decode()
ATTACH = """insert into attachments.attachment (id, case_id, kind, media_type, size, thumbnail, county, data_key, at)
select $1, (select id from cases.case limit 1), 'PHOTO', 'image/jpeg', $2, false, '610921', $3, now()"""

FULL_POOL = """insert into credit.pool (id, grid_id, lender_id, name, share, balance, opened_at)
select gen_random_uuid(), (select id from grids.grid where code = '610921' and valid_to is null),
(select id from units.unit limit 1), 'A pool', 20, 1, now()"""


class Place:
    """A database and a data folder, and what is run against them."""

    def __init__(self, dsn: str, data: Path, **environ: str) -> None:
        self.dsn, self.data = dsn, data
        self.environ = {"DATABASE_URL": dsn, "GONGZHI_MODE": "development", "GONGZHI_DATA": str(data)}
        self.environ |= {"GONGZHI_SECRET": SECRET, **environ}

    @property
    def settings(self) -> Settings:
        return Settings.read(self.environ)

    def run(self, *words: str | Path) -> Any:
        return CliRunner().invoke(cli.app, [str(word) for word in words], env=self.environ)

    async def attach(self, *, lost: bool = False) -> UUID:
        """Add a file to a case; its bytes may be lost."""
        id, key, ring = uuid4(), sealing.data_key(), load_key_ring(self.settings)
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(ATTACH, id, len(CONTENT), ring.wrap("610921", key))
        await connection.close()
        if not lost:
            await Vault.open_at(self.settings.store).put(id, "full", key, io.BytesIO(CONTENT))
        return id

    async def read(self, id: UUID) -> bytes:
        [key] = await self.ask("select data_key from attachments.attachment where id = $1", id)
        ring = load_key_ring(self.settings)
        stream = await Vault.open_at(self.settings.store).get(id, "full", ring.unwrap("610921", key))
        return b"".join([piece async for piece in stream])

    async def ask(self, sql: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return [row[0] for row in await connection.fetch(sql, *values)]
        finally:
            await connection.close()


@pytest.fixture
def place(postgres: str, small_county: str, tmp_path: Path) -> Iterator[Place]:
    name = f"backup_{uuid4().hex}"
    yield Place(asyncio.run(create_database(postgres, name, small_county)), tmp_path / "data")
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
def elsewhere(postgres: str, tmp_path: Path) -> Iterator[Place]:
    name = f"restored_{uuid4().hex}"
    yield Place(asyncio.run(create_database(postgres, name)), tmp_path / "elsewhere")
    asyncio.run(drop_database(postgres, name))


def test_backup_is_proved_and_restored(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    """All of it comes back, and cursors of what came after the backup are refused."""
    kept = asyncio.run(place.attach())
    asyncio.run(place.ask(OPEN_EPOCH))  # as every server does at its start
    folder = tmp_path / "backups" / "monday"
    taken = place.run("backup", folder)
    assert taken.exit_code == 0 and hashlib.sha256((folder / SUMS).read_bytes()).hexdigest() in taken.output
    assert folder.stat().st_mode & 0o777 == 0o700
    manifest, told = read_manifest(folder), (folder / "manifest.json").read_text()
    assert manifest.files == 1 and manifest.tables["people.person"] == 300 and SECRET not in told
    [acted] = asyncio.run(place.ask("select count(*) from access.act where mutation = 'takeBackup'"))
    assert acted == 1

    proved = place.run("restore", "--prove", folder)
    assert proved.exit_code == 0, proved.output
    said = [line.partition(":")[0] for line in proved.output.splitlines() if line.startswith("✓")]
    assert {"✓ the folder", "✓ tables", "✓ the audit chain", "✓ the key ring"} <= set(said)
    assert {"✓ gongzhi points verify", "✓ gongzhi credit verify"} <= set(said)
    assert (
        "1 files opened" in proved.output
        and "(RPO): 0:0" in proved.output
        and "Restored and proved in" in proved.output
    )

    restored = elsewhere.run("restore", folder)
    assert "Restored as of" in restored.output and "✓ secrets: the same as this database has known" in restored.output
    assert asyncio.run(elsewhere.read(kept)) == CONTENT
    people = "select count(*) from people.person"
    assert asyncio.run(elsewhere.ask(people)) == asyncio.run(place.ask(people))
    assert "restoreBackup" in asyncio.run(elsewhere.ask("select mutation from access.act"))
    asyncio.run(check_cursors(place, elsewhere))
    again = elsewhere.run("restore", folder)
    assert isinstance(again.exception, Problem) and "has tables already" in str(again.exception)


async def check_cursors(before: Place, after: Place) -> None:
    """A cursor of the old history goes on up to the backup, and no further."""
    old, new = Cursors(b"s" * 32), Cursors(b"s" * 32)
    old.epochs, new.epochs = [read_epochs(orjson.loads((await one.ask(OPEN_EPOCH))[0])) for one in (before, after)]
    assert new.epochs[:-1] == old.epochs
    [given] = await after.ask("select given from events.counter")
    assert new.open(old.seal(given)) == given
    with pytest.raises(PositionExpired):
        new.open(old.seal(given + 1))


def test_restore_refuses_what_does_not_fit(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    """Another secret, a folder that was changed, a store with something in it: nothing is written.

    A proof names all that is wrong: a file, a pool that nothing came into, a table that has lost a row since it was
    counted, a chain that was made anew.
    """
    asyncio.run(place.attach())
    asyncio.run(place.ask(FULL_POOL))
    folder = tmp_path / "monday"
    assert place.run("backup", folder).exit_code == 0
    assert "is there already" in str(place.run("backup", folder).exception)

    other = Place(elsewhere.dsn, elsewhere.data, GONGZHI_SECRET="another secret, as long as it must be")
    for words in (("restore",), ("restore", "--prove")):
        refused = other.run(*words, folder)
        assert str(refused.exception).startswith("GONGZHI_SECRET") and SECRET not in str(refused.exception)

    stray = elsewhere.data / "files" / "aa" / "stray"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    assert "not empty" in str(elsewhere.run("restore", folder).exception)
    shutil.rmtree(elsewhere.data)

    [sealed] = (folder / "files").rglob("*.full")
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"x")
    assert [said.partition(" was")[2] for said in find_changed(folder)] == [" changed"]
    assert "not as it was written" in str(elsewhere.run("restore", folder).exception)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["people.person"] += 1
    manifest["anchor"]["hash"] = "00" * 32
    (folder / "manifest.json").write_text(json.dumps(manifest))
    proved = place.run("restore", "--prove", folder)
    assert proved.exit_code == 1 and "✗ the folder" in proved.output and "cannot be opened: SealError" in proved.output
    assert "✗ gongzhi credit verify" in proved.output and "sum of their entries: A pool" in proved.output
    assert "✗ tables: people.person has" in proved.output and "the chain was made anew" in proved.output
    assert asyncio.run(elsewhere.ask("select count(*) from pg_tables where schemaname = 'people'")) == [0]


def test_backup_is_of_one_moment(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is added while it is taken is not in it; what is erased meanwhile is not missed; what was lost is told."""
    kept, erased, lost = (asyncio.run(place.attach(lost=gone)) for gone in (False, False, True))
    dump, added = backup.dump_database, []

    async def meanwhile(*given: Any) -> str:
        added.append(await place.attach())
        await place.ask("update attachments.attachment set data_key = null where id = $1", erased)
        await Vault.open_at(place.settings.store).delete(erased, "full")
        return await dump(*given)

    monkeypatch.setattr(backup, "dump_database", meanwhile)
    folder = tmp_path / "monday"
    taken = place.run("backup", folder)
    assert taken.exit_code == 2
    manifest = read_manifest(folder)
    assert manifest.files == 1 and list(manifest.missing) == [storage_path(lost, "full")]
    assert manifest.tables["attachments.attachment"] == 3 and added
    assert [path.name for path in (folder / "files").rglob("*.full")] == [f"{kept}.full"]


def test_later_backup_links_files(place: Place, tmp_path: Path) -> None:
    kept = asyncio.run(place.attach())
    monday, tuesday = tmp_path / "monday", tmp_path / "tuesday"
    assert place.run("backup", monday).exit_code == 0
    asyncio.run(place.attach())
    assert place.run("backup", tuesday, "--earlier", monday).exit_code == 0
    first, second = (one / "files" / storage_path(kept, "full") for one in (monday, tuesday))
    assert first.samefile(second) and read_manifest(tuesday).files == 2 and not list(find_changed(tuesday))


def test_secrets_are_written_where_the_operator_says(place: Place, tmp_path: Path) -> None:
    """Nowhere else, readable by nobody else, and not beside what they open."""
    chosen = Place(place.dsn, place.data)
    assert chosen.run("backup", tmp_path / "monday", "--secrets", tmp_path / "monday" / "secrets").exit_code == 2
    assert chosen.run("backup", tmp_path / "monday", "--secrets", tmp_path / "secrets").exit_code == 0
    assert (tmp_path / "secrets").read_text() == f"GONGZHI_SECRET={SECRET}\n"
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o600
    backup.write_secrets(tmp_path / "both", Place(place.dsn, place.data, GONGZHI_KEYS=KEYS).settings)
    assert (tmp_path / "both").read_text() == f"GONGZHI_SECRET={SECRET}\nGONGZHI_KEYS={KEYS}\n"


FORGET = "delete from public.tortoise_migrations where app = 'performance'"
DOCUMENTS = {
    "cases.graphql": "query Cases($n: Int!, $open: CaseFilter!) { cases(first: $n, filter: $open) { nodes { id } } }",
    "accept.graphql": "mutation Accept($input: AcceptCaseInput!) { acceptCase(input: $input) { case { number } } }",
    "people.graphql": "query People { people(first: 3) { nodes { name gender } } }",
    "one.graphql": "query One($id: ID!) { node(id: $id) { id } }",
}


def add_documents(place: Place, folder: Path) -> None:
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    added = place.run("documents", "add", *(folder / name for name in DOCUMENTS))
    assert added.exit_code == 0, added.output


@pytest.mark.slow
def test_upgrade_is_rehearsed_on_a_backup(place: Place, tmp_path: Path) -> None:
    """What is missing is run on the copy alone; then chain, files, ledgers and clients' documents are tried."""
    asyncio.run(place.attach())
    add_documents(place, tmp_path)
    asyncio.run(place.ask(FORGET))
    asyncio.run(place.ask("drop schema performance cascade"))
    folder = tmp_path / "monday"
    assert place.run("backup", folder).exit_code == 0
    tried = place.run("migrate", "--rehearse", folder)
    assert tried.exit_code == 0, tried.output
    assert "✓ migrations: 1 in" in tried.output and "the longest performance.0001_initial in" in tried.output
    assert "✓ rows: none lost" in tried.output and "1 files opened" in tried.output
    assert "✓ gongzhi points verify" in tried.output
    assert "✓ trusted documents: 4 operations are valid, 3 queries were run, the slowest" in tried.output
    assert place.run("migrate", "--plan").output.strip() == "performance.0001_initial", "nothing was changed"


@pytest.mark.slow
def test_rehearsal_names_what_would_fail(place: Place, tmp_path: Path) -> None:
    """A migration that cannot be run ends it; else clients' documents that no longer fit are named."""
    add_documents(place, tmp_path)
    folder, broken = tmp_path / "monday", tmp_path / "tuesday"
    assert place.run("backup", folder).exit_code == 0
    text = "query Old { cases(first: 1) { nodes { gone } } }"
    listed = {"sha256:" + hashlib.sha256(text.encode()).hexdigest(): text}
    (folder / "documents.json").write_text(json.dumps(listed))
    tried = place.run("migrate", "--rehearse", folder)
    assert tried.exit_code == 1 and "✓ migrations: none is missing" in tried.output
    assert "✗ trusted document Old: Cannot query field 'gone' on type 'Case'" in tried.output
    asyncio.run(place.ask(FORGET))
    assert place.run("backup", broken).exit_code == 0
    tried = place.run("migrate", "--rehearse", broken)
    assert tried.exit_code == 1 and "✗ migration performance.0001_initial failed and was taken back" in tried.output
    assert "trusted documents" not in tried.output


def test_password_is_no_argument() -> None:
    """Everybody on a machine can read what a process was called with."""
    bare = "postgresql://app@db.example:5432,two.example/gongzhi?sslmode=verify-full&host=%2Frun%2Fa%20b"
    assert split_password(bare.replace("app@", "app:p%40ss@")) == (bare, "p@ss")
    assert split_password(f"{bare}&password=p%40ss") == (bare, "p@ss")
    assert split_password("postgresql:///gongzhi") == ("postgresql:///gongzhi", None)
