"""Counting all cases anew: after an upgrade that counts otherwise, and for whoever doubts the sums."""

from __future__ import annotations

from . import database


async def rebuild(dsn: str) -> int:
    """Replace facts and sums by what the cases say now; how many cases. Events wait until it is done."""
    async with database.connection(dsn) as connection:
        async with connection.transaction():
            count: int = await connection.fetchval("select statistics.rebuild()")
        await connection.execute("vacuum (analyze) statistics.fact, statistics.rollup")
        return count
