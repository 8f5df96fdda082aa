"""Who is a second person for everyday decisions: chains of appointers, their age, and hands on credentials."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio
from gongzhi.core.accounts.independence import are_independent, are_unconnected
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.runtime.context import Bounds
from gongzhi_server.testing import ESSENTIAL, TODAY


class Graph:
    """Accounts, and who gave them what how many days ago."""

    def __init__(self, database: Any) -> None:
        self.database = database

    async def account(self, name: str, by: str = "console", days: int = 400) -> None:
        await self.database.execute(
            "insert into accounts.account (id, name, kind, created_at, created_by, version) "
            "values ($1, $2, 'PERSON', $3, $4, 1)",
            *(uuid4(), name, ago(days), by),
        )

    async def grant(self, name: str, by: str, days: int, role: str = "auditor") -> None:
        await self.database.execute(
            "insert into accounts.holding (id, account_id, role, since, granted_at, granted_by) "
            "select $1, id, $2, $3, $4, $5 from accounts.account where name=$6",
            *(uuid4(), role, ago(1000), ago(days), by, name),
        )

    async def code(self, name: str, by: str, days: int, printed: str | None = None) -> None:
        await self.database.execute(
            "insert into accounts.invitation (id, account_id, created_at, created_by, expires_at, used_at, printed_by) "
            "select $1, id, $2, $3, $2, $2, $4 from accounts.account where name=$5",
            *(uuid4(), ago(days), by, printed, name),
        )

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.fetch(sql, *values)]

    @property
    def call(self) -> Any:
        context = SimpleNamespace(
            civic=ESSENTIAL.civic, guarded=ESSENTIAL.guarded, held=ESSENTIAL.held, bounds=Bounds()
        )
        viewer = Viewer(ViewerAccount("somebody"), TODAY)
        return SimpleNamespace(viewer=viewer, now=TODAY, context=context, checks=set(), fetch=self.fetch)

    async def independent(self, one: str, other: str) -> bool:
        """Whether they are two persons; the order of the two is of no matter."""
        found = [await are_independent(self.call, *pair) for pair in ((one, other), (other, one))]
        assert found[0] is found[1]
        return found[0]


def ago(days: int) -> datetime:
    return TODAY - timedelta(days=days)


@pytest_asyncio.fixture
async def graph(empty: str) -> Any:
    database = await asyncpg.connect(empty)
    yield Graph(database)
    await database.close()


async def test_everyday(graph: Graph) -> None:
    for name in ("boss", "chief", "one", "two", "far", "old", "older"):
        await graph.account(name)
    assert await graph.independent("one", "two")
    assert not await graph.independent("one", "one")
    await graph.grant("one", "boss", 3)
    assert not await graph.independent("one", "boss"), "one appointed the other"
    await graph.grant("boss", "chief", 90)
    assert not await graph.independent("one", "chief"), "through somebody else"
    await graph.grant("two", "chief", 90)
    assert not await graph.independent("one", "two"), "the same person appointed both, one of them lately"
    for name in ("old", "older"):
        await graph.grant(name, "chief", 31)
    assert await graph.independent("old", "older"), "both have stood for the term"
    await graph.grant("old", "chief", 1)
    assert await graph.independent("old", "older"), "and a further role does not make them new"
    await graph.code("old", "chief", 2)
    assert not await graph.independent("old", "older"), "whoever has the password may be anybody"
    await graph.grant("far", "one", 1, "resident")
    assert await graph.independent("far", "one"), "a resident's role is no appointment"


async def test_since_says_nothing_of_age(graph: Graph) -> None:
    """A grant that is said to have begun years ago is as young as it is."""
    for name in ("boss", "one", "two"):
        await graph.account(name)
    for name in ("one", "two"):
        await graph.grant(name, "boss", 1)  # since a thousand days
    assert not await graph.independent("one", "two")


async def test_codes_that_two_made_are_nobody_s_hands(graph: Graph) -> None:
    await graph.account("one")
    await graph.code("one", "boss", 1, printed="other")
    await graph.account("boss")
    assert await graph.independent("one", "boss")
    await graph.account("two", by="boss", days=400)
    assert not await graph.independent("two", "boss"), "who made an account knows its first code"


async def test_guarded(graph: Graph) -> None:
    """Nothing may connect them, however old; small roles do not, for everybody could be given one."""
    for name in ("root", "one", "two", "three"):
        await graph.account(name)
    await graph.grant("one", "root", 900, "administrator")
    await graph.grant("two", "root", 900, "administrator")
    await graph.grant("three", "root", 5, "auditor")
    assert not await are_unconnected(graph.call, "one", "two")
    assert await are_unconnected(graph.call, "one", "three")
    assert not await are_unconnected(graph.call, "one", "root")


async def test_circles_end(graph: Graph) -> None:
    for name, by in (("one", "three"), ("two", "one"), ("three", "two")):
        await graph.account(name, by=by)
    assert not await graph.independent("one", "two")
