"""A household whose people can be asked for, and what is written of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server


@dataclass
class People:
    """A household with several members, and where it is."""

    server: Server
    grid: str
    elsewhere: str
    household: str
    keys: list[UUID]
    names: list[str]

    def id(self, at: int) -> str:
        return f"Person:{self.keys[at]}"

    def resident(self, at: int) -> Server:
        return self.server.as_("resident", person=self.id(at))


@dataclass
class Log:
    """The tables, seen by somebody who can see everything, and change it."""

    connection: asyncpg.Connection[Any]
    before: int = 0
    """How many looks there were before the test."""

    async def all(self) -> list[asyncpg.Record]:
        """Those of the test, the first first."""
        return await self.connection.fetch("select * from access.look order by link, place offset $1", self.before)


@pytest_asyncio.fixture
async def log(database: str) -> AsyncIterator[Log]:
    connection = await asyncpg.connect(database)
    yield Log(connection)
    await connection.close()


@pytest_asyncio.fixture
async def people(server: Server, log: Log) -> People:
    return await find_household(server, log)


async def find_household(server: Server, log: Log) -> People:
    """The first household of several that was visited."""
    found = await log.connection.fetchrow(
        "select h.id, h.number, g.code, t.code as town from people.household h join grids.grid g on g.id = h.grid_id "
        "join grids.grid t on t.kind = 'TOWN' and t.id <> h.town_id where (select count(*) from people.membership m "
        "where m.household_id = h.id and m.until is null) > 2 "
        "and exists (select from people.visit v where v.household_id = h.id) order by h.number, t.code limit 1"
    )
    assert found
    members = await log.connection.fetch(
        "select p.id, p.name from people.membership m join people.person p on p.id = m.person_id "
        "where m.household_id = $1 and m.until is null order by m.relation = 'HEAD' desc, p.id",
        found["id"],
    )
    keys = [row["id"] for row in members]
    return People(server, found["code"], found["town"], found["number"], keys, [row["name"] for row in members])
