"""Keys: commands for the keys of protected values, and for the chain over looks and mutations."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gongzhi_server.clock import clock
from gongzhi_server.storage import embedded_postgres

from .terminal import exit_with_error, progress_bars, read_settings

keys = typer.Typer(help="The keys of protected values (密钥).", no_args_is_help=True)
audit = typer.Typer(help="The chain over looks and mutations (审计).", no_args_is_help=True)


@keys.command()
def status() -> None:
    """Count what is under which key (密钥状态)."""
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage import fingerprints, key_ring

    chosen, holdings = read_settings(), loader.load_plugins().registers.holdings
    with embedded_postgres.run_cluster(chosen) as dsn:
        ring = asyncio.run(fingerprints.confirm_secrets(dsn, chosen))
        found = asyncio.run(key_ring.count_keys(dsn, ring, holdings))
    for name, people in found.people.items():
        print(
            f"{name}{' (current)' if name == found.current else ''}: {people:,} people, "
            f"{found.others[name]:,} files, matters, numbers and endpoints"
        )
    # The status is also the exit code, so that a script knows when the earlier keys can be dropped.
    raise typer.Exit(code=0 if found.done else 1)


@keys.command()
def rotate() -> None:
    """Put every protected value under the current key; goes on where it was left (轮换密钥)."""
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage import fingerprints, key_ring

    chosen, holdings = read_settings(), loader.load_plugins().registers.holdings
    with embedded_postgres.run_cluster(chosen) as dsn, progress_bars() as report:
        ring = asyncio.run(fingerprints.confirm_secrets(dsn, chosen))
        moved = asyncio.run(key_ring.rotate_keys(dsn, ring, holdings, report))
    print(f"{moved:,} people moved; earlier keys can be dropped once gongzhi keys status says so.")


@keys.command()
def accept() -> None:
    """Take the secret and the keys as they are now for this database's (认可密钥), after they had to be replaced."""
    from gongzhi_server.storage import fingerprints

    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        accepted = asyncio.run(fingerprints.accept_secrets(dsn, chosen))
    print(*accepted or ["Nothing is another one than before."], sep="\n")


@audit.command()
def verify(
    anchors: Annotated[
        list[Path] | None, typer.Option("--anchor", exists=True, dir_okay=False, help="Files of gongzhi audit anchor.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Follow the whole chain, not from the last anchor on (全部).")
    ] = False,
) -> None:
    """Prove that nothing was changed, removed or put in another order (核验)."""
    from gongzhi_server.deployment import audit_verify
    from gongzhi_server.files.vault import Vault

    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        store = Vault.open_at(chosen.store).store
        found = asyncio.run(audit_verify.verify_anchors(dsn, anchors or (), resume=not everything, store=store))
    if found.begun:
        print(f"from the anchor of link {found.begun:,} on; --all follows the whole chain")
    print(f"{found.links:,} links, {found.looks:,} looks, {found.acts:,} mutations; {found.loose:,} not chained yet")
    if found.wrong:
        exit_with_error(found.wrong)


@audit.command("anchor")
def anchor(
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Add it to this file; else print it.")] = None,
) -> None:
    """Tell the chain's end, to be kept outside of this machine (锚定)."""
    from gongzhi_server.deployment import audit_verify

    with embedded_postgres.run_cluster(read_settings()) as dsn:
        line = asyncio.run(audit_verify.anchor_line(dsn, clock()))
    if to is None:
        print(line)
    else:
        # Appended, so that one file holds all anchors that were ever taken.
        with to.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


@audit.command("archive")
def archive(
    months: Annotated[
        int, typer.Option(help="Months after which looks and mutations are archived, 6 at least (月数).")
    ] = 36,
) -> None:
    """Move old months of looks and mutations out of the database, into files beside the attachments (归档)."""
    from gongzhi_server.deployment import audit_verify
    from gongzhi_server.files.vault import Vault

    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        store = Vault.open_at(chosen.store).store
        done = asyncio.run(audit_verify.archive_months(dsn, store, clock(), months))
    print(*done or ["Nothing is that old."], sep="\n")
