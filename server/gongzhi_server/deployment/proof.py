"""Proof: restores a backup into a scratch database that is dropped afterwards, and compares it with what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.core.attachments.links import FULL
from gongzhi.declare.register_entries import Holding
from gongzhi.runtime.sealing import KeyRing, SealError

from gongzhi_server.files.vault import Vault
from gongzhi_server.storage import audit, database
from gongzhi_server.storage.key_ring import open_sample

from .backup import count_tables
from .backup_folder import FILES, Manifest, find_changed, read_sums

Finding = tuple[bool, str]
NEWEST = """select greatest((select max(at) from access.act), (select max(at) from access.look),
(select max(at) from events.outbox))"""
SAMPLE = 50
FILE_SAMPLE = """select id, county, data_key from attachments.attachment
where data_key is not null and case_id is not null order by random() limit $1"""


async def prove_backup(
    folder: Path, manifest: Manifest, dsn: str, ring: KeyRing, holdings: Sequence[Holding]
) -> tuple[list[Finding], datetime | None]:
    """Compare a backup that was loaded into a scratch database with what it says of itself.

    Returns what holds and what does not, and when the last thing happened that it knows of.
    """
    async with database.connect_database(dsn) as connection:
        counted = await count_tables(connection)
        newest = await connection.fetchval(NEWEST)
    findings = [compare_files(folder, manifest), compare_counts(manifest.tables, counted)]
    return findings + await prove_contents(folder, manifest, dsn, ring, holdings), newest


async def prove_contents(
    folder: Path, manifest: Manifest, dsn: str, ring: KeyRing, holdings: Sequence[Holding]
) -> list[Finding]:
    """Follow the audit chain of a backup that was loaded, and open some of what is protected in it."""
    async with database.connect_database(dsn) as connection:
        return [
            await verify_audit(connection, manifest, Vault.open_at(folder / FILES)),
            await open_values(connection, ring, holdings),
            await open_files(connection, ring, Vault.open_at(folder / FILES)),
        ]


def compare_files(folder: Path, manifest: Manifest) -> Finding:
    """Compare all that is in the folder with the digests, and say which files were lost before."""
    if changed := list(find_changed(folder)):
        return False, f"the folder is not as it was written: {sum_up(changed)}"
    if missing := manifest.missing:
        return False, f"files that the store had lost already when the backup was taken: {sum_up(missing)}"
    return True, f"the folder: {len(read_sums(folder)):,} digests, {manifest.files:,} files among them"


def compare_counts(said: Mapping[str, int], found: Mapping[str, int]) -> Finding:
    """Compare the rows of each table with what the manifest says."""
    wrong = [
        f"{name} has {found.get(name, 0):,} rows, not {said.get(name, 0):,}"
        for name in sorted(said.keys() | found.keys())
        if said.get(name) != found.get(name)
    ]
    if wrong:
        return False, f"tables: {sum_up(wrong)}"
    return True, f"tables: {len(said):,}, {sum(said.values()):,} rows"


async def verify_audit(connection: asyncpg.Connection[Any], manifest: Manifest, vault: Vault) -> Finding:
    """Follow the audit chain, and compare it with the anchor that was taken just before the backup."""
    found = await audit.verify_chain(connection, [manifest.anchor], store=vault.store)
    if found.wrong:
        return False, f"the audit chain: {found.wrong}"
    return True, f"the audit chain: {found.links:,} links, {found.looks:,} looks, {found.acts:,} mutations"


async def open_values(connection: asyncpg.Connection[Any], ring: KeyRing, holdings: Sequence[Holding]) -> Finding:
    """Open some of the protected values with the key ring."""
    try:
        return True, f"the key ring: {await open_sample(connection, ring, holdings, SAMPLE):,} values opened"
    except SealError as error:
        return False, f"protected values cannot be opened: {error}"


async def open_files(connection: asyncpg.Connection[Any], ring: KeyRing, vault: Vault) -> Finding:
    """Open some of the files with the key ring."""
    rows = await connection.fetch(FILE_SAMPLE, SAMPLE)
    for id, county, key in rows:
        try:
            await read_file(vault, id, ring.unwrap(county, key))
        except (SealError, FileNotFoundError) as error:
            return False, f"the file of attachment {id} cannot be opened: {type(error).__name__}"
    return True, f"the key ring: {len(rows):,} files opened"


async def read_file(vault: Vault, id: UUID, key: bytes) -> None:
    """Read a file to its end, which checks each piece."""
    async for _ in await vault.get(id, FULL, key):
        pass


def sum_up(found: Sequence[str]) -> str:
    """Write the first of what was found, and how many more there are."""
    return found[0] if len(found) == 1 else f"{found[0]}, and {len(found) - 1:,} more"
