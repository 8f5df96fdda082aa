"""Restore: puts a backup into an empty database and an empty store, and begins a new epoch of cursors."""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from obstore.store import ObjectStore

from gongzhi_server.errors import Problem
from gongzhi_server.events.cursors import OPEN_EPOCH
from gongzhi_server.files.vault import Vault
from gongzhi_server.settings import Settings
from gongzhi_server.storage import audit, database
from gongzhi_server.storage.fingerprints import take_fingerprints
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.storage.postgres_programs import run_program

from .backup import TABLES
from .backup_folder import DOCUMENTS, DUMP, FILES, Manifest, check_unchanged, read_manifest

Report = Callable[[str, int, int], None]


async def restore_backup(
    folder: Path, settings: Settings, dsn: str, now: datetime, report: Report = lambda *_: None
) -> Manifest:
    """Restore a backup; return its manifest. Raises Problem before anything is written where it does not fit."""
    manifest = read_manifest(folder)
    check_secrets(manifest, settings)
    check_unchanged(folder)
    store = Vault.open_at(settings.store).store
    await check_empty(dsn, settings, store)
    # The files first: a database that names them is there only once they are.
    await restore_files(folder, store, report)
    if (folder / DOCUMENTS).exists():
        shutil.copyfile(folder / DOCUMENTS, settings.manifest)
    report("Database (数据库)", 0, 1)
    await load_dump(folder, dsn)
    async with database.connect_database(dsn) as connection:
        # Now, not when a server starts: whoever looks at the database before sees that it is another one.
        await connection.fetchval(OPEN_EPOCH)
        await audit.record_act(connection, "restoreBackup", [f"Backup:{manifest.taken_at.isoformat()}"], now)
    report("Database (数据库)", 1, 1)
    return manifest


async def load_dump(folder: Path, dsn: str) -> None:
    """Load a backup's dump into an empty database, whole or not at all."""
    # Roles are the cluster's, and may be called otherwise here: whoever restores owns all of it.
    await run_program(
        "pg_restore", dsn, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", folder / DUMP
    )


def find_other_secrets(known: Mapping[str, str], settings: Settings) -> list[str]:
    """Name the secrets of a backup that are missing here, or are others."""
    taken = {name: digest.hex() for name, digest in take_fingerprints(settings, load_key_ring(settings)).items()}
    return [name for name, digest in known.items() if not hmac.compare_digest(taken.get(name, ""), digest)]


def check_secrets(manifest: Manifest, settings: Settings) -> None:
    """Refuse a backup whose protected values could not be read. Raises Problem."""
    if others := find_other_secrets(manifest.fingerprints, settings):
        raise Problem(
            f"{', '.join(others)}: missing here, or another one than the backup was taken with; set those that were "
            "kept apart from it (in the environment, or the secret in a file of that name in GONGZHI_DATA)"
        )


async def check_empty(dsn: str, settings: Settings, store: ObjectStore) -> None:
    """Refuse to restore over anything. Raises Problem."""
    async with database.connect_database(dsn) as connection:
        if found := await connection.fetch(TABLES):
            raise Problem(f"the database has tables already ({found[0][0]}, …): name an empty one, or create another")
    if any([page async for page in store.list(chunk_size=1) if page]):
        raise Problem("the store of files is not empty: name another one in GONGZHI_FILES, or move what is there away")
    if settings.manifest.exists():
        raise Problem(f"{settings.manifest} is there already: move it away")


async def restore_files(folder: Path, store: ObjectStore, report: Report) -> None:
    """Put the files of a backup into the store, sealed as they are."""
    found = [path for path in sorted((folder / FILES).rglob("*")) if path.is_file()]
    for done, path in enumerate(found, 1):
        await store.put_async(path.relative_to(folder / FILES).as_posix(), path)
        report("Files (附件)", done, len(found))
