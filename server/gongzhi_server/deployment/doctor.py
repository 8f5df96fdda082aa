"""Doctor: looks a deployment over, to say now what would hurt later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

import asyncpg
from gongzhi.declare.register_entries import Check
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values.errors import Text

from gongzhi_server.clock import clock
from gongzhi_server.plugins.choices import find_unreadable_files, read_choices
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.replicas.replica import examine_replicas
from gongzhi_server.setting_values import find_unreadable
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.fingerprints import find_lost_keys, find_others, take_fingerprints
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.weak_secrets import counts_up, find_key_weakness, find_weakness, is_repetition

from .surroundings import examine_surroundings

Finding = tuple[bool, str]
LEFT = "select distinct name from events.job where state = 'WAITING' and name <> all($1) order by name"


CHECKS = (
    Check(
        "unnumbered",
        "select count(*) from events.outbox where position is null and at < now() - interval '1 minute'",
        Text("every event is told in its turn", "事件均已按序分发"),
        Text(
            "events of more than a minute ago that nobody has been told of: {0}; is a process running whose role is "
            "all or work?",
            "超过一分钟仍未分发的事件：{0} 条；角色为 all 或 work 的进程是否在运行？",
        ),
    ),
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


IN_OFFICE = "(a.suspended_at is null and h.proposed_at is null and (h.until is null or h.until > now()))"

PRODUCTION = (
    Check(
        "officer",
        "select (count(*) = 0)::int from accounts.holding h join accounts.account a on a.id = h.account_id "
        f"where h.role = 'data_protection_officer' and {IN_OFFICE}",
        Text("there is a data-protection officer", "有个人信息保护负责人"),
        Text(
            "nobody is data-protection officer, so nobody can stop a role: gongzhi account add … --role "
            "data_protection_officer",
            "没有个人信息保护负责人，无人可以叫停授权：请运行 gongzhi account add",
        ),
    ),
    Check(
        "confirmers",
        "select greatest(2 - count(distinct a.id), 0) from accounts.holding h join accounts.account a "
        "on a.id = h.account_id where h.role in ('county_dispatcher', 'data_protection_officer', 'administrator') "
        f"and {IN_OFFICE}",
        Text("two persons can confirm roles", "有两人可以复核授权"),
        Text(
            "persons who are missing to confirm roles that nobody gives alone: {0} (docs/operators.md#accounts-账户)",
            "缺少复核授权的人员：{0} 名",
        ),
    ),
    Check(
        "superuser",
        "select count(*) from pg_roles where rolname = current_user and (rolsuper or rolbypassrls or rolreplication)",
        Text("the database role is an ordinary one", "数据库角色为普通角色"),
        Text(
            "the database role may do everything: give the database to an ordinary role (docs/operators.md#postgresql)",
            "数据库角色权限过大：请将数据库交给普通角色",
        ),
    ),
)
"""In production. Whoever takes over the server has its database, and must not have the machine under it as well."""
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
        ring = load_key_ring(settings)
        checks = CHECKS if settings.development else (*CHECKS, *PRODUCTION)
        return [
            *_mode(settings),
            *_secrets(settings, ring),
            *await _fingerprints(connection, settings, ring),
            *_files(settings, plugins),
            *[said async for said in examine_surroundings(connection, settings, clock)],
            *await examine_replicas(connection, settings),
            *[await _run_check(connection, check) for check in (*checks, *plugins.registers.checks)],
            await _find_abandoned_work(connection, plugins),
        ]


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


def _secrets(settings: Settings, ring: KeyRing) -> Sequence[Finding]:
    """Check secrets that somebody made up. In production the server does not start with the first two."""
    # On one's own machine a made-up secret does no harm.
    if settings.development and not settings.open:
        return []
    password = urlsplit(settings.database or "").password
    weak = [f"GONGZHI_SECRET {weakness}"] if (weakness := find_weakness(settings.secret)) else []
    weak += [
        f"key {name} of the ring {said}: put another first and run gongzhi keys rotate"
        for name, said in ring.weaknesses(find_key_weakness).items()
    ]
    if password is not None and (len(password) < SHORT or is_repetition(password) or counts_up(password)):
        weak.append(f"the database's password is short or repeats itself: give it {SHORT} random letters")
    return [(False, one) for one in weak] or [(True, "secrets: nothing is known against them")]


async def _fingerprints(connection: asyncpg.Connection, settings: Settings, ring: KeyRing) -> Sequence[Finding]:
    """Check that secret and keys are those that the database has been used with, and that none is missing."""
    others = await find_others(connection, take_fingerprints(settings, ring))
    lost = [
        f"people's values are sealed under the key {name}, which the ring does not have: add it behind the current one"
        for name in await find_lost_keys(connection, ring)
    ]
    return [(False, one) for one in (*others, *lost)] or [(True, "secrets: the same as this database has known")]


def _files(settings: Settings, plugins: Plugins) -> Sequence[Finding]:
    """Check that the files that settings name can be read, by the account that looks: it has to be the server's."""
    wrong = list(find_unreadable_files(plugins, read_choices(plugins, os.environ, settings.data)))
    if settings.documents and (said := find_unreadable(settings.documents)):
        wrong.append(f"GONGZHI_DOCUMENTS names {said}")
    return [(False, f"files: {one}") for one in wrong] or [(True, "files: all that settings name can be read")]


async def _find_abandoned_work(connection: asyncpg.Connection, plugins: Plugins) -> Finding:
    """Check that no work is left of plugins that are not there any more."""
    known = [one.name for _, one in plugins.handlers] + [one.name for _, one in plugins.jobs]
    left = [name for (name,) in await connection.fetch(LEFT, known)]
    if not left:
        return True, "work: all of it is somebody's"
    return False, f"work is left that no plugin does ({', '.join(left)}): install its plugin, or gongzhi plugin remove"


async def _run_check(connection: asyncpg.Connection, check: Check) -> Finding:
    """Run a check; its statement counts what is wrong."""
    count = await connection.fetchval(check.sql)
    return count == 0, check.say(count).en
