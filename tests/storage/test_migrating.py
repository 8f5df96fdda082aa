"""What is missing is told before it is done, and whoever uses a table is not held up by who changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.storage import database


class Waiting:
    """An executor that gets the lock at the last of so many tries."""

    def __init__(self, tries: int) -> None:
        self.left = tries

    async def migrate(self, progress: Callable[[str, str, str], None]) -> None:
        progress("migration_start", "cases", "0002_more")
        self.left -= 1
        if self.left:
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAUSE", 0)


async def test_migration_that_waits_for_a_lock_is_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    executor: Any = Waiting(3)
    await database._apply_missing(lambda: executor)
    said = "cases.0002_more waits for a table that is in use; it is begun again"
    assert executor.left == 0 and [one.getMessage() for one in caplog.records] == [said] * 2


async def test_table_that_is_always_in_use_is_named() -> None:
    executor: Any = Waiting(-1)
    with pytest.raises(Problem, match="migration cases.0002_more failed and was taken back: LockNotAvailableError"):
        await database._apply_missing(lambda: executor)


async def test_lock_is_not_waited_for_without_end(empty: str) -> None:
    """PostgreSQL says so itself, by the error that is waited out."""
    one, other = [await asyncpg.connect(empty) for _ in range(2)]
    try:
        await other.execute("set lock_timeout = '10ms'")
        async with one.transaction():
            await one.execute("lock table cases.channel in access share mode")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.execute("alter table cases.channel add column more int")
    finally:
        for connection in (one, other):
            await connection.close()


async def test_missing_migrations_are_told(empty: str) -> None:
    assert await database.plan_migrations(empty) == []
    connection = await asyncpg.connect(empty)
    await connection.execute("delete from public.tortoise_migrations where app = 'people'")
    await connection.close()
    found = await database.plan_migrations(empty)
    assert "people.0001_initial" in found and found == sorted(found)
    assert {name.partition(".")[0] for name in found} == {"people"}
