"""A town with a branch, its secretary, and people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.testing import settle_people

from .scenes import Scene, set_scene

TOWN, OTHER = "610921100", "610921102"
PEOPLE = """
select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 and p.birth_date<'2000-01-01'
and exists(select from people.membership m where m.person_id=p.id and m.until is null)
and not exists(select from people.membership m join people.membership o on o.household_id=m.household_id
  where m.person_id=p.id and o.person_id<p.id) order by p.id limit 40
"""


@dataclass
class Town:
    """Callers by what they are, and the ids of what was set up."""

    dsn: str
    server: Any
    people: list[UUID] = field(default_factory=list)
    branch: str = ""
    names: dict[str, str] = field(default_factory=dict)

    @property
    def secretary(self) -> Any:
        return self.server.as_("party_secretary", grid=TOWN)

    @property
    def beyond(self) -> Any:
        """The secretary of another town."""
        return self.server.as_("party_secretary", grid=OTHER)

    @property
    def worker(self) -> Any:
        return self.server.as_("grid_worker", grid=TOWN)

    @property
    def leader(self) -> Any:
        return self.server.as_("grid_leader", grid=TOWN)

    def resident(self, at: int = 0) -> Any:
        return self.server.as_("resident", person=str(self.people[at]))

    def person(self, at: int = 0) -> str:
        return f"Person:{self.people[at]}"

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.server.database.fetch(sql, *values))

    async def add(self, name: str = "清泉村党支部", **given: Any) -> str:
        """An organisation; its id."""
        caller = self.server.as_("administrator")
        asked = {"kind": "BRANCH", "name": name, "grid": TOWN, "foundedOn": "2020-01-01", **given}
        made = await expect_success(caller, "addPartyBranch", "branch { id }", **asked)
        return str(made["branch"]["id"])

    async def crowd(self, people: int) -> None:
        """So many invented people who live in the town, in the place of those there were."""
        self.people = await self.invent(people)

    async def invent(self, people: int) -> list[UUID]:
        """So many invented people who live in the town; their keys."""
        made = await self.fetch(
            "insert into people.person (id, name, grid_id, residence, created_at, gender, version, needs) "
            "select gen_random_uuid(), '演示', g.id, 'RESIDENT', now(), 'UNKNOWN', 1, '{}' "
            "from grids.grid g, generate_series(1,$2) where g.code=$1 returning id",
            TOWN,
            people,
        )
        return [key for (key,) in made]

    async def admit(self, at: int = 0, branch: str = "") -> str:
        made = await expect_success(
            self.secretary,
            "admitPartyMember",
            "member { id }",
            branch=branch or self.branch,
            person=self.person(at),
            joinedOn="2015-07-01",
        )
        return str(made["member"]["id"])


async def expect_success(caller: Any, mutation: str, asks: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation that succeeds."""
    payload: dict[str, Any] = await caller.do(mutation, asks, **given)
    assert payload["errors"] == [], payload
    return payload


async def furnish(server: Any, dsn: str) -> Town:
    """A town with a branch, its secretary, and people."""
    found = Town(dsn, server)
    found.people = [key for (key,) in await found.fetch(PEOPLE, TOWN)]
    found.branch = await found.add(stationPlace="党群服务中心一楼", stationHours="周一至周五")
    return found


@pytest_asyncio.fixture
async def own_town(server: Any, database: str) -> Town:
    return await furnish(server, database)


@pytest_asyncio.fixture(loop_scope="module")
async def part_of_town(shared_town: Town) -> AsyncIterator[Town]:
    """The town of a module with people and a branch of a test's own, who are gone after it, and at its hour again."""
    began, server = shared_town.server.clock.time, shared_town.server
    people = await settle_people(shared_town.dsn, TOWN, 15)
    yield replace(shared_town, people=people, branch=await shared_town.add())
    server.clock.time = began
    # With its clock put back, what runs each hour is due again.
    server.worker.worker.planned.clear()
    await shared_town.fetch("update people.person set died_on='2026-06-29' where id=any($1)", people)


@pytest.fixture
def town(request: pytest.FixtureRequest) -> Town:
    """A part of the town of a module whose tests have one loop, or a town of one test.

    A test of such a module that counts all there is, or changes what others read, is marked with a loop of its own.
    """
    loop = request.node.get_closest_marker("asyncio")
    shared = loop is not None and loop.kwargs.get("loop_scope") == "module"
    found: Town = request.getfixturevalue("part_of_town" if shared else "own_town")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_town(shared_server: Any, shared_database: str) -> Town:
    """A town that the tests of a module share."""
    return await furnish(shared_server, shared_database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_town: Town) -> Scene:
    """What there is to give every command to, for the tests of a module."""
    return await set_scene(shared_town)


@pytest.fixture
def fetched(database: str) -> Any:
    """Rows of the database, asked for outside of any loop."""

    async def fetch(sql: str) -> list[Any]:
        connection = await asyncpg.connect(database)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    return lambda sql: asyncio.run(fetch(sql))
