"""A family in a grid, whose every word is a marker that can be looked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY = "610921"
MARKERS = {
    "name": "标记甲无痕",
    "phone": "13912345678",
    "number": "11010519491231002X",
    "mask": "*******5678",
    "address": "标记村无痕组七号",
    "note": "标记走访无痕记",
    "title": "标记标题无痕",
    "description": "标记描述无痕",
    "comment": "标记评价无痕",
    "reason": "标记异议无痕",
    "asked": "标记请求无痕",
    "grounds": "标记理由无痕",
}


@dataclass
class Family:
    """A grandmother, who lives with nobody but a child of ten; a mother who lives elsewhere."""

    server: Server
    grid: str
    elder: str
    child: str
    mother: str
    household: str

    def of(self, who: str) -> Server:
        """The person, signed in."""
        return self.server.as_("resident", person=who.partition(":")[2])

    def staff(self, role: str) -> Server:
        return self.server.as_(role, grid=self.grid)

    @property
    def officer(self) -> Server:
        """Who watches over the county's personal data."""
        return self.server.as_("data_protection_officer", grid=COUNTY)


def key(id: str) -> UUID:
    """The key in a global id."""
    return UUID(id.partition(":")[2])


async def expect_success(caller: Server, mutation: str, selection: str, **given: Any) -> Any:
    """The first object of a payload without errors."""
    payload = await caller.do(mutation, selection, **given)
    assert payload.pop("errors") == []
    return next(iter(payload.values()), None)


async def refusal_codes(caller: Server, mutation: str, selection: str, **given: Any) -> list[tuple[str, list[str]]]:
    payload = await caller.do(mutation, selection, **given)
    return [(one["code"], one["path"]) for one in payload["errors"]]


async def register_family(server: Server, **known: Any) -> Family:
    """A household of an elder, of whom more may be known, and a child and its mother beside it."""
    asked = "{ households(first: 1) { nodes { grid { code } } } }"
    found = (await server.as_("administrator", grid=COUNTY).ask(asked)).data
    grid = found["households"]["nodes"][0]["grid"]["code"]
    worker = server.as_("grid_worker", grid=grid)

    async def person(name: str, **more: Any) -> str:
        given = {"name": name, "residence": "RESIDENT", "grid": grid, **more}
        return str((await expect_success(worker, "registerPerson", "person { id }", **given))["id"])

    elder = await person(MARKERS["name"], **known)
    child, mother = await person("测试孩", birthDate="2016-03-01"), await person("测试母", birthDate="1990-05-05")
    home = await expect_success(
        worker, "registerHousehold", "household { id version }", address=MARKERS["address"], grid=grid, head=elder
    )
    return Family(server, grid, elder, child, mother, home["id"])


@pytest_asyncio.fixture
async def family(server: Server) -> Family:
    return await register_family(server, residentId=MARKERS["number"], phones=[MARKERS["phone"]])


@pytest_asyncio.fixture
async def connection(database: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()
