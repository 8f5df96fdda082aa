"""Backups: commands that take a backup, put it back, and prove that it can be."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gongzhi_server.clock import clock
from gongzhi_server.storage import embedded_postgres

from .terminal import exit_with_error, progress_bars, read_settings
from .trials import prove

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A folder that gongzhi backup has written.")]


def backup(
    folder: Annotated[Path, typer.Argument(help="The folder to write, which is not there yet (备份目录).")],
    earlier: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="An earlier backup on the same disk; its files are linked."),
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the secret and the keys, in clear, here; else they are left out."),
    ] = None,
) -> None:
    """Back up the database and the files it names, as of one moment (备份)."""
    from gongzhi_server.deployment.backup import write_backup, write_secrets
    from gongzhi_server.plugins import loader

    chosen = read_settings()
    if secrets and folder.resolve() in secrets.resolve().parents:
        raise typer.BadParameter("keep the secrets elsewhere than the backup", param_hint="--secrets")
    with embedded_postgres.run_cluster(chosen) as dsn, progress_bars() as report:
        taken = asyncio.run(write_backup(folder, chosen, dsn, loader.load_plugins(), clock(), earlier, report))
    if secrets:
        write_secrets(secrets, chosen)
    manifest, digest = taken
    print(f"{folder}: {sum(manifest.tables.values()):,} rows, {manifest.files:,} files")
    print(f"Keep this elsewhere: the SHA-256 of its SHA256SUMS is {digest}")
    if missing := manifest.missing:
        exit_with_error(f"the store has lost {len(missing):,} files of cases, which manifest.json names")


def restore(
    folder: Folder,
    proof: Annotated[
        bool, typer.Option("--prove", help="Only try it, in a scratch database, and say what came of it (验证).")
    ] = False,
) -> None:
    """Put a backup into an empty database and store, or prove that it can be (恢复)."""
    chosen = read_settings()
    if proof:
        raise typer.Exit(code=0 if prove(folder, chosen) else 1)
    from gongzhi_server.deployment.restore import restore_backup

    from .server import doctor

    with embedded_postgres.run_cluster(chosen) as dsn, progress_bars() as report:
        manifest = asyncio.run(restore_backup(folder, chosen, dsn, clock(), report))
    print(f"Restored as of {manifest.taken_at.isoformat(timespec='seconds')}; the doctor says:")
    doctor()
