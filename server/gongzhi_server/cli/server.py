"""Server: commands for serving, the tables, and looking after both."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gongzhi_server.errors import Problem
from gongzhi_server.startup import fast_startup
from gongzhi_server.storage import embedded_postgres

from .contents import load_demo_once
from .terminal import read_settings
from .trials import rehearse


class Role(StrEnum):
    """Roles of a process."""

    ALL = "all"
    WEB = "web"
    WORK = "work"


def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo county (演示县) first if there is none.")] = False,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PLUGIN", help="Start without this plugin (插件); its tables stay.")
    ] = None,
    only_core: Annotated[
        bool, typer.Option("--only-core", help="Start without any plugin (仅核心); their tables stay.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port (进程数).")] = 1,
    role: Annotated[
        Role | None,
        typer.Option(help="What they do (角色): answer, work in the background, or both; else GONGZHI_ROLE."),
    ] = None,
) -> None:
    """Serve GraphQL over HTTP (启动服务)."""
    with fast_startup():
        from gongzhi_server import serve

    chosen = read_settings()
    if role:
        chosen = replace(chosen, role=role.value)
    serve.serve_forever(chosen, load_demo_once if demo else None, without or (), only_core=only_core, workers=workers)


def migrate(
    plan: Annotated[bool, typer.Option("--plan", help="Print what is missing (待迁移), and change nothing.")] = False,
    backup: Annotated[
        Path | None,
        typer.Option(
            "--rehearse",
            exists=True,
            file_okay=False,
            metavar="BACKUP",
            help="Only try it on a backup, in a scratch database, and say what came of it (预演).",
        ),
    ] = None,
) -> None:
    """Bring the database's tables up to date (迁移)."""
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage import database

    chosen = read_settings()
    if backup:
        raise typer.Exit(code=0 if rehearse(backup, chosen) else 1)
    with embedded_postgres.run_cluster(chosen) as dsn:
        apps = loader.load_plugins().apps
        if plan:
            print(*asyncio.run(database.plan_migrations(dsn, apps)) or ["Nothing is missing."], sep="\n")
        else:
            asyncio.run(database.migrate_apps(dsn, apps))


def makemigrations(
    name: Annotated[str, typer.Argument(help="Whose models changed: a package of the core, or a plugin.")],
) -> None:
    """Write the migrations a package of the core or a plugin lacks (生成迁移)."""
    from gongzhi_server.plugins import loader
    from gongzhi_server.storage import database

    with embedded_postgres.run_cluster(read_settings()) as dsn:
        written = asyncio.run(database.write_migrations(dsn, name, loader.load_plugins().apps))
    print(*written or ["Nothing has changed."], sep="\n")


def token(
    role: Annotated[str, typer.Option(help="The role (角色) to act in.")] = "administrator",
    grid: Annotated[str | None, typer.Option(metavar="CODE", help="The grid (网格) to act in.")] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="The unit (单位) to act for.")] = None,
    person: Annotated[str | None, typer.Option(metavar="ID", help="The person (人员) one is, by id.")] = None,
) -> None:
    """Print a token for trying things out (令牌)."""
    chosen = read_settings()
    if not chosen.development:
        raise Problem("gongzhi token works in development only (GONGZHI_MODE); in production people sign in")
    from gongzhi_server.auth import development_tokens
    from gongzhi_server.plugins import loader

    with embedded_postgres.run_cluster(chosen) as dsn:
        print(
            asyncio.run(
                development_tokens.issue_token(
                    chosen, dsn, loader.load_plugins(), role=role, grid=grid, unit=unit, person=person
                )
            )
        )


def doctor() -> None:
    """Check settings and database (体检)."""
    from gongzhi_server.deployment import doctor
    from gongzhi_server.plugins import loader

    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        findings = asyncio.run(doctor.examine_deployment(chosen, dsn, loader.load_plugins()))
    for well, finding in findings:
        print("✓" if well else "✗", finding)
    raise typer.Exit(code=0 if all(well for well, _ in findings) else 1)


def explain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A GraphQL document.")],
    operation: Annotated[str | None, typer.Option(help="Which of its operations, if there are several.")] = None,
    variables: Annotated[str, typer.Option(metavar="JSON", help="Its variables.")] = "{}",
    role: Annotated[str, typer.Option(help="The role (角色) it is asked in.")] = "administrator",
    grid: Annotated[str | None, typer.Option(metavar="CODE", help="The grid (网格) it is asked in.")] = None,
) -> None:
    """Print the one statement an operation becomes, and how PostgreSQL runs it (查询计划)."""
    from gongzhi_server.graphql import explain
    from gongzhi_server.plugins import loader

    chosen = read_settings()
    text = file.read_text(encoding="utf-8")
    with embedded_postgres.run_cluster(chosen) as dsn:
        asyncio.run(
            explain.print_explanation(dsn, loader.load_plugins(), text, operation, variables, role=role, grid=grid)
        )
