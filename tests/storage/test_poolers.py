"""Poolers: the server works behind one that keeps sessions, and refuses one that does not before it writes anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from gongzhi_server.auth.invalidation import listen_for_changes
from gongzhi_server.errors import Problem
from gongzhi_server.storage import database, election
from gongzhi_server.storage.embedded_postgres import check_reachable
from gongzhi_server.testing import serve_application

from .pooler import open_pooler

SETTINGS = "select name, setting from pg_settings where name = any($1)"
READS = {
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "TimeZone": "UTC",
    "statement_timeout": "4000",
    "max_parallel_workers_per_gather": "0",
}
WRITES = {
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "TimeZone": "UTC",
    "idle_in_transaction_session_timeout": "12000",
}


async def test_each_connection_has_its_settings_behind_a_pooler(empty: str) -> None:
    """No pool and no single connection begins with parameters that a pooler refuses, and all have what they ask for."""
    async with open_pooler(empty, "session") as (pooler, dsn):
        async with await database.open_readers(dsn, 1, 4, parallel=False) as pool:
            assert dict(await pool.fetch(SETTINGS, list(READS))) == READS
        async with await database.open_writers(dsn, 1, short=True) as pool:
            assert dict(await pool.fetch(SETTINGS, list(WRITES))) == WRITES
        async with database.open_tortoise(database.tortoise_config(dsn, size=1, short=True)) as context:
            rows = await context.connections.get("default").execute_query_dict(
                "select current_setting('search_path') path, current_setting('plan_cache_mode') mode"
            )
            assert rows == [{"path": "public", "mode": "force_generic_plan"}]
        async with election.lead_when_elected(dsn, 1, never) as leader:
            assert await leader.fetchval("select current_setting('idle_session_timeout')") == "3s"
        async with listen_for_changes(dsn, "gongzhi test", lambda account: None):
            names = await database_names(empty)
        assert pooler.refused == [] and pooler.lent >= 5 and "gongzhi test" in names


async def never() -> None:
    """Fail: nobody else leads."""
    raise AssertionError


async def database_names(dsn: str) -> list[str]:
    async with database.connect_database(dsn) as connection:
        rows = await connection.fetch("select application_name from pg_stat_activity")
    return [name for (name,) in rows]


async def test_server_works_behind_a_pooler_that_keeps_sessions(filled: str, tmp_path: Path) -> None:
    async with open_pooler(filled, "session") as (pooler, dsn):
        await check_reachable(dsn)
        async with serve_application(dsn, tmp_path) as server:
            answer = await server.as_("administrator").ask('{ grid(code: "610921") { name } }')
    assert answer.data["grid"] and pooler.refused == []


@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_pooler_that_keeps_no_sessions_is_refused(empty: str, mode: Literal["session", "transaction"]) -> None:
    async with open_pooler(empty, mode) as (_, dsn):
        if mode == "session":
            await check_reachable(dsn)
            return
        with pytest.raises(Problem, match=re.escape("have it keep sessions (pool_mode = session)")):
            await check_reachable(dsn)
        # Also while it has connections at hand that others have left.
        with pytest.raises(Problem, match="notifications get lost"):
            await check_reachable(dsn)


async def test_pooler_without_connections_is_told_apart(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gongzhi_server.storage.poolers.PATIENCE", 0.3)
    async with open_pooler(empty, "transaction", most=1) as (_, dsn):
        with pytest.raises(Problem, match="no connections left"):
            await check_reachable(dsn)
