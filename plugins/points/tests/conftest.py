"""A village with a points programme, its office, its people and its shop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.values.errors import Text
from gongzhi_points.ledger import posting
from gongzhi_points.ledger.posting import Posting, make_legs
from gongzhi_points.models import PostingKind
from gongzhi_server.testing import settle_people
from uuid6 import uuid7

from .scenes import Scene, set_scene

TOWN = "610921100"
PEOPLE = """
select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1
and exists(select from people.membership m where m.person_id=p.id and m.until is null)
and not exists(select from people.membership m join people.membership o on o.household_id=m.household_id
  where m.person_id=p.id and o.person_id<p.id) order by p.id limit 8
"""


@dataclass
class Village:
    """Callers by what they are, and the ids of what was set up."""

    dsn: str
    server: Any
    people: list[UUID]
    programme: str
    unit: str = ""
    merchant: str = ""

    @property
    def key(self) -> UUID:
        """The programme's."""
        return UUID(self.programme.partition(":")[2])

    async def stocks(self) -> list[int]:
        """What is left of each reward, in their order."""
        rows = await self.fetch("select stock from points.reward where programme_id=$1 order by number", self.key)
        return [stock for (stock,) in rows]

    @property
    def manager(self) -> Any:
        return self.server.as_("points_manager", grid=TOWN)

    @property
    def worker(self) -> Any:
        return self.server.as_("grid_worker", grid=TOWN)

    @property
    def leader(self) -> Any:
        return self.server.as_("grid_leader", grid=TOWN)

    @property
    def shop(self) -> Any:
        return self.server.as_("merchant", unit=self.unit)

    def resident(self, at: int = 0) -> Any:
        return self.server.as_("resident", person=str(self.people[at]))

    async def rule(self, **given: Any) -> str:
        """A rule that an assembly adopted; its id."""
        asked = {
            "code": "tidy",
            "title": "庭院整洁",
            "text": "庭院整洁，每次记五分。",
            "act": "courtyard.tidy",
            "amount": 5,
        }
        asked |= {"programme": self.programme, "startsOn": "2026-06-01", **given}
        made = await self.manager.do("proposePointsRule", "rule { id name }", **asked)
        assert made["errors"] == [], made
        rule = made["rule"]
        await self.adopt(rule["name"])
        done = await self.manager.do("adoptPointsRule", "rule { state }", rule=rule["id"])
        assert done == {"rule": {"state": "ADOPTED"}, "errors": []}
        return str(rule["id"])

    async def adopt(self, name: str) -> None:
        done = await self.leader.do(
            "recordResolution",
            "resolution { id }",
            grid=TOWN,
            body="REPRESENTATIVES",
            title="积分规则",
            text="通过。",
            decidedOn="2026-06-02",
            adopts=[name],
        )
        assert done["errors"] == [], done

    async def earn(self, rule: str, day: str, at: int = 0) -> dict[str, Any]:
        """Claim and approve; the payload of the decision."""
        claim = await self.resident(at).do("claimPoints", "claim { id version }", rule=rule, actedOn=day, text="做完了")
        assert claim["errors"] == [], claim
        one = claim["claim"]
        decided: dict[str, Any] = await self.worker.do(
            "decidePointsClaim", "claim { state }", claim=one["id"], approve=True, expectedVersion=one["version"]
        )
        return decided

    async def account(self, at: int = 0, asks: str = "id balance held") -> dict[str, Any]:
        answer = await self.resident(at).ask(f"{{ me {{ person {{ points {{ {asks} }} }} }} }}")
        [found] = answer.data["me"]["person"]["points"]
        return dict(found)

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.server.database.fetch(sql, *values))

    async def fund(self, people: int, amount: int) -> None:
        """Accounts with points for so many people, past claims."""
        programme, connection = UUID(self.programme.partition(":")[2]), await asyncpg.connect(self.dsn)
        desk = Desk(connection)
        async with connection.transaction():
            for row in await desk.fetch("select id from people.person order by id limit $1", people):
                await desk.fetch(ACCOUNT, uuid7(), programme, "PERSON", row["id"], desk.now)
            rows = await desk.fetch("select id from points.account where kind='PERSON'")
            [source] = await desk.fetch("select id from points.account where kind='ISSUER'")
            told, day = Text("An act", "行为"), desk.now.date()
            made = [
                Posting(PostingKind.EARNED, str(row["id"]), make_legs(source["id"], row["id"], amount), told, day)
                for row in rows
            ]
            await posting.post_entries(desk, programme, *made)
        await connection.close()

    async def open_shop(self, *, offline: bool = True) -> None:
        [(unit,)] = await self.fetch("select u.code from units.unit u order by u.id limit 1")
        made = await self.manager.do(
            "addPointsMerchant",
            "merchant { id }",
            programme=self.programme,
            unit=unit,
            name="清泉便民超市",
            address="清泉村口",
            offline=offline,
        )
        assert made["errors"] == [], made
        self.merchant, self.unit = made["merchant"]["id"], unit

    async def reward(self, **given: Any) -> str:
        asked = {"kind": "GOODS", "title": "洗衣粉", "price": 5, "stock": 10, "merchant": self.merchant} | given
        made = await self.shop.do("addPointsReward", "reward { id }", **asked)
        assert made["errors"] == [], made
        return str(made["reward"]["id"])


@dataclass
class Desk:
    """A connection that posts, and the time."""

    connection: Any
    now: datetime = datetime(2026, 6, 30, 2, tzinfo=UTC)

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.connection.fetch(sql, *values)]

    def publish(self, happened: Any, row: Any = None) -> None:
        pass


@pytest_asyncio.fixture
async def desk(ledgers: str) -> AsyncIterator[Desk]:
    connection = await asyncpg.connect(ledgers)
    yield Desk(connection)
    await connection.close()


PROGRAMME = """
insert into points.programme (id, code, name, grid_id, unit, warn_days, code_minutes, settle_days, starts_on, version)
select $1, $2, '积分', g.id, 'POINT', 30, 30, 7, '2026-01-01', 1 from grids.grid g where g.code=$3
"""
CHAIN = "insert into points.chain (id, programme_id, no, hash) values (gen_random_uuid(), $1, 0, $2)"
ACCOUNT = """
insert into points.account (id, programme_id, kind, person_id, grid_id, opened_at, balance, held)
select $1, $2, $3, $4, p.grid_id, $5, 0, 0 from points.programme p where p.id=$2 on conflict do nothing
"""


@pytest_asyncio.fixture
async def books(desk: Desk) -> Books:
    return await open_books(desk, uuid7().hex)


@dataclass
class Books:
    """A programme with the accounts of its issuer and some people."""

    desk: Desk
    programme: UUID
    issuer: UUID
    accounts: list[UUID]

    async def balances(self) -> list[int]:
        rows = await self.desk.fetch("select id, balance from points.account where programme_id=$1", self.programme)
        known = {row["id"]: row["balance"] for row in rows}
        return [known[one] for one in self.accounts]


async def open_books(desk: Desk, code: str, people: int = 4) -> Books:
    """Books with accounts for so many people, written past all commands."""
    programme, issuer = uuid7(), uuid7()
    await desk.fetch(PROGRAMME, programme, code, TOWN)
    await desk.fetch(CHAIN, programme, bytes(32))
    await desk.fetch(ACCOUNT, issuer, programme, "ISSUER", None, desk.now)
    accounts = []
    for row in await desk.fetch("select id from people.person order by id limit $1", people):
        accounts.append(uuid7())
        await desk.fetch(ACCOUNT, accounts[-1], programme, "PERSON", row["id"], desk.now)
    return Books(desk, programme, issuer, accounts)


async def furnish(server: Any, database: str, code: str = "qingquan") -> Village:
    """A village with a programme."""
    manager = server.as_("points_manager", grid=TOWN)
    made = await manager.do(
        "addPointsProgramme", "programme { id }", code=code, name="清泉村积分", grid=TOWN, startsOn="2026-01-01",
        lastsMonths=12,
    )  # fmt: skip
    assert made["errors"] == [], made
    found = Village(database, server, [], made["programme"]["id"])
    found.people = [key for (key,) in await found.fetch(PEOPLE, TOWN)]
    assert len(found.people) == 8
    return found


@pytest_asyncio.fixture
async def own_village(server: Any, database: str) -> Village:
    return await furnish(server, database)


@pytest_asyncio.fixture(loop_scope="module")
async def part_of_village(shared_server: Any, shared_database: str) -> AsyncIterator[Village]:
    """A programme and people of a test's own in the county of a module, which is at its hour again after it."""
    began = shared_server.clock.time
    found = await furnish(shared_server, shared_database, f"v{uuid7().hex[-12:]}")
    found.people = await settle_people(shared_database, TOWN, 8)
    yield found
    shared_server.clock.time = began
    # With its clock put back, what runs each night is due again.
    shared_server.worker.worker.planned.clear()


@pytest.fixture
def village(request: pytest.FixtureRequest) -> Village:
    """A programme in the county of a module whose tests have one loop, or in a county of one test.

    A test of such a module that counts all there is, or changes what others read, is marked with a loop of its own.
    """
    loop = request.node.get_closest_marker("asyncio")
    shared = loop is not None and loop.kwargs.get("loop_scope") == "module"
    found: Village = request.getfixturevalue("part_of_village" if shared else "own_village")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_server: Any, shared_database: str) -> Scene:
    """What there is to give every command to, for the tests of a module."""
    return await set_scene(await furnish(shared_server, shared_database))


@pytest.fixture
def run_jobs(village: Village) -> Any:
    """Handle every event and run every job that is due where the village is."""
    return village.server.worker.drain


@pytest.fixture
def opening() -> Any:
    """Opens books: `await opening(desk, "code", people)`."""
    return open_books


@pytest.fixture
def desk_type() -> type[Desk]:
    return Desk


@pytest.fixture(scope="session")
def ledgers(postgres: str, small_county: str) -> Iterator[str]:
    """The address of a database for tests of the ledger, each of which has a programme of its own."""
    testing, name = import_module("gongzhi_server.testing"), f"test_{uuid7().hex}"
    yield asyncio.run(testing.create_database(postgres, name, small_county))
    asyncio.run(testing.drop_database(postgres, name))
