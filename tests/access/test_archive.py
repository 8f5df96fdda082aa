"""Months of looks and mutations: they are archived as files, which the chain proves as it proves rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from arro3.io import read_parquet
from gongzhi.core.registers.erasure import erase_person
from gongzhi.runtime.context import FileLook
from gongzhi_server.errors import Problem
from gongzhi_server.files.vault import Vault
from gongzhi_server.storage import audit, audit_archive
from gongzhi_server.testing import ESSENTIAL, TODAY

from .conftest import Log, People
from .test_chain import WORKER, looks, tamper

YEARS = TODAY + timedelta(days=1200)


async def write(connection: Any, *batches: int) -> None:
    """Batches of looks, and of mutations where the number is negative, under ids that tell the time."""
    for size in batches:
        if size > 0:
            await audit.write_looks(connection, looks(size))
        for _ in range(-size):
            act = audit.act_statement(WORKER, "close_case", ["Case:1"])
            await connection.execute(act.sql, *act.values)
        await audit.seal_acts(connection, TODAY)


async def verify(connection: Any, vault: Vault) -> str | None:
    return (await audit.verify_chain(connection, store=vault.store)).wrong


async def test_archive_and_rows_are_one_chain(empty: str, tmp_path: Path) -> None:
    """Old months go into files without account, people and salts; whoever changes one, or takes it away, is found."""
    connection, vault = await asyncpg.connect(empty), Vault.open_at(tmp_path)
    await write(connection, 3, -2, 1)
    assert await audit_archive.archive_old(connection, vault.store, TODAY, 36) == []
    with pytest.raises(Problem, match="6 months at least"):
        await audit_archive.archive_old(connection, vault.store, YEARS, 5)
    await audit.write_looks(connection, looks(1))
    with pytest.raises(Problem, match="not chained"):
        await audit_archive.archive_old(connection, vault.store, YEARS, 36)
    await audit.close_chain(connection)
    before = await audit.take_anchor(connection, TODAY)
    done = await audit_archive.archive_old(connection, vault.store, YEARS, 36)
    await audit.close_chain(connection)
    assert [Path(one).name.partition("_")[0] for one in done] == ["look", "act"]
    assert await connection.fetchval("select (select count(*) from access.look)+(select count(*) from access.act)") == 0
    await connection.execute("select access.partition(date_trunc('month', now())::date)")
    await write(connection, 2, -1)
    found = await audit.verify_chain(connection, [before], store=vault.store)
    assert (found.wrong, found.looks, found.acts, found.loose) == (None, 7, 3, 0)
    for path in done:
        file = tmp_path / path
        whole = file.read_bytes()
        assert not {"account", "purpose", "persons", "salts", "salt"} & {*read_parquet(file).read_all().column_names}
        file.write_bytes(whole[:-9] + b"x" + whole[-8:])
        assert "is not the file that was archived" in str(await verify(connection, vault))
        file.unlink()
        assert await verify(connection, vault)
        file.write_bytes(whole)
    async with tamper(connection):
        await connection.execute("delete from access.archive where name like 'look%'")
        assert await verify(connection, vault)
    assert await verify(connection, vault) is None
    # Pages that have no store at hand follow the links, and do not say that months are missing.
    assert (await audit.verify_chain(connection)).wrong is None
    await connection.close()


class Full:
    """A store that loses what it is given, or is cut off behind it."""

    def __init__(self, vault: Vault, error: Exception | None) -> None:
        self.store, self.error = vault.store, error

    async def put_async(self, path: str, file: Any) -> None:
        if self.error:
            await self.store.put_async(path, file)
            raise self.error
        await self.store.put_async(path, b"something else")

    async def get_async(self, path: str) -> Any:
        return await self.store.get_async(path)


async def test_nothing_is_dropped_before_it_is_kept(empty: str, tmp_path: Path) -> None:
    """A crash behind the upload loses nothing and doubles nothing; a store that keeps something else drops nothing."""
    connection, vault = await asyncpg.connect(empty), Vault.open_at(tmp_path)
    await write(connection, 2, -1)
    for error in (None, ConnectionError("cut off")):
        store: Any = Full(vault, error)
        with pytest.raises(Problem if error is None else ConnectionError):
            await audit_archive.archive_old(connection, store, YEARS, 36)
        found = await audit.verify_chain(connection, store=vault.store)
        assert (found.wrong, found.looks, found.acts, found.links) == (None, 2, 1, 2)
    assert len(await audit_archive.archive_old(connection, vault.store, YEARS, 36)) == 2
    await audit.close_chain(connection)
    found = await audit.verify_chain(connection, store=vault.store)
    assert (found.wrong, found.looks, found.acts, found.links) == (None, 2, 1, 4)
    await connection.close()


async def test_whoever_is_erased_is_forgotten(people: People, log: Log, tmp_path: Path) -> None:
    """Looks keep neither salt nor commitment of people on file; erasing leaves a commitment that nobody can make."""
    person, other = people.keys[:2]
    connection, vault = log.connection, Vault.open_at(tmp_path)
    async with tamper(connection):
        await audit.write_looks(connection, [(WORKER, FileLook([person, other], ["Person.name"], "purpose"))])
        await audit.close_chain(connection)
        [look] = await log.all()
        assert (look["salts"], look["commitments"]) == ([], []) and await verify(connection, vault) is None
        await erase_person(connection.fetch, ESSENTIAL.registers.holdings, person, TODAY)
        [look] = await log.all()
        kept = dict(zip(look["persons"], look["commitments"], strict=True))
        assert kept.keys() == {None, other} and kept[other] is None and len(kept[None]) == 32
        assert await connection.fetchval("select look_secret is null from people.person where id=$1", person)
        assert await verify(connection, vault) is None
        await connection.execute("update access.look set commitments = '{}'")
        assert "has lost people" in str(await verify(connection, vault))


async def test_sealing_changes_no_index(empty: str) -> None:
    """A mutation is put into its batch beside where it was written: the update is HOT while its page has room."""
    connection = await asyncpg.connect(empty)
    for _ in range(4):
        await write(connection, -1)
    await connection.execute("select pg_stat_force_next_flush()")
    counted = (
        "select sum(n_tup_upd)::int, sum(n_tup_hot_upd)::int from pg_stat_user_tables "
        "where schemaname='access' and relname like 'act%'"
    )
    assert tuple(await connection.fetchrow(counted)) == (4, 4)
    await connection.close()
