"""The inbox over HTTP: who reads what, in which language, and once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.values.errors import DeclarationError, Text
from gongzhi_server.storage import database
from gongzhi_server.testing import TODAY, Server, codes_of
from tortoise.transactions import in_transaction

INBOX = "{ me { unreadNotices notices(first: 5) { totalCount nodes { id kind title body about at read } } } }"
ASSIGNED = NoticeDraft(
    "case.assigned",
    Text("A case was given to you.", "您有新的工单。"),
    Text("Case 610921202606300000014.", "诉求 610921202606300000014。"),
)


@dataclass(frozen=True)
class Now:
    now: datetime = TODAY


@pytest_asyncio.fixture
async def sent(filled: str) -> AsyncIterator[Any]:
    """Sends a notice, as a command does."""

    async def send(**whom: Any) -> None:
        await send_notice(Now(), ASSIGNED, **whom)

    async with database.open_tortoise(database.tortoise_config(filled, size=1)):
        yield send


async def one(filled: str, sql: str, *values: Any) -> Any:
    connection = await asyncpg.connect(filled)
    try:
        return await connection.fetchrow(sql, *values)
    finally:
        await connection.close()


async def test_person_reads_own(server: Server, filled: str, sent: Any) -> None:
    person, other = [
        str(row) for row in (await one(filled, "select array_agg(id) from (select id from people.person limit 2) p"))[0]
    ]
    await sent(persons=[person])
    mine = (await server.as_("resident", person=person).ask(INBOX)).data["me"]
    assert mine["unreadNotices"] == mine["notices"]["totalCount"] == 1
    [notice] = mine["notices"]["nodes"]
    assert notice["title"] == "A case was given to you." and notice["read"] is False
    assert (await server.as_("resident", person=other).ask(INBOX)).data["me"]["notices"]["nodes"] == []


async def test_language_is_callers(server: Server, sent: Any) -> None:
    caller = server.as_("resident")
    await sent(accounts=["resident", "resident"])
    caller.headers["accept-language"] = "zh-CN"
    [notice] = (await caller.ask(INBOX)).data["me"]["notices"]["nodes"]
    assert (notice["title"], notice["body"]) == (ASSIGNED.title.zh, ASSIGNED.body.zh)


async def test_office_reads_in_its_grid(server: Server, filled: str, sent: Any) -> None:
    town = await one(filled, "select id, code from grids.grid where kind='TOWN' order by code limit 1")
    other = await one(filled, "select id, code from grids.grid where kind='TOWN' order by code desc limit 1")
    await sent(offices=[Office("cases.dispatch", town["id"])])
    seen = {
        code: (await server.as_("town_dispatcher", grid=code).ask(INBOX)).data["me"]["unreadNotices"]
        for code in (town["code"], other["code"], "610921")
    }
    assert seen == {town["code"]: 1, other["code"]: 0, "610921": 1}
    assert (await server.as_("auditor", grid="610921").ask(INBOX)).data["me"]["unreadNotices"] == 0


async def test_unit_reads_its_own(server: Server, filled: str, sent: Any) -> None:
    first, second = [
        await one(filled, "select id, code from units.unit order by code limit 1 offset $1", at) for at in (0, 1)
    ]
    await sent(units=[first["id"]])
    assert (await server.as_("department_handler", unit=first["code"]).ask(INBOX)).data["me"]["unreadNotices"] == 1
    assert (await server.as_("department_handler", unit=second["code"]).ask(INBOX)).data["me"]["unreadNotices"] == 0


async def test_reading_marks_read(server: Server, sent: Any) -> None:
    caller, stranger = server.as_("resident"), server.as_("auditor", grid="610921")
    await sent(accounts=["resident"])
    [notice] = (await caller.ask(INBOX)).data["me"]["notices"]["nodes"]
    refused = await stranger.do("readNotices", "notices { id }", notices=[notice["id"]])
    assert codes_of(refused["errors"]) == ["NOT_FOUND"]
    read = await caller.do("readNotices", "notices { id read readAt }", notices=[notice["id"], notice["id"]])
    assert read["errors"] == [] and [row["read"] for row in read["notices"]] == [True]
    server.clock.move(hours=1)
    again = await caller.do("readNotices", "notices { readAt }", notices=[notice["id"]])
    assert again["notices"][0]["readAt"] == read["notices"][0]["readAt"]
    assert (await caller.ask(INBOX)).data["me"]["unreadNotices"] == 0
    unread = "{ me { notices(filter: { read: { equals: false } }) { totalCount } } }"
    assert (await caller.ask(unread)).data["me"]["notices"]["totalCount"] == 0


@pytest.mark.parametrize("given", [[], ["Notice:nothing"], ["Case:1"]])
async def test_reading_nothing_is_refused(server: Server, given: list[str]) -> None:
    refused = await server.as_("resident").do("readNotices", "notices { id }", notices=given)
    assert refused["notices"] is None and [error["path"] for error in refused["errors"]] == [["notices"]]


async def test_notice_of_an_aborted_command_is_gone(server: Server, filled: str, sent: Any) -> None:
    with pytest.raises(asyncpg.PostgresError):
        async with in_transaction():
            await sent(accounts=["resident"])
            raise asyncpg.PostgresError
    assert (await server.as_("resident").ask(INBOX)).data["me"]["unreadNotices"] == 0


def test_unknown_office_is_refused() -> None:
    with pytest.raises(DeclarationError, match="offices are"):
        Office("cases.daydream", 1)
