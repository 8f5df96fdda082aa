"""A village with its offices and residents. The stories of a module share a county and publish what they need."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY, TOWN, VILLAGE, ELSEWHERE = "610921", "610921101", "610921101222", "610921100"
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").decode()
ADULTS = """
select p.id from people.person p join grids.grid g on g.id=p.grid_id
where p.birth_date<'1990-01-01' and p.died_on is null and p.erased_at is null and (g.path<@(
  select path from grids.grid where code=$1 and valid_to is null
))=$2 order by p.id limit 5
"""
INBOX = """query($like: String!) { me { notices(filter: { kind: { equals: $like } }, first: 50) {
  nodes { kind title body about } } } }"""


@dataclass
class Village:
    """Callers by what they are, and what they do most."""

    server: Server
    dsn: str

    @property
    def leader(self) -> Server:
        return self.server.as_("grid_leader", grid=VILLAGE, sub="leader")

    @property
    def town(self) -> Server:
        return self.server.as_("town_dispatcher", grid=TOWN, sub="town")

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def resident(self, at: int = 0, grid: str = VILLAGE) -> Server:
        """Somebody who lives in the grid or below it."""
        found = await self.fetch(ADULTS, grid, True)
        return self.server.as_("resident", person=str(found[at]["id"]))

    async def stranger(self, grid: str = VILLAGE) -> Server:
        """Somebody who lives elsewhere."""
        found = await self.fetch(ADULTS, grid, False)
        return self.server.as_("resident", person=str(found[0]["id"]))

    async def done(self, caller: Server, mutation: str, selection: str, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def publish(self, caller: Server | None = None, **given: Any) -> str:
        """Publish a bulletin; its id."""
        asked = {"grid": VILLAGE, "kind": "NOTICE", "title": "停水通知", "text": "周三检修管网，停水半天。"}
        made = await self.done(caller or self.leader, "publishBulletin", "bulletin { id }", **asked | given)
        return str(made["id"])

    async def agree(self, resident: Server, *kinds: str) -> None:
        """Have a resident want to hear of these kinds."""
        await self.done(resident, "giveConsent", "consent { id }", purpose="bulletins.interests", noticeVersion=1)
        await self.done(resident, "setBulletinInterests", "interest { kinds }", kinds=list(kinds))

    async def run_jobs(self) -> None:
        tally = await self.server.worker.drain()
        assert tally.failed == []

    async def told(self, caller: Server, about: str, change: str = "published") -> list[str]:
        """The titles of the notices that somebody has of a bulletin."""
        found = (await caller.ask(INBOX, like=f"bulletins.{change}")).data["me"]["notices"]["nodes"]
        return [one["title"] for one in found if one["about"] == about]


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(loop_scope="module")
async def village(shared_server: Server, shared_database: str) -> Village:
    return Village(shared_server, shared_database)
