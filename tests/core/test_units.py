"""Units over HTTP: added, changed, closed."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

pytestmark = pytest.mark.together

UNIT = "unit { code name kind reach uscc dutyPhone parent { code } grid { code } validTo version }"
USCC = "91350100M000100Y43"
NEW = {"code": "610921-NEW", "name": "测试局", "kind": "COUNTY_DEPARTMENT", "reach": "LINE", "grid": "610921"}


@pytest.fixture
def administrator(server: Server) -> Server:
    return server.as_("administrator", grid="610921")


@pytest_asyncio.fixture(loop_scope="module")
async def database(filled: str) -> Any:
    connection = await asyncpg.connect(filled)
    yield connection
    await connection.close()


async def content(database: Any) -> Any:
    """All that is written about units, to compare."""
    return await database.fetchval("select md5(string_agg(t::text, '' order by t.id)) from units.unit t")


async def done(caller: Server, mutation: str, **given: Any) -> Any:
    answer = await caller.do(mutation, UNIT, **given)
    assert answer["errors"] == []
    return answer["unit"]


async def refused(caller: Server, mutation: str, **given: Any) -> list[tuple[str, list[str]]]:
    answer = await caller.do(mutation, "unit { code }", **given)
    assert answer["unit"] is None
    messages = [one["message"] for one in answer["errors"]]
    assert not any(value in message for value in map(str, given.values()) if value.strip() for message in messages)
    return [(one["code"], one["path"]) for one in answer["errors"]]


async def test_unit_added_whole(administrator: Server) -> None:
    more = {"uscc": USCC.lower(), "dutyPhone": "0915-520 0017", "parent": "610921-SLJ"}
    made = await done(administrator, "addUnit", **NEW, **more)
    assert made == {
        "code": "610921-NEW",
        "name": "测试局",
        "kind": "COUNTY_DEPARTMENT",
        "reach": "LINE",
        "uscc": USCC,
        "dutyPhone": "09155200017",
        "parent": {"code": "610921-SLJ"},
        "grid": {"code": "610921"},
        "validTo": None,
        "version": 1,
    }


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"uscc": "91350100M000100Y44"}, "BAD_USER_INPUT", ["uscc"]),
        ({"uscc": "9135"}, "BAD_USER_INPUT", ["uscc"]),
        ({"dutyPhone": "138****0017"}, "MASKED_VALUE", ["dutyPhone"]),
        ({"code": "610921 NEW"}, "BAD_USER_INPUT", ["code"]),
        ({"code": "610921-SLJ"}, "DUPLICATE", ["code"]),
        ({"name": " "}, "BAD_USER_INPUT", ["name"]),
        ({"grid": "610999"}, "NOT_FOUND", ["grid"]),
        ({"grid": "6109"}, "FORBIDDEN", ["grid"]),
        ({"parent": "NOBODY"}, "NOT_FOUND", ["parent"]),
    ],
)
async def test_bad_unit_refused(
    administrator: Server, database: Any, given: dict[str, Any], code: str, path: list[str]
) -> None:
    before = await content(database)
    assert await refused(administrator, "addUnit", **{**NEW, **given}) == [(code, path)]
    assert await content(database) == before


@pytest.mark.alone
async def test_unit_changes_partly(administrator: Server) -> None:
    made = await done(administrator, "addUnit", **NEW, uscc=USCC, dutyPhone="09155200017")
    changed = await done(administrator, "updateUnit", code=NEW["code"], expectedVersion=1, name="新局", uscc=None)
    assert changed == {**made, "name": "新局", "uscc": None, "version": 2}
    moved = {"grid": "610921100", "kind": "TOWN_BODY", "reach": "AREA", "parent": "610921-SLJ"}
    changed = await done(administrator, "updateUnit", code=NEW["code"], expectedVersion=2, **moved)
    assert (changed["grid"], changed["kind"], changed["reach"]) == ({"code": "610921100"}, "TOWN_BODY", "AREA")
    assert (changed["parent"], changed["name"]) == ({"code": "610921-SLJ"}, "新局")


@pytest.mark.alone
async def test_no_unit_above_itself(administrator: Server, database: Any) -> None:
    await done(administrator, "addUnit", **NEW, parent="610921-SLJ")
    before = await content(database)
    given = {"code": "610921-SLJ", "expectedVersion": 1}
    for parent in ("610921-NEW", "610921-SLJ"):
        assert await refused(administrator, "updateUnit", **given, parent=parent) == [("BAD_USER_INPUT", ["parent"])]
    assert await refused(administrator, "updateUnit", code="610921-SLJ", expectedVersion=9, name="水利") == [
        ("STALE_VERSION", ["expectedVersion"])
    ]
    assert await content(database) == before


@pytest.mark.alone
async def test_closed_for_good(administrator: Server, database: Any) -> None:
    """A unit closes after those that belong to it; then nothing is done to it, and its code is not given again."""
    await done(administrator, "addUnit", **NEW)
    await done(administrator, "addUnit", **{**NEW, "code": "610921-SUB", "parent": "610921-NEW"})
    given = {"code": "610921-NEW", "expectedVersion": 1}
    before = await content(database)
    assert await refused(administrator, "closeUnit", **given) == [("BAD_USER_INPUT", ["code"])]
    assert await refused(administrator, "closeUnit", **given, validTo="2026-07-01") == [("BAD_USER_INPUT", ["validTo"])]
    assert await content(database) == before
    await done(administrator, "closeUnit", code="610921-SUB", expectedVersion=1)
    closed = await done(administrator, "closeUnit", **given)
    assert (closed["validTo"], closed["version"]) == ("2026-06-30", 2)
    assert await refused(administrator, "updateUnit", code="610921-NEW", expectedVersion=2, name="又") == [
        ("NOT_FOUND", ["code"])
    ]
    assert await refused(administrator, "addUnit", **NEW) == [("DUPLICATE", ["code"])]


async def test_others_may_not(server: Server, database: Any) -> None:
    before = await content(database)
    asked = "mutation($input: AddUnitInput!) { addUnit(input: $input) { unit { code } } }"
    answer = await server.as_("county_dispatcher", grid="610921").ask(asked, input={"idempotencyKey": "one", **NEW})
    assert answer.codes == ["FORBIDDEN"]
    town = server.as_("administrator", grid="610921100")
    assert await refused(town, "updateUnit", code="610921-SLJ", expectedVersion=1, name="水利") == [
        ("FORBIDDEN", ["code"])
    ]
    assert await content(database) == before
