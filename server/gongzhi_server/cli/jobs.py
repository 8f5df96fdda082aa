"""Jobs: commands for what the server does by itself: jobs, events over NATS, retention."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from gongzhi_server.clock import clock
from gongzhi_server.storage import embedded_postgres

from .terminal import read_settings

jobs = typer.Typer(help="Work in the background (后台任务): what waits, and what was given up.", no_args_is_help=True)
retention = typer.Typer(help="How long data are kept (保存期限).", no_args_is_help=True)


@jobs.command("list")
def waiting(
    everything: Annotated[bool, typer.Option("--all", help="What is done, too (含已完成).")] = False,
) -> None:
    """List the jobs that wait or were given up, and the handlers that are behind (任务列表)."""
    from gongzhi_server.jobs import failed_jobs

    with embedded_postgres.run_cluster(read_settings()) as dsn:
        found = asyncio.run(failed_jobs.list_jobs(dsn, everything))
        late = asyncio.run(failed_jobs.list_handlers_behind(dsn))
    for one in found:
        print(f"{one['id']}  {one['state']:7}  {one['name']}  due {one['due_at']:%Y-%m-%d %H:%M:%S}Z  "
              f"attempts {one['attempts']}  {one['error'] or ''}".rstrip())  # fmt: skip
    for one in late:
        print(f"{one['name']} is behind; events: {one['events']}")
    if not (found or late):
        print("Nothing waits, and nothing was given up.")


@jobs.command("redrive")
def redrive(
    job: Annotated[UUID | None, typer.Argument(help="The job's id; all that were given up, if none is named.")] = None,
) -> None:
    """Have what was given up tried again (重试任务)."""
    from gongzhi_server.jobs import failed_jobs

    with embedded_postgres.run_cluster(read_settings()) as dsn:
        count = asyncio.run(failed_jobs.redrive_jobs(dsn, clock(), job))
    print(f"{count} to be tried again.")


@retention.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be anonymised (试运行).")] = False,
) -> None:
    """Anonymise what is past its time, table by table (清理期满数据)."""
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage.retention import run_retention

    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        counts = asyncio.run(run_retention(dsn, loader.load_plugins().registers.holdings, clock(), dry_run=dry_run))
    for table, count in counts.items():
        print(f"{table}: {count:,}")
    print("Nothing was changed (试运行)." if dry_run else f"{sum(counts.values()):,} rows anonymised (已匿名化).")
