"""Looks a deployment over: what would hurt later, said now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from gongzhi.rooms import APPS

from .settings import Settings

Finding = tuple[bool, str]


@dataclass(frozen=True)
class Check:
    """A question to the database whose answer should be zero, and what to say in either case."""

    sql: str
    well: str
    ill: str


CHECKS = (
    Check(
        "select (lower('É') <> 'é')::int",
        "the database's ctype knows letters beyond ASCII",
        "the database's ctype is C: create it with C.UTF-8, or search ignores case for ASCII only",
    ),
    Check(
        "select count(*) from pg_namespace where nspname = current_user and nspname <> 'public'",
        "the database role is not called like a schema",
        "the database role is called like one of our schemas: use another name",
    ),
    Check(
        "select (count(*) = 0)::int from cases.category where valid_to is null",
        "there are categories",
        "there are no categories: run gongzhi migrate",
    ),
    Check(
        "select (count(*) = 0)::int from cases.channel",
        "there are channels",
        "there are no channels: run gongzhi migrate",
    ),
    Check(
        "select (count(*) = 0)::int from grids.grid where kind = 'COUNTY'",
        "there is a county",
        "there is no county: gongzhi demo, or gongzhi import divisions",
    ),
    Check(
        "select count(*) from grids.grid g where kind = 'GRID_3' and valid_to is null and not exists "
        "(select from people.post p where p.grid_id = g.id and p.duty = 'GRID_WORKER' "
        "and (p.until is null or p.until > current_date))",
        "every third-level grid has a worker",
        "third-level grids without a worker: {0}",
    ),
    Check(
        "select count(*) from grids.grid g where kind = 'GRID_3' and valid_to is null "
        "and not exists (select from grids.ring r where r.grid_id = g.id)",
        "every third-level grid has a boundary",
        "third-level grids without a boundary, in which no place is found: {0}",
    ),
    Check(
        "select count(*) from units.unit u where valid_to is not null and exists "
        "(select from cases.case c where c.lead_unit_id = u.id "
        "and c.status in ('DISPATCHED', 'HANDLING', 'SUSPENDED'))",
        "no open case lies with a closed unit",
        "closed units with open cases: {0}",
    ),
    Check(
        "select count(*) from dispatch.rule r join units.unit u on u.id = r.unit_id "
        "where r.valid_to is null and u.valid_to is not null",
        "no entry of the dispatch directory leads to a closed unit",
        "entries of the dispatch directory that lead to a closed unit: {0}",
    ),
)


async def examine(settings: Settings, dsn: str) -> Sequence[Finding]:
    """Each finding: whether it is well, and what it is about."""
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch("select nspname from pg_namespace")
        absent = sorted({app.label for app in APPS} - {name for (name,) in found})
        if absent:
            return [(False, f"tables are missing ({', '.join(absent)}): run gongzhi migrate")]
        return [*_mode(settings), *[await _asked(connection, check) for check in CHECKS]]
    finally:
        await connection.close()


def _mode(settings: Settings) -> Sequence[Finding]:
    if settings.development:
        return [(True, "mode: development; gongzhi token gives everything to everybody on this machine")]
    return [(True, "mode: production")]


async def _asked(connection: asyncpg.Connection, check: Check) -> Finding:
    count = await connection.fetchval(check.sql)
    return count == 0, check.well if count == 0 else check.ill.format(count)
