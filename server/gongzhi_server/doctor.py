"""Looks a deployment over: what would hurt later, said now."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from gongzhi import findings
from gongzhi.errors import Text
from gongzhi.findings import Check
from gongzhi.rooms import APPS

from . import database
from .settings import Settings

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


async def examine(settings: Settings, dsn: str) -> Sequence[Finding]:
    """Each finding: whether it is well, and what it is about."""
    async with database.connection(dsn) as connection:
        found = await connection.fetch("select nspname from pg_namespace")
        absent = sorted({app.label for app in APPS} - {name for (name,) in found})
        if absent:
            return [(False, f"tables are missing ({', '.join(absent)}): run gongzhi migrate")]
        return [*_mode(settings), *[await _asked(connection, check) for check in (*CHECKS, *findings.CHECKS)]]


def _mode(settings: Settings) -> Sequence[Finding]:
    if settings.development:
        return [(True, "mode: development; gongzhi token gives everything to everybody on this machine")]
    return [(True, "mode: production")]


async def _asked(connection: asyncpg.Connection, check: Check) -> Finding:
    count = await connection.fetchval(check.sql)
    return count == 0, check.say(count).en
