"""Accounts to sign in with, in the small demo county."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import argon2
import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.auth import passwords
from gongzhi_server.testing import TODAY, Server
from uuid6 import uuid7

PASSWORD = "correct horse battery"
Enrol = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module", autouse=True)
def cheap_hashing() -> Iterator[None]:
    """Hash with as little work as argon2 knows, for these tests hash hundreds of times."""
    cheap = partial(argon2.PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PasswordHasher", cheap)
        yield


@asynccontextmanager
async def connect(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def own_connection(filled: str) -> AsyncIterator[Any]:
    async with connect(filled) as connection:
        yield connection


@pytest_asyncio.fixture(loop_scope="module")
async def connection_of_a_file(filled: str) -> AsyncIterator[Any]:
    """The same in a file that has one loop."""
    async with connect(filled) as connection:
        yield connection


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Any:
    """A connection to the county of the test."""
    together = request.node.get_closest_marker("together")
    return request.getfixturevalue("connection_of_a_file" if together else "own_connection")


@pytest_asyncio.fixture(loop_scope="module")
async def left_as_found(server: Server, database: Any) -> AsyncIterator[None]:
    """Leave a server that tests share without cookies and guesses, with the time it had, and with all names free."""
    known = await database.fetchval("select array_agg(id) from accounts.account")
    yield
    server.clock.time = TODAY
    server.client.cookies.clear()
    await database.execute("delete from accounts.attempt")
    await database.execute("update accounts.account set name = id::text where id <> all($1)", known or [])


TOGETHER = [pytest.mark.together, pytest.mark.usefixtures("left_as_found")]
"""The marks of a file whose tests share a county: each makes accounts of its own, by whatever names."""


@pytest.fixture
def administrator(server: Server) -> Server:
    """Who may do anything anywhere, by a token for trying things out."""
    return server.as_("administrator")


@pytest.fixture
def enrol(server: Server, administrator: Server, database: Any) -> Enrol:
    """Make an account with a password, and a role in a grid or for a unit; the tokens it signed in with."""

    async def enrolled(name: str, role: str | None = None, **where: str) -> dict[str, Any]:
        made = await administrator.do("addAccount", "account { id } code", name=name, grid="610921")
        assert made["errors"] == []
        if role:
            await bestow(database, name, role, **where)
        answer = await server.post("invitation", code=made["code"], password=PASSWORD)
        assert answer.status == 200, answer.body
        await mark_as_founded(database, name)
        return answer.body

    return enrolled


async def mark_as_founded(database: Any, name: str) -> None:
    """Have an account been made at the command line, as those that a county begins with are: nobody appointed it."""
    await database.execute("update accounts.account set created_by='console' where name=$1", name)
    await database.execute(
        "update accounts.invitation i set created_by='console' from accounts.account a "
        "where a.id=i.account_id and a.name=$1",
        name,
    )


async def bestow(database: Any, name: str, role: str, **where: Any) -> None:
    """Give a role as the operator would, who may give every one."""
    await database.execute(
        """
        insert into accounts.holding (id, account_id, role, grid_id, unit_id, since, until, granted_by)
        select $1, a.id, $3, (select id from grids.grid where code=$4 and valid_to is null),
          (select id from units.unit where code=$5), coalesce($6, '2026-01-01'::timestamptz), $7, 'console'
        from accounts.account a where a.name=$2
        """,
        uuid7(),
        name,
        role,
        where.get("grid"),
        where.get("unit"),
        where.get("since"),
        where.get("until"),
    )


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what PostgreSQL tells of, which takes a moment."""
    async with asyncio.timeout(5):
        while not await condition():
            await asyncio.sleep(0.01)


async def name_of(server: Server, token: str) -> str | None:
    """The account a token speaks for; None where it is refused."""
    answer = await server.with_token(token).ask("{ me { account } }")
    return answer.data["me"]["account"] if answer.status == 200 else None


async def is_signed_out(server: Server, token: str) -> bool:
    return await name_of(server, token) is None
