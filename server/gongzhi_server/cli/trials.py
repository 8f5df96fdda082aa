"""Trials: what a backup is restored into a scratch database for: to prove that it can be, and to try an upgrade."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gongzhi_server.clock import clock
from gongzhi_server.settings import Settings
from gongzhi_server.storage import embedded_postgres

from .plugin_commands import run_errand

if TYPE_CHECKING:
    from gongzhi_server.deployment.backup_folder import Manifest
    from gongzhi_server.plugins.contributions import Plugins

VERIFY = "verify"
"""The errands by which plugins say whether their ledgers hold."""


def prove(folder: Path, chosen: Settings) -> bool:
    """Restore a backup into a scratch database, print what holds and what does not; return whether all holds."""
    from gongzhi_server.deployment import proof
    from gongzhi_server.deployment.backup_folder import read_manifest
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage.key_ring import load_key_ring

    began, installed, manifest = time.monotonic(), loader.load_plugins(), read_manifest(folder)
    with restore_scratch(folder, manifest, chosen) as (dsn, scratch):
        ring, holdings = load_key_ring(chosen), installed.registers.holdings
        findings, newest = asyncio.run(proof.prove_backup(folder, manifest, dsn, ring, holdings))
        findings += verify_ledgers(scratch, dsn, installed)
    well = print_findings(findings)
    age = f"{clock() - newest}".partition(".")[0] if newest else "unknown"
    print(f"Age of the newest act in it, and so of what would be lost (RPO): {age}")
    print(f"Restored and proved in {time.monotonic() - began:.0f} s")
    return well


def rehearse(folder: Path, chosen: Settings) -> bool:
    """Try an upgrade on a backup, print what holds and what does not; return whether all holds."""
    from gongzhi_server.deployment import proof, rehearsal
    from gongzhi_server.deployment.backup_folder import DOCUMENTS, read_manifest
    from gongzhi_server.gateway.trusted_documents import load_documents
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage.key_ring import load_key_ring

    began, installed, manifest = time.monotonic(), loader.load_plugins(), read_manifest(folder)
    with restore_scratch(folder, manifest, chosen) as (dsn, scratch):
        findings = asyncio.run(rehearsal.migrate_copy(dsn, installed))
        # Whatever else could be asked would only fail at what is missing.
        if all(well for well, _ in findings):
            ring, holdings = load_key_ring(chosen), installed.registers.holdings
            findings += asyncio.run(proof.prove_contents(folder, manifest, dsn, ring, holdings))
            findings += verify_ledgers(scratch, dsn, installed)
            findings += asyncio.run(rehearsal.try_documents(dsn, installed, load_documents(folder / DOCUMENTS)))
    well = print_findings(findings)
    versions = f"From {manifest.version} to {version('gongzhi-server')}"
    print(f"{versions}: rehearsed in {time.monotonic() - began:.0f} s, and nothing was changed here")
    return well


@contextmanager
def restore_scratch(folder: Path, manifest: Manifest, chosen: Settings) -> Iterator[tuple[str, Settings]]:
    """Restore a backup into a database that is gone after the block; yield its address and settings for it."""
    from gongzhi_server.deployment.backup_folder import FILES
    from gongzhi_server.deployment.restore import check_secrets, load_dump

    check_secrets(manifest, chosen)
    # A PostgreSQL of its own: the server's role may make no database, and its machine has other things to do.
    with TemporaryDirectory() as data, embedded_postgres.throwaway_cluster(Path(data), memory=False) as dsn:
        asyncio.run(load_dump(folder, dsn))
        files = str(folder.resolve() / FILES)
        yield dsn, replace(chosen, database=dsn, data=Path(data), files=files, documents=None)


def print_findings(findings: Iterable[tuple[bool, str]]) -> bool:
    """Print what holds and what does not; return whether all holds."""
    found = list(findings)
    for well, said in found:
        print("✓" if well else "✗", said)
    return all(well for well, _ in found)


def verify_ledgers(scratch: Settings, dsn: str, installed: Plugins) -> list[tuple[bool, str]]:
    """Have the plugins say whether their ledgers hold; each prints what it finds."""
    return [
        (not asyncio.run(run_errand(scratch, dsn, plugin, errand, {}, installed=installed)), f"gongzhi {plugin} verify")
        for plugin, errands in installed.errands.items()
        for errand in errands
        if errand.name == VERIFY and not errand.group
    ]
