"""Accounts: commands for who may sign in, and what they may."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from gongzhi_server.storage import embedded_postgres

from .terminal import read_settings, terminal_language

group = typer.Typer(help="Accounts (账户): who may sign in, and what they may.", no_args_is_help=True)


NAME = Annotated[str, typer.Argument(help="The account's name (账户名).")]
GRID = Annotated[str | None, typer.Option(metavar="CODE", help="A grid (网格).")]


class AccountOwner(StrEnum):
    """Kinds of accounts: of a person or of a machine."""

    PERSON = "person"
    MACHINE = "machine"


@group.command("add")
def open_account(
    name: NAME,
    kind: Annotated[
        AccountOwner, typer.Option(help="A person signs in, a machine has keys (类型).")
    ] = AccountOwner.PERSON,
    grid: GRID = None,
    role: Annotated[str | None, typer.Option(help="A role to give it there (角色), such as administrator.")] = None,
) -> None:
    """Add an account and print the code to set its password with (新增账户)."""
    with open_console() as opened:
        code = opened.add(name, kind.value, grid, role)
    print(code or "The account is there; make it a key with createApiKey.")


@group.command("password")
def set_password(name: NAME) -> None:
    """Set an account's password, asked for or read from standard input; its sessions end (设置密码)."""
    asked = sys.stdin.isatty()
    text = typer.prompt("Password (密码)", hide_input=True, confirmation_prompt=True) if asked else sys.stdin.readline()
    with open_console() as opened:
        opened.password(name, text.rstrip("\n"))


@group.command("grant")
def give(
    name: NAME,
    role: Annotated[str, typer.Argument(help="The role (角色), such as county_dispatcher.")],
    grid: GRID = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="A unit (单位).")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day (截止日期).")] = None,
) -> None:
    """Give an account a role, in a grid, for a unit, or everywhere (授予角色)."""
    with open_console() as opened:
        opened.grant(name, role, grid, unit, until)


@group.command("suspend")
def suspend(
    name: NAME, restore: Annotated[bool, typer.Option("--restore", help="Let it sign in again (恢复).")] = False
) -> None:
    """Suspend an account at once, or restore it (停用账户)."""
    with open_console() as opened:
        opened.suspend(name, not restore)


@group.command("link")
def link(
    name: NAME,
    issuer: Annotated[str, typer.Argument(help="The identity provider, as in `iss` (签发方).")],
    subject: Annotated[str, typer.Argument(help="The account there, as in `sub` (主体).")],
) -> None:
    """Let an account sign in by an identity provider (关联外部身份)."""
    with open_console() as opened:
        opened.link(name, issuer, subject)


@group.command("remove-second-factor")
def remove_second_factor(name: NAME) -> None:
    """Take the second factor of an account away, for an owner who has lost it; they are told (解除动态验证码)."""
    with open_console() as opened:
        opened.remove_factor(name)


@group.command("list")
def list_accounts() -> None:
    """List the accounts with the roles they hold now (账户列表)."""
    with open_console() as opened:
        print(*opened.lines(), sep="\n")


@contextmanager
def open_console() -> Iterator[Any]:
    """Yield the accounts as whoever runs the deployment administers them."""
    from gongzhi_server.plugins import loader

    from .account_administration import Console

    chosen = read_settings()
    with embedded_postgres.run_cluster(chosen) as dsn:
        yield Console(chosen, dsn, loader.load_plugins(), terminal_language())
