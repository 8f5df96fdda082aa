"""Contents: commands for what is in the database: the demo county, and imports from files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from gongzhi_server.clock import CHINA, clock
from gongzhi_server.settings import Settings
from gongzhi_server.storage import embedded_postgres

from .terminal import error_console, progress_bars, read_settings, terminal_language

if TYPE_CHECKING:
    from gongzhi_server.imports import Report
    from gongzhi_server.plugins.contributions import Plugins

PEOPLE = 126_000
SEED = 610921


DIVISIONS, RESIDENTS = "divisions", "residents"


def demo(
    people: Annotated[int, typer.Option(min=100, help="How many people (人口).")] = PEOPLE,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day it is in the demo; the real one if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same county (随机种子).")] = SEED,
) -> None:
    """Load the demo county, its people invented (演示县)."""
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage import database

    installed = loader.load_plugins()
    with embedded_postgres.run_cluster(read_settings()) as dsn:
        asyncio.run(database.migrate_apps(dsn, installed.apps))
        load_demo_county(dsn, installed, people, today, seed)


def load(
    kind: Annotated[
        str, typer.Argument(help="What rows are: divisions (区划), residents (人员与家庭户), or inputs of a mutation.")
    ],
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, help="CSV or XLSX; for divisions also a folder, or several.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would happen (试运行).")] = False,
    update: Annotated[bool, typer.Option("--update", help="Update residents who are known already (更新).")] = False,
    undo: Annotated[UUID | None, typer.Option(metavar="BATCH", help="Take back an import of residents (撤销).")] = None,
    account: Annotated[
        str | None, typer.Option("--as", metavar="ACCOUNT", help="The account that mutations are of (账户).")
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="What holds for each row (各行相同的值).")
    ] = None,
    codes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where codes go that are shown once, such as invitations.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write all findings as a table in Chinese (报告).")
    ] = None,
) -> None:
    """Import from files, or undo an import (导入)."""
    # Typer cannot say that one of two is needed, so it is checked here.
    if bool(files) == bool(undo) or (undo and kind != RESIDENTS):
        raise typer.BadParameter("name what to import, or a batch of residents with --undo", param_hint="FILES")
    if (kind not in (DIVISIONS, RESIDENTS)) != bool(account):
        raise typer.BadParameter("mutations are of an account, and nothing else is", param_hint="--as")
    if codes and len(files or []) > 1:
        raise typer.BadParameter("codes are written for one file at a time", param_hint="--codes")
    from .row_imports import import_rows

    chosen, read = read_settings(), files or []
    with embedded_postgres.run_cluster(chosen) as dsn:
        if undo:
            undo_import(dsn, undo)
        elif kind == DIVISIONS:
            tell_outcome([import_divisions(dsn, read, dry_run)], into)
        elif kind == RESIDENTS:
            tell_outcome([import_residents(chosen, dsn, file, dry_run, update) for file in read], into)
        else:
            values = dict(one.partition("=")[::2] for one in given or ())
            with progress_bars() as report:
                rows = import_rows(chosen, dsn, kind, read, account or "", values, codes, dry_run, report)
                reports = asyncio.run(rows)
            tell_outcome(reports, into)


def tell_outcome(reports: list[Report], into: Path | None) -> None:
    """Print what came of an import, and end with 1 if a row was left out."""
    from gongzhi_server.imports import CAP, write_findings

    for report in reports:
        print(replace(report, problems=report.problems[:CAP]).as_text(terminal_language()))
    if into:
        write_findings(into, reports)
    raise typer.Exit(code=1 if any(report.skipped for report in reports) else 0)


def load_demo_county(
    dsn: str, installed: Plugins, people: int = PEOPLE, today: datetime | None = None, seed: int = SEED
) -> None:
    """Load the demo county, showing how far it is."""
    from gongzhi_server import demo
    from gongzhi_server.clock import today as day
    from gongzhi_server.deployment import plugin_activation
    from gongzhi_server.storage.fingerprints import confirm_secrets

    keys = asyncio.run(confirm_secrets(dsn, read_settings()))
    begun = today.date() if today else day()
    with progress_bars() as report:
        loading = demo.load_county(
            dsn, people=people, today=begun, seed=seed, keys=keys, apps=installed.apps, progress=report
        )
        found = asyncio.run(loading)
    error_console().print(
        f"Hanyin (汉阴县): {found.grids:,} grids, {found.people:,} people, {found.cases:,} cases, "
        f"all invented, in {found.seconds:.0f} s"
    )
    asyncio.run(plugin_activation.switch_plugins(dsn, installed.switchable, clock(), undecided=True))
    load_plugin_demos(dsn, installed, (lambda: today.astimezone(CHINA)) if today else clock)


def load_plugin_demos(dsn: str, installed: Plugins, now: Callable[[], datetime]) -> None:
    """Let the plugins add what is theirs to the demo county, each after those it requires."""
    from . import plugin_commands

    for plugin in installed.found:
        for errand in installed.errands.get(plugin.name, ()):
            if errand.name == "demo":
                asyncio.run(plugin_commands.run_errand(read_settings(), dsn, plugin.name, errand, {}, now, installed))


def load_demo_once(dsn: str, installed: Plugins) -> None:
    """Load the demo county into a database that has nothing in it yet."""
    from gongzhi_server import demo

    if not asyncio.run(demo.is_loaded(dsn)):
        load_demo_county(dsn, installed)


def import_divisions(dsn: str, files: list[Path], dry_run: bool) -> Report:
    """Import divisions."""
    from gongzhi_server import imports

    with progress_bars() as report:
        source = files[0] if len(files) == 1 else files
        return asyncio.run(imports.import_divisions(dsn, source, report, dry_run=dry_run, most=imports.ALL))


def import_residents(chosen: Settings, dsn: str, file: Path, dry_run: bool, update: bool) -> Report:
    """Import people and households."""
    from gongzhi_server import imports
    from gongzhi_server.storage.fingerprints import confirm_secrets

    now, keys = clock(), asyncio.run(confirm_secrets(dsn, chosen))
    with progress_bars() as report:
        outcome = imports.import_residents(
            dsn,
            file,
            keys=keys,
            account="console",
            today=now.astimezone(CHINA).date(),
            now=now,
            dry_run=dry_run,
            on_duplicate="update" if update else "skip",
            progress=report,
            most=imports.ALL,
        )
        return asyncio.run(outcome)


def undo_import(dsn: str, batch: UUID) -> None:
    """Undo an import and print what that took away."""
    from gongzhi_server import imports

    undone = asyncio.run(imports.undo_batch(dsn, batch, clock()))
    print(f"{undone.people} people and {undone.households} households taken back (已撤销).")
