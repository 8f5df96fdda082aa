"""Template databases: what tests copy, made once and kept on disk for the next run of the same code."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from ..data_folder import ensure_folder
from .database import connect_database
from .embedded_postgres import (
    CARELESS,
    TUNING,
    VERSION,
    Cluster,
    hold_gate,
    join_cluster,
    open_lock_file,
    place_throwaway,
    remove_throwaway,
)

OUTSIDE = "GONGZHI_TEST_DSN"
"""The variable that names a PostgreSQL for tests. Nothing is kept in it."""
RUN = "PYTEST_XDIST_TESTRUNUID"
"""The variable that is the same in all processes of a test run: they share a PostgreSQL."""
CROWDED = {"max_connections": "300"}
PREFIX = "template_"
OTHERS = "select datname from pg_database where not datistemplate and not starts_with(datname, $1) and datname<>all($2)"
OURS = "gongzhi", "gongzhi_server"
KEPT = 2
"""Clusters that are kept: of the code as it is, and as it was before."""


@contextmanager
def open_test_cluster(data: Path, kept: Path | None) -> Iterator[str]:
    """Yield the address of a PostgreSQL for tests: that of GONGZHI_TEST_DSN, or a throw-away one of this run.

    A throw-away one begins with the templates that an earlier run of the same code left in the folder `kept`, and
    leaves its own there: to migrate and to load takes longer than most tests.
    """
    if dsn := os.environ.get(OUTSIDE):
        yield dsn
        return
    data = place_throwaway(data, os.environ.get(RUN) or uuid4().hex)
    seed = kept / digest_code() if kept else None
    with join_cluster(SeededCluster(ensure_folder(data) / "postgres", TUNING | CARELESS | CROWDED, seed)) as dsn:
        yield dsn


@dataclass(frozen=True)
class SeededCluster(Cluster):
    """A cluster for tests that begins with what is kept; its last user keeps its templates, and removes it."""

    seed: Path | None

    def make(self) -> None:
        # Who used it before may have removed all.
        ensure_folder(self.folder.parent)
        if self.seed is None or not take_cluster(self.seed, self):
            super().make()

    def stop(self) -> None:
        with ExitStack() as ending:
            ending.callback(remove_throwaway, self)
            ending.callback(super().stop)
            if self.seed is not None:
                asyncio.run(drop_others(self.dsn))
                super().stop()
                keep_cluster(self, self.seed)


def digest_code() -> str:
    """Return what tells one state of the code from another: of the contract, the server, and all installed plugins."""
    modules = {entry.module.partition(".")[0] for entry in entry_points(group="gongzhi.plugins")}
    # With the day, for what is written with the database's own time grows old.
    digest = hashlib.sha256(f"{VERSION} {date.today()}".encode())
    for module in sorted({*OURS, *modules}):
        spec = find_spec(module)
        for folder in spec.submodule_search_locations or () if spec else ():
            for file in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{module} {file.relative_to(folder)}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


async def drop_others(dsn: str) -> None:
    """Drop what tests have left: only templates are kept."""
    async with connect_database(dsn) as connection:
        for row in await connection.fetch(OTHERS, PREFIX, ["postgres", urlsplit(dsn).path[1:]]):
            await connection.execute(f'drop database "{row["datname"]}" with (force)')


def take_cluster(seed: Path, cluster: Cluster) -> bool:
    """Begin a cluster with what is kept; False if nothing is."""
    with lock_kept(seed.parent):
        if seed.exists():
            copy_folder(seed, cluster.folder)
        return cluster.folder.exists()


def keep_cluster(cluster: Cluster, seed: Path) -> None:
    """Keep a stopped cluster as the seed of later ones, if it has more databases than what is kept."""
    with lock_kept(seed.parent):
        if seed.exists() and count_databases(seed) >= count_databases(cluster.folder):
            return
        # Beside its place and renamed: what a killed run has copied in part is never taken for a whole one.
        part = seed.with_suffix(".part")
        for old in (part, seed):
            shutil.rmtree(old, ignore_errors=True)
        copy_folder(cluster.folder, part)
        part.rename(seed)
        folders = [one for one in seed.parent.iterdir() if one.is_dir()]
        for old in sorted(folders, key=lambda one: one.stat().st_mtime, reverse=True)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def lock_kept(kept: Path) -> Iterator[None]:
    """Hold what is kept for as long as the block lasts: no run takes what another is replacing."""
    with open_lock_file(kept / "gate") as gate, hold_gate(gate):
        yield


def count_databases(folder: Path) -> int:
    """Return how many databases lie in the data folder of a cluster."""
    return sum(1 for _ in (folder / "base").iterdir())


def copy_folder(source: Path, target: Path) -> None:
    """Copy a data folder with its owner, who runs it; thousands of small files, so not one by one from here."""
    subprocess.run(["cp", "-Rp", source, target], check=True)


@contextmanager
def open_template(
    dsn: str, name: str, fill: Callable[[str], Awaitable[None]], template: str = "template0"
) -> Iterator[str]:
    """Yield the name of a database to be copied: the one that is kept, or a copy of `template` that `fill` fills."""
    outside = bool(os.environ.get(OUTSIDE))
    # Others may use a PostgreSQL outside at the same time, with other code.
    name = f"{name}_{uuid4().hex}" if outside else f"{PREFIX}{name}"
    asyncio.run(make_template(dsn, name, fill, template))
    yield name
    if outside:
        asyncio.run(drop_database(dsn, name))


async def make_template(dsn: str, name: str, fill: Callable[[str], Awaitable[None]], template: str) -> None:
    """Make a database and have it filled, unless it is there: one process of a run does, and others wait for it."""
    async with connect_database(dsn) as connection:
        await connection.execute("select pg_advisory_lock(hashtext($1))", name)
        if await connection.fetchval("select true from pg_database where datname=$1", name):
            return
        part = f"part_{uuid4().hex}"
        # Renamed when it is whole: one that was broken off is no template.
        await fill(await create_database(dsn, part, template))
        await connection.execute(f'alter database "{part}" rename to "{name}"')


def sibling_dsn(dsn: str, name: str) -> str:
    """Return the address of another database of the same cluster."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def create_database(dsn: str, name: str, template: str = "template0") -> str:
    """Create a database, a copy of another one nobody is connected to."""
    # PostgreSQL copies the files of a template, which is far faster than migrating a new database; page by page
    # through its log, as it would by itself, takes three times as long.
    async with connect_database(dsn) as connection:
        await connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
    return sibling_dsn(dsn, name)


async def drop_database(dsn: str, name: str) -> None:
    """Drop a database, disconnecting whoever is left."""
    async with connect_database(dsn) as connection:
        await connection.execute(f'drop database if exists "{name}" with (force)')
