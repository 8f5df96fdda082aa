"""Prepared statements take memory on both sides: they are bounded by the length of their texts."""

from __future__ import annotations

import asyncpg
from gongzhi_server import _compat
from gongzhi_server.storage import database

TAKEN = "select sum(total_bytes) from pg_backend_memory_contexts where name like 'CachedPlan%'"


def statement(at: int) -> str:
    """A text of some ten thousand characters, like those of lists with many conditions."""
    return f"select {at} from cases.case_row c where " + " or ".join(f"c.title='{each:060}'" for each in range(100))


async def test_texts_bound_what_is_prepared(empty: str) -> None:
    pool = await database.open_readers(empty, 1)
    try:
        async with pool.acquire() as connection:
            [table] = await connection.fetch("select oid::regclass::text as name from pg_class where relname='case'")
            for at in range(180):
                await connection.fetch(statement(at).replace("cases.case_row", table["name"]))
            texts = await connection.fetch("select statement from pg_prepared_statements")
            taken = await connection.fetchval(TAKEN)
            raw: asyncpg.Connection = connection._con  # type: ignore[type-arg]
            assert sum(len(one["statement"]) for one in texts) <= _compat.STATEMENT_TEXT + len(statement(0))
            assert len(list(raw._stmt_cache.iter_statements())) < 150
            assert taken < 50 * _compat.STATEMENT_TEXT
            await connection.fetch("select 1")  # goes on
    finally:
        await pool.close()
