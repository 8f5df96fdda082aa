"""A dispatcher who asks for lists as files, and a data-protection officer who releases them, with accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY = "610921"
OPEN = "{ cases(filter: { open: { equals: true } }) { nodes { number status } } }"
NAMES = "{ people { nodes { id name residentId birthDate grid { code } } } }"
FIELDS = "export { id number state version rows personal download }"


@dataclass
class House:
    """The server, who asks, who releases, and the database beneath."""

    server: Server
    asker: Server
    officer: Server
    database: asyncpg.Connection[Any]

    def named(self, role: str, name: str, grid: str = COUNTY, **claims: str) -> Server:
        return self.server.as_(role, sub=name, grid=grid, **claims)

    async def enrol(self, name: str, role: str, person: Any = None, grid: str = COUNTY) -> None:
        begin = datetime(2020, 1, 1, tzinfo=UTC)
        place = await self.database.fetchval("select id from grids.grid where code=$1 and valid_to is null", grid)
        account = uuid4()
        await self.database.execute(
            "insert into accounts.account (id, name, kind, grid_id, person_id, created_at, created_by, version) "
            "values ($1, $2, 'PERSON', $3, $4, $5, 'console', 1)",
            *(account, name, place, person, begin),
        )
        await self.database.execute(
            "insert into accounts.holding (id, account_id, role, grid_id, since, granted_by) "
            "values ($1, $2, $3, $4, $5, 'console')",
            *(uuid4(), account, role, place, begin),
        )

    async def ask(self, document: str = OPEN, by: Server | None = None, **more: Any) -> dict[str, Any]:
        given = {"purpose": "月度通报", "grid": COUNTY, "document": document, "format": "CSV", **more}
        return await (by or self.asker).do("requestBulkExport", FIELDS, **given)

    async def release(self, export: dict[str, Any], by: Server | None = None) -> dict[str, Any]:
        given = {"export": export["id"], "expectedVersion": export["version"]}
        return await (by or self.officer).do("releaseBulkExport", FIELDS, **given)

    async def link(self, export: dict[str, Any], by: Server | None = None) -> str | None:
        query = "query($id: ID!) { node(id: $id) { ... on BulkExport { download } } }"
        found = (await (by or self.asker).ask(query, id=export["id"])).data["node"]
        return found and found["download"]

    async def fetch(self, export: dict[str, Any], **headers: str) -> httpx.Response:
        path = await self.link(export)
        assert path, export
        return await self.server.client.get(path, headers=headers)

    async def released(self, document: str, **more: Any) -> dict[str, Any]:
        """An export that was asked for and, if it must be, released."""
        asked = await self.ask(document, **more)
        assert asked["errors"] == [], asked
        export: dict[str, Any] = asked["export"]
        if export["state"] == "WAITING":
            export = (await self.release(export))["export"]
        assert export["state"] == "READY"
        return export


@pytest_asyncio.fixture
async def house(server: Server, database: str) -> AsyncIterator[House]:
    connection = await asyncpg.connect(database)
    asker = server.as_("county_dispatcher", sub="diaodu", grid=COUNTY)
    officer = server.as_("data_protection_officer", sub="baohu", grid=COUNTY)
    house = House(server, asker, officer, connection)
    await house.enrol("diaodu", "county_dispatcher")
    await house.enrol("baohu", "data_protection_officer")
    yield house
    await connection.close()
