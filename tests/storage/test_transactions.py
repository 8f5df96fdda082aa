"""Transactions of Tortoise: none loses its connection, at whatever point it is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gongzhi_server._compat import TransactionWrapper
from gongzhi_server.errors import Unavailable
from gongzhi_server.storage import database
from gongzhi_server.testing import PATIENCE
from tortoise.transactions import in_transaction

BEGUN = "select pid from pg_stat_activity where datname = current_database() and state like 'idle in%'"


async def test_cancelled_beginning_gives_its_connection_back(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a pool of one, the next transaction gets a connection, and none that has begun already."""
    reached, begin = asyncio.Event(), TransactionWrapper.begin

    async def hang(self: Any) -> None:
        await begin(self)
        reached.set()
        await asyncio.Event().wait()

    async def work() -> None:
        async with in_transaction():
            pass

    async with database.open_tortoise(database.tortoise_config(empty, size=1)) as context:
        monkeypatch.setattr(TransactionWrapper, "begin", hang)
        task = asyncio.create_task(work())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        monkeypatch.undo()
        async with asyncio.timeout(PATIENCE), in_transaction() as connection:
            # PostgreSQL notices a moment later that the other was closed; other databases are none of ours.
            while await connection.execute_query_dict(BEGUN):
                await connection.execute_query("select pg_stat_clear_snapshot()")
        assert await context.connections.get("default").execute_query_dict("select 1 one") == [{"one": 1}]


async def test_connection_that_was_lost_tells_that_the_database_is_away(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is lost while a transaction begins: it has gone back to the pool by then, and cannot be ended."""
    begin = TransactionWrapper.begin

    async def lose(self: Any) -> None:
        self._connection._con.terminate()
        await begin(self)

    async with database.open_tortoise(database.tortoise_config(empty, size=1)) as context:
        monkeypatch.setattr(TransactionWrapper, "begin", lose)
        with pytest.raises(Unavailable):
            async with in_transaction():
                pass
        monkeypatch.undo()
        assert await context.connections.get("default").execute_query_dict("select 1 one") == [{"one": 1}]
