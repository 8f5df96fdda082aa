"""A county with links of help: who arranges them, who helps and who is helped. Stories of a module share it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server
from stdnum.cn import uscc

COUNTY, TOWN, ELSEWHERE = "610921", "610921101", "610921100"
UNIT, OTHER_UNIT = "610921-NYJ", "610921-SFJ"
ADULTS = """
select p.id, p.name, m.household_id as home, v.code village from people.person p
join grids.grid v on v.id=p.village_id join people.membership m on m.person_id=p.id and m.until is null
where p.birth_date<'1990-01-01' and p.died_on is null and p.erased_at is null and p.restricted_at is null
and not exists(select from people.membership o where o.household_id=m.household_id
 and o.until is null and o.person_id<p.id) order by left(v.code, 9)<>$1, p.id limit 30
"""
TIE = """id kind state version name office since endsOn until grid { code } household { id } unit { code }
  deeds(first: 20) { nodes { id kind day text case { number } withdrawnAt } } actions { name allowed reason }"""
SEEN = f"query($id: ID!) {{ node(id: $id) {{ ... on Tie {{ {TIE} }} }} }}"
INBOX = (
    "query($kind: String!) { me { notices(filter: { kind: { equals: $kind } }, first: 50) { nodes { body about } } } }"
)


@dataclass
class Ground:
    """Callers by what they are, and what they do most."""

    server: Server
    pool: asyncpg.Pool
    people: list[Any] = field(default_factory=list)
    villages: list[str] = field(default_factory=list)
    codes: Iterator[str] = field(default_factory=lambda: map(make_code, count(1)))

    @property
    def keeper(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY, sub="keeper")

    @property
    def town(self) -> Server:
        return self.server.as_("town_dispatcher", grid=TOWN, sub="town")

    @property
    def leader(self) -> Server:
        return self.server.as_("grid_leader", grid=self.villages[0], sub="village")

    @property
    def handler(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT, sub="handler")

    @property
    def second(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT, sub="second")

    def resident(self, at: int) -> Server:
        return self.server.as_("resident", person=str(self.people[at]["id"]), sub=f"resident {at}")

    def person(self, at: int) -> str:
        return f"Person:{self.people[at]['id']}"

    def home(self, at: int) -> str:
        return f"Household:{self.people[at]['home']}"

    @property
    def today(self) -> date:
        return (self.server.clock() + timedelta(hours=8)).date()

    def day(self, days: int) -> str:
        return (self.today + timedelta(days=days)).isoformat()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        return list(await self.pool.fetch(sql, *values))

    async def done(self, caller: Server, mutation: str, selection: str, /, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def propose(self, kind: str, caller: Server | None = None, **given: Any) -> str:
        """Propose a link of a kind; its id."""
        asked = {"kind": kind, "endsOn": self.day(300)} | given
        return str((await self.done(caller or self.keeper, "proposeTie", "tie { id }", **asked))["id"])

    async def answer(self, caller: Server, id: str, side: str, agreed: bool = True) -> list[tuple[str, list[str]]]:
        return await self.give(caller, f"answerTieAs{side}", id, agreed=agreed)

    async def agree(self, id: str, helper: Server, helped: Server) -> None:
        """Have both sides agree."""
        assert await self.answer(helper, id, "Helper") == []
        assert await self.answer(helped, id, "Helped") == []

    async def town_tie(self, at: int, **given: Any) -> str:
        """A leader's link with the town, agreed to; its id."""
        asked = {"grid": TOWN, "person": self.person(at), "office": "副县长"} | given
        id = await self.propose("LEADER_TOWN", **asked)
        await self.agree(id, self.resident(at), self.town)
        return id

    async def home_tie(self, cadre: int, home: int, agreed: bool = True) -> str:
        """A cadre's link with a household; its id."""
        given = {
            "household": self.home(home), "person": self.person(cadre), "office": "农技员", "unit": UNIT,
        }  # fmt: skip
        id = await self.propose("CADRE_HOUSEHOLD", self.grid_leader(home), **given)
        if agreed:
            await self.agree(id, self.resident(cadre), self.resident(home))
        return id

    def grid_leader(self, home: int) -> Server:
        """Who leads the village where somebody lives."""
        return self.server.as_("grid_leader", grid=COUNTY, sub="grid leader")

    async def register(self, at: int, level: str = "COUNTY", **given: Any) -> str:
        """Somebody's term as a deputy of the town; its id."""
        asked = {
            "grid": TOWN, "person": self.person(at), "level": level, "constituency": "第三选区",
            "since": self.day(-100), "endsOn": self.day(1_000),
        } | given  # fmt: skip
        return str((await self.done(self.keeper, "registerDeputy", "deputy { id }", **asked))["id"])

    async def station(self, caller: Server | None = None) -> str:
        """A liaison station of the town; its id."""
        asked = {"grid": TOWN, "name": f"联络站 {uuid4().hex[:6]}", "address": "主街 1 号"}
        return str((await self.done(caller or self.town, "openDeputyStation", "station { id }", **asked))["id"])

    async def announce(self, deputies: list[str], hours: int = 1, **given: Any) -> str:
        """A reception day that begins in some hours; its id."""
        station = given.pop("station", None) or await self.station()
        begins = self.server.clock() + timedelta(hours=hours)
        asked = {
            "station": station, "startsAt": begins.isoformat(),
            "endsAt": (begins + timedelta(hours=3)).isoformat(), "deputies": deputies,
        } | given  # fmt: skip
        return str((await self.done(self.town, "announceReceptionDay", "reception { id }", **asked))["id"])

    async def organise(self, **given: Any) -> str:
        """A social organisation of the county; its id."""
        asked = {
            "grid": COUNTY, "uscc": next(self.codes), "name": "邻里互助社", "kind": "SERVICE", "purpose": "助老",
            "unit": UNIT, "served": [TOWN],
        } | given  # fmt: skip
        made = await self.done(self.handler, "registerSocialOrganisation", "organisation { id }", **asked)
        return str(made["id"])

    async def buy(self, organisation: str, **given: Any) -> str:
        """A service that is bought of an organisation; its id."""
        asked = {
            "organisation": organisation, "unit": UNIT, "grid": TOWN, "title": "助老送餐", "since": self.day(-30),
            "endsOn": self.day(300), "amount": "120000.50",
        } | given  # fmt: skip
        return str((await self.done(self.handler, "recordPurchasedService", "purchase { id }", **asked))["id"])

    async def see(self, id: str, caller: Server | None = None) -> Any:
        return (await (caller or self.keeper).ask(SEEN, id=id)).data["node"]

    async def give(self, caller: Server, mutation: str, id: str, /, **given: Any) -> list[tuple[str, list[str]]]:
        """Do something to a row at its version; what is wrong."""
        name, _, key = id.partition(":")
        argument, table = {
            "Tie": ("tie", "tie"),
            "Deputy": ("deputy", "deputy"),
            "DeputyStation": ("station", "station"),
            "ReceptionDay": ("reception", "reception"),
            "SocialOrganisation": ("organisation", "organisation"),
            "PurchasedService": ("purchase", "purchase"),
        }[name]
        [row] = await self.fetch(f"select version from ties.{table} where id=$1", key)
        seen = {argument: id, "expectedVersion": row[0]}
        return refused(await caller.do(mutation, f"{argument} {{ id }}", **seen | given))

    async def told(self, caller: Server, kind: str, about: str) -> list[str]:
        found = (await caller.ask(INBOX, kind=f"ties.{kind}")).data["me"]["notices"]["nodes"]
        return [one["body"] for one in found if one["about"] == about]

    async def run_jobs(self) -> None:
        assert (await self.server.worker.drain()).failed == []


def make_code(number: int) -> str:
    """Make the credit code of an invented organisation."""
    body = f"52610921{number:09d}"
    return body + uscc.calc_check_digit(body)


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(shared_server: Server, shared_database: str) -> AsyncIterator[Ground]:
    # One pool for a module: to connect for every look at a table takes longer than to look.
    async with asyncpg.create_pool(shared_database, min_size=1, max_size=4) as pool:
        made = Ground(shared_server, pool)
        made.people = await made.fetch(ADULTS, TOWN)
        found = await made.fetch(
            "select code from grids.grid where kind='VILLAGE' and valid_to is null and left(code, 9)=$1 order by code",
            TOWN,
        )
        made.villages = [one["code"] for one in found]
        yield made
