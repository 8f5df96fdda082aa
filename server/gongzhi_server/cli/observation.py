"""Observation: commands that tell how a running deployment does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage import embedded_postgres

from .terminal import read_settings

At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="ADDRESS", help="Where a process answers machines; else GONGZHI_MANAGEMENT."),
]


def process_addresses(settings: Settings, given: list[str] | None) -> list[str]:
    """Return where processes answer machines. Raises Problem if nobody says where."""
    if given:
        return given
    if settings.management is None:
        raise Problem("set GONGZHI_MANAGEMENT as for the server, or name processes: --at 127.0.0.1:9100")
    host, port = settings.management
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]


def top(at: At = None) -> None:
    """Print which operations take the time, of one process or several (耗时最多的操作)."""
    from gongzhi_server.management.top import format_top, read_metrics, sum_operations

    addresses = process_addresses(read_settings(), at)
    print(*format_top(sum_operations(map(read_metrics, addresses))), sep="\n")


def support(
    file: Annotated[Path, typer.Argument(help="The bundle to write, support.tar.gz.")],
    log: Annotated[Path | None, typer.Option(exists=True, help="A log in JSON whose last lines go along.")] = None,
    at: At = None,
) -> None:
    """Write a bundle for whoever helps, without secrets and personal data (支持包)."""
    from gongzhi_server.deployment.support import write_bundle
    from gongzhi_server.plugins import loader

    chosen = read_settings()
    addresses = at or (process_addresses(chosen, None) if chosen.management else [])
    with embedded_postgres.run_cluster(chosen) as dsn:
        names = asyncio.run(write_bundle(file, chosen, dsn, loader.load_plugins(), addresses, log))
    print(f"{file}: {', '.join(names)}")
