"""Doctor: looks a deployment over, to say now what would hurt later."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import asyncpg
from gongzhi.declare.register_entries import Check
from gongzhi.values.errors import Text

from gongzhi_server.plugins.loader import Plugins
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.key_ring import read_ring
from gongzhi_server.weak_secrets import counts_up, find_key_weakness, find_weakness, is_repetition

Finding = tuple[bool, str]


CHECKS = (
    Check(
        "ctype",
        "select (lower('É') <> 'é')::int",
        Text("the database's ctype knows letters beyond ASCII", "数据库字符集支持非 ASCII 字母"),
        Text(
            "the database's ctype is C: create it with C.UTF-8, or search ignores case for ASCII only",
            "数据库字符集为 C：请以 C.UTF-8 创建，否则查找只对 ASCII 忽略大小写",
        ),
    ),
    Check(
        "role",
        "select count(*) from pg_namespace where nspname = current_user and nspname <> 'public'",
        Text("the database role is not called like a schema", "数据库角色与模式不同名"),
        Text("the database role is called like one of our schemas: use another name", "数据库角色与模式同名：请改名"),
    ),
)


ORDINARY = Check(
    "superuser",
    "select count(*) from pg_roles where rolname = current_user and (rolsuper or rolbypassrls or rolreplication)",
    Text("the database role is an ordinary one", "数据库角色为普通角色"),
    Text(
        "the database role may do everything: give the database to an ordinary role (docs/operators.md#postgresql)",
        "数据库角色权限过大：请将数据库交给普通角色",
    ),
)
"""In production: whoever takes over the server then has its database, and not the machine under it."""
SHORT = 16
"""Letters of a password that a machine remembers."""


async def examine_deployment(settings: Settings, dsn: str, plugins: Plugins) -> Sequence[Finding]:
    """Return each finding: whether it is well, and what it is about."""
    async with database.connect_database(dsn) as connection:
        found = await connection.fetch("select nspname from pg_namespace")
        # Without the tables the other checks would fail on their own SQL.
        absent = sorted({app.label for app in plugins.apps} - {name for (name,) in found})
        if absent:
            return [(False, f"tables are missing ({', '.join(absent)}): run gongzhi migrate")]
        checks = CHECKS if settings.development else (*CHECKS, ORDINARY)
        found = [await _asked(connection, check) for check in (*checks, *plugins.registers.checks)]
        return [*_mode(settings), *_secrets(settings), *found]


def _mode(settings: Settings) -> Sequence[Finding]:
    """Check that a server in development is not reachable by others."""
    if settings.development and settings.open:
        return [
            (
                False,
                f"mode: development on {settings.host}, which others can reach: set GONGZHI_MODE=production, or "
                "HOST=127.0.0.1 (开发模式不应对外开放)",
            )
        ]
    if settings.development:
        return [(True, "mode: development; gongzhi token gives everything to everybody on this machine")]
    return [(True, "mode: production")]


def _secrets(settings: Settings) -> Sequence[Finding]:
    """Check secrets that somebody made up. In production the server does not start with the first two."""
    # On one's own machine a made-up secret does no harm.
    if settings.development and not settings.open:
        return []
    ring, password = read_ring(settings), urlsplit(settings.database or "").password
    weak = [f"GONGZHI_SECRET {weakness}"] if (weakness := find_weakness(settings.secret)) else []
    weak += [
        f"key {name} of the ring {said}: put another first and run gongzhi keys rotate"
        for name, said in (ring.weaknesses(find_key_weakness) if ring else {}).items()
    ]
    if password is not None and (len(password) < SHORT or is_repetition(password) or counts_up(password)):
        weak.append(f"the database's password is short or repeats itself: give it {SHORT} random letters")
    return [(False, one) for one in weak] or [(True, "secrets: nothing is known against them")]


async def _asked(connection: asyncpg.Connection, check: Check) -> Finding:
    """Run a check; its statement counts what is wrong."""
    count = await connection.fetchval(check.sql)
    return count == 0, check.say(count).en
