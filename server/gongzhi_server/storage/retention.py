"""Retention: anonymises what is past its time, as the holdings say. A run may be stopped and started at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gongzhi.core.registers.erasure import PEOPLE, clear_rows, erase_person, expired_rows_sql
from gongzhi.declare.register_entries import Holding

from . import database

PORTION = 1000
"""How many rows one transaction changes."""


async def run_retention(
    dsn: str, holdings: Iterable[Holding], now: datetime, *, dry_run: bool = False
) -> dict[str, int]:
    """Anonymise what is due and return how many rows of each table were, or would be; tables with none are left out."""
    known = tuple(holdings)
    counts: dict[str, int] = {}
    async with database.connect_database(dsn) as connection:
        for one in known:
            if one.months:
                count = (
                    await count_due(connection, one, now)
                    if dry_run
                    else await sweep_holding(connection, known, one, now)
                )
                counts[one.table] = counts.get(one.table, 0) + count
    return {table: count for table, count in counts.items() if count}


async def count_due(connection: Any, holding: Holding, now: datetime) -> int:
    """Count the rows whose time is over."""
    found: int = await connection.fetchval(f"select count(*) from ({expired_rows_sql(holding)}) d", now)
    return found


async def sweep_holding(connection: Any, holdings: tuple[Holding, ...], holding: Holding, now: datetime) -> int:
    """Anonymise the rows whose time is over, a portion a transaction; with a person goes all that is held of them."""
    total = 0
    while True:
        # Locked rows are skipped, so a command under way is not waited for; they are due at the next run still.
        async with connection.transaction():
            found = await connection.fetch(
                expired_rows_sql(holding, f"limit {PORTION} for update of t skip locked"), now
            )
            keys = [row["id"] for row in found]
            if not keys:
                return total
            if holding.table == PEOPLE:
                for key in keys:
                    await erase_person(connection.fetch, holdings, key, now)
            else:
                await clear_rows(connection.fetch, holding, keys)
        total += len(keys)
