"""Surroundings: what a process finds around it, its database's clock and room and the other processes of its county."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from gongzhi_server.auth.invalidation import LISTENER, listener_name
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.connection_shares import count_connections

APART = timedelta(seconds=5)
"""How far the clocks of the machine and of its database may be apart: deadlines and tokens are measured by both."""
ROOM = """select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
- current_setting('reserved_connections')::int"""
# Of another process the name of its connection can be seen, and that tells its issuer.
OTHERS = """select count(distinct application_name) from pg_stat_activity
where datname = current_database() and application_name like $1 and application_name <> $2"""


async def examine_surroundings(
    connection: asyncpg.Connection[Any], settings: Settings, now: Callable[[], datetime], workers: int = 1
) -> AsyncIterator[tuple[bool, str]]:
    """Yield what was looked at, and whether it is well, for as many processes as start together."""
    before, there, after = now(), await connection.fetchval("select clock_timestamp()"), now()
    # The answer may have taken long: only what lies outside of the whole time it took is a difference.
    apart = max(before - there, there - after)
    yield (
        apart < APART,
        f"clocks: this machine's and the database's are {max(apart.total_seconds(), 0):.0f} s apart"
        + ("" if apart < APART else ": have both follow the same time server (NTP)"),
    )
    room, needed = await connection.fetchval(ROOM), count_connections(settings)
    yield (
        needed * workers <= room,
        f"connections: a process takes up to {needed}, and the database has room for {room}"
        + (
            f", so for {room // needed} at a time"
            if needed * workers <= room
            else f", and {workers} start here: lower GONGZHI_POOL and its like, or raise max_connections"
        ),
    )
    others = await connection.fetchval(OTHERS, f"{LISTENER} %", listener_name(settings.issuer))
    yield (
        not others,
        "tokens: no other process has another issuer"
        if not others
        else f"tokens: another process here calls itself by another address, and this one ({settings.issuer}) and it "
        "would refuse each other's tokens: set GONGZHI_URL, the same in every process",
    )


async def refuse_bad_surroundings(dsn: str, settings: Settings, now: Callable[[], datetime], workers: int = 1) -> None:
    """Raise Problem with all that would hurt processes of this county; in development nothing is looked at."""
    if settings.development:
        return
    async with database.connect_database(dsn) as connection:
        ill = [said async for well, said in examine_surroundings(connection, settings, now, workers) if not well]
    if ill:
        raise Problem("; ".join(ill))
