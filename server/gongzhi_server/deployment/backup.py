"""Backup: writes the database and the files that it names into a folder, as they were at one moment."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi.core.attachments.links import FULL, THUMBNAIL
from obstore.store import ObjectStore

from gongzhi_server.data_folder import write_private
from gongzhi_server.errors import Problem
from gongzhi_server.files.vault import Vault, storage_path
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.settings import Settings
from gongzhi_server.storage import audit, database
from gongzhi_server.storage.fingerprints import confirm_secrets, take_fingerprints
from gongzhi_server.storage.key_ring import read_keys_file
from gongzhi_server.storage.postgres_programs import run_program

from .backup_folder import (
    DOCUMENTS,
    DUMP,
    FILES,
    MANIFEST,
    Manifest,
    digest_file,
    read_sums,
    write_manifest,
    write_sums,
)

TABLES = """select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' order by 1"""
NAMED = "select id, thumbnail, case_id is not null from attachments.attachment where data_key is not null"
ERASED = "select not exists (select from attachments.attachment where id = $1 and data_key is not null)"

Report = Callable[[str, int, int], None]


async def write_backup(
    folder: Path,
    settings: Settings,
    dsn: str,
    plugins: Plugins,
    now: datetime,
    earlier: Path | None = None,
    report: Report = lambda *_: None,
) -> tuple[Manifest, str]:
    """Write a backup into a new folder; return its manifest, and the digest of the digests.

    Files that an `earlier` backup on the same disk has are linked from there: a file never changes under its name.
    Raises Problem where the folder is there already; of a backup that fails nothing stays under its name.
    """
    if folder.exists():
        raise Problem(f"{folder} is there already; give another name")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / FILES).mkdir(mode=0o700, parents=True)
    os.chmod(part, 0o700)  # names of people are in it
    ring = await confirm_secrets(dsn, settings)
    async with database.connect_database(dsn) as connection:
        # Taking everybody's data is an act like any other, and the newest that the backup has.
        await audit.record_act(connection, "takeBackup", [], now)
        anchor = await audit.take_anchor(connection, now)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = await count_tables(connection)
            digests = {DUMP: await dump_database(connection, dsn, part / DUMP, report)}
            files = FileCopier(Vault.open_at(settings.store).store, part, earlier)
            absent = await files.copy_named(connection, report)
        # What was erased since the snapshot is no loss: it must not be in a backup either.
        missing = [path for id, path in absent if id is None or not await connection.fetchval(ERASED, id)]
    digests |= files.digests
    if settings.manifest.exists():
        shutil.copyfile(settings.manifest, part / DOCUMENTS)
        digests[DOCUMENTS] = digest_file(part / DOCUMENTS)
    manifest = Manifest(
        taken_at=now,
        version=version("gongzhi-server"),
        plugins={one.name: one.version for one in plugins.found},
        fingerprints={name: digest.hex() for name, digest in take_fingerprints(settings, ring).items()},
        anchor=anchor,
        tables=tables,
        files=len(files.digests),
        missing=missing,
    )
    digests[MANIFEST] = write_manifest(part, manifest)
    digest = write_sums(part, digests)
    part.rename(folder)  # in the end, so that half a backup is never taken for a whole one
    return manifest, digest


async def count_tables(connection: asyncpg.Connection[Any]) -> dict[str, int]:
    """Count the rows of each table."""
    names = [name for (name,) in await connection.fetch(TABLES)]
    return {name: await connection.fetchval(f"select count(*) from {name}") for name in names}


async def dump_database(connection: asyncpg.Connection[Any], dsn: str, file: Path, report: Report) -> str:
    """Dump what the connection's transaction sees, and return the dump's digest."""
    report("Database (数据库)", 0, 1)
    snapshot = await connection.fetchval("select pg_export_snapshot()")
    await run_program(
        "pg_dump",
        dsn,
        "--format=custom",
        f"--snapshot={snapshot}",
        f"--file={file}",
        version=connection.get_server_version().major,
    )
    report("Database (数据库)", 1, 1)
    return digest_file(file)


class FileCopier:
    """Copies files as they lie in the store, sealed, into a backup; `digests` are those of what was copied."""

    def __init__(self, store: ObjectStore, folder: Path, earlier: Path | None) -> None:
        self.store, self.folder, self.earlier = store, folder, earlier
        self.known: Mapping[str, str] = read_sums(earlier) if earlier else {}
        self.digests: dict[str, str] = {}

    async def copy_named(self, connection: asyncpg.Connection[Any], report: Report) -> list[tuple[Any, str]]:
        """Copy the files that the connection's transaction knows; return the id and path of each that is missing."""
        missing = []
        rows = await connection.fetch(NAMED)
        for done, (id, thumbnail, belongs) in enumerate(rows, 1):
            for variant in (FULL, THUMBNAIL) if thumbnail else (FULL,):
                path = storage_path(id, variant)
                # An upload that no case has yet may still be on its way into the store.
                if not await self.copy(path) and belongs:
                    missing.append((id, path))
            report("Files (附件)", done, len(rows))
        # Of what the audit has archived nothing is ever erased.
        for [path] in await connection.fetch("select path from access.archive"):
            if not await self.copy(path):
                missing.append((None, path))
        return missing

    async def copy(self, path: str) -> bool:
        """Copy a file, or link it from an earlier backup; return whether it is there."""
        name = f"{FILES}/{path}"
        target = self.folder / name
        target.parent.mkdir(exist_ok=True)
        if self.earlier and (digest := self.known.get(name)):
            with suppress(OSError):  # on another disk, or gone: then from the store
                os.link(self.earlier / name, target)
                self.digests[name] = digest
                return True
        try:
            found = await self.store.get_async(path)
        except FileNotFoundError:
            return False
        hashed = hashlib.sha256()
        with target.open("wb") as file:
            async for chunk in found.stream():
                hashed.update(bytes(chunk))
                file.write(bytes(chunk))
        self.digests[name] = hashed.hexdigest()
        return True


def write_secrets(file: Path, settings: Settings) -> None:
    """Write the secret and the key ring in clear, as variables, into a new file that only its owner may read."""
    lines = [f"GONGZHI_SECRET={settings.secret}"]
    if settings.keys or settings.keys_file:
        ring = settings.keys or read_keys_file(settings.keys_file or Path())
        lines.append(f"GONGZHI_KEYS={','.join(ring.split())}")
    if settings.keys_command:  # a vault has its own backup, and what is in it is to stay there
        lines.append("# the key ring is where GONGZHI_KEYS_COMMAND has it from")
    write_private(file, "\n".join(lines) + "\n")
