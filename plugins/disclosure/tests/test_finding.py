"""People found by name, to be named to a mutation: where the permission is held, and no more than is needed of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.core.access import quota
from gongzhi_disclosure.naming import NAMESAKES
from gongzhi_server.testing import Server, codes_of

from .conftest import Log, People, find_household

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTY, NAME = "610921", "重名者测试"
SHOWN = "people { id name phone grid { code } }"
ASKED = {"permission": "party.keep_members", "name": NAME, "purpose": "接收党员"}


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


@pytest_asyncio.fixture(loop_scope="module")
async def log(shared_database: str) -> AsyncIterator[Log]:
    """What a test writes. Nobody has the name before it, nor after."""
    connection = await asyncpg.connect(shared_database)
    yield Log(connection, await connection.fetchval("select count(*) from access.look"))
    await connection.execute("update people.person set name='别名' where name=$1", NAME)
    await connection.close()


@pytest_asyncio.fixture(loop_scope="module")
async def people(server: Server, log: Log) -> People:
    return await find_household(server, log)


@pytest.fixture
def secretary(server: Server) -> Server:
    return server.as_("party_secretary", grid=COUNTY)


async def rename(log: Log, count: int, condition: str = "true") -> list[UUID]:
    """So many people get the name: the first by id of whom the condition holds."""
    rows = await log.connection.fetch(
        f"update people.person set name=$1 where id in (select id from people.person p where {condition} "
        "and died_on is null and restricted_at is null and erased_at is null order by id limit $2) returning id",
        NAME,
        count,
    )
    return sorted(row["id"] for row in rows)


def named(payload: dict[str, Any]) -> list[UUID]:
    assert payload["errors"] == [], payload
    return [UUID(one["id"].partition(":")[2]) for one in payload["people"]]


async def test_namesakes_are_told_apart(secretary: Server, log: Log) -> None:
    """By where they live and a masked number; the search is a look, told to each who was found."""
    expected = await rename(log, 2, "exists (select from people.phone f where f.person_id = p.id)")
    payload = await secretary.do("findPeopleToName", SHOWN, **ASKED)
    assert named(payload) == expected
    for one in payload["people"]:
        assert one["name"] == NAME and one["grid"]["code"].startswith(COUNTY) and "*" in one["phone"]
    [look] = await log.all()
    assert (look["kind"], look["purpose"]) == ("FIND", "接收党员") and sorted(look["persons"]) == expected
    assert look["fields"] == ["Person.grid", "Person.name", "Person.phone"]


async def test_part_of_a_name_finds_nobody(secretary: Server, log: Log) -> None:
    """And is a look all the same: a name that nobody has tells something, too."""
    await rename(log, 1)
    assert named(await secretary.do("findPeopleToName", SHOWN, **{**ASKED, "name": NAME[:-1]})) == []
    [look] = await log.all()
    assert (look["kind"], look["persons"]) == ("FIND", [])


@pytest.mark.parametrize("column", ["died_on", "restricted_at", "erased_at"])
async def test_who_cannot_be_named_is_not_found(secretary: Server, log: Log, column: str) -> None:
    first, second = await rename(log, 2)
    await log.connection.execute(f"update people.person set {column}='2026-06-01' where id=$1", first)
    assert named(await secretary.do("findPeopleToName", SHOWN, **ASKED)) == [second]


async def test_found_only_where_it_is_held(server: Server, log: Log) -> None:
    """A secretary of one town finds nobody of another, also by the other's code."""
    [key] = await rename(log, 1)
    rows = await log.connection.fetch(
        "select g.code, g.id = p.town_id as theirs from grids.grid g, people.person p "
        "where p.id = $1 and g.kind = 'TOWN' and g.county_id = p.county_id and g.valid_to is null",
        key,
    )
    theirs = next(row["code"] for row in rows if row["theirs"])
    other = next(row["code"] for row in rows if not row["theirs"])
    at_home, away = (server.as_("party_secretary", grid=code) for code in (theirs, other))
    assert named(await at_home.do("findPeopleToName", SHOWN, **ASKED)) == [key]
    assert named(await away.do("findPeopleToName", SHOWN, **ASKED)) == []
    assert named(await away.do("findPeopleToName", SHOWN, **ASKED, grid=theirs)) == []
    everywhere = server.as_("party_secretary", grid=COUNTY)
    assert named(await everywhere.do("findPeopleToName", SHOWN, **ASKED, grid=other)) == []
    assert named(await everywhere.do("findPeopleToName", SHOWN, **ASKED, grid=theirs)) == [key]


async def test_nobody_is_found_for_a_plugin_that_is_off(secretary: Server, log: Log) -> None:
    await rename(log, 1)
    off = await log.connection.fetch(
        "update plugins.activation set active=false where plugin='party' and until is null and active returning id"
    )
    assert off and named(await secretary.do("findPeopleToName", SHOWN, **ASKED)) == []
    on = "update plugins.activation set active=true where id=any($1)"
    await log.connection.execute(on, [row["id"] for row in off])
    assert len(named(await secretary.do("findPeopleToName", SHOWN, **ASKED))) == 1


async def test_too_many_namesakes(secretary: Server, log: Log) -> None:
    """Nobody of them is shown, nor told; a smaller grid finds those who live there."""
    await rename(log, NAMESAKES + 1)
    payload = await secretary.do("findPeopleToName", SHOWN, **ASKED)
    assert payload["people"] is None
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("TOO_MANY", ["grid"])]
    assert await log.all() == []
    first = "select id from people.person where name=$1 order by id limit 1"
    await log.connection.execute(f"update people.person set name='别名' where id=({first})", NAME)
    assert len(named(await secretary.do("findPeopleToName", SHOWN, **ASKED))) == NAMESAKES


async def test_names_count_as_reveals_do(secretary: Server, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "SPENT", quota.SPENT.replace("count(distinct one)", "100+count(distinct one)"))
    await rename(log, 1)
    payload = await secretary.do("findPeopleToName", SHOWN, **ASKED)
    assert payload["people"] is None
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("QUOTA_EXCEEDED", ["name"])]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"name": " "}, "BAD_USER_INPUT", ["name"]),
        ({"name": "名" * 101}, "BAD_USER_INPUT", ["name"]),
        ({"purpose": ""}, "BAD_USER_INPUT", ["purpose"]),
        ({"permission": "party.nonsense"}, "FORBIDDEN", ["permission"]),
        ({"permission": "people.view"}, "FORBIDDEN", ["permission"]),  # held, and names nobody
        ({"permission": "points.manage"}, "FORBIDDEN", ["permission"]),  # names people, and is not held
        ({"grid": "999999"}, "NOT_FOUND", ["grid"]),
        ({"grid": "61"}, "NOT_FOUND", ["grid"]),  # a province lies in no county
    ],
)
async def test_bad_searches(secretary: Server, log: Log, change: dict[str, str], code: str, path: list[str]) -> None:
    payload = await secretary.do("findPeopleToName", SHOWN, **{**ASKED, **change})
    assert payload["people"] is None
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, path)]
    assert await log.all() == []


# the glass, for whoever is known by a number only


async def test_glass_by_number_needs_one_person(people: People, server: Server, log: Log) -> None:
    """A telephone that several have opens no file; a number that nobody has looks like one out of reach."""
    away = server.as_("town_dispatcher", grid=people.elsewhere)
    worker = server.as_("grid_worker", grid=people.grid)
    given = {"county": COUNTY, "phone": "13912345678", "reason": "山洪转移"}
    nobody = await away.do("breakGlass", "glass { id }", **given)
    assert [(one["code"], one["path"]) for one in nobody["errors"]] == [("NOT_FOUND", ["person"])]
    ids = []
    for name in ("甲", "乙"):
        more = {"grid": people.grid, "residence": "RESIDENT", "phones": [given["phone"]]}
        made = await worker.do("registerPerson", "person { id }", name=name, **more)
        assert made["errors"] == [], made
        ids.append(made["person"]["id"])
    several = await away.do("breakGlass", "glass { id }", **given)
    assert [(one["code"], one["path"]) for one in several["errors"]] == [("BAD_USER_INPUT", ["phone"])]
    assert [one for one in await log.all() if one["kind"] == "BREAK_GLASS"] == []
    await log.connection.execute("delete from people.phone where person_id=$1::text::uuid", ids[1].partition(":")[2])
    opened = await away.do("breakGlass", "glass { id }", **given)
    assert opened["errors"] == [] and opened["glass"]
    [look] = [one for one in await log.all() if one["kind"] == "BREAK_GLASS"]
    assert [f"Person:{one}" for one in look["persons"]] == ids[:1]


async def test_numbers_are_looked_for_in_a_county(people: People, server: Server) -> None:
    worker = server.as_("grid_worker", grid=people.grid)
    given = {"phone": "13912345678", "purpose": "核对"}
    for county in ("610999", people.grid):
        payload = await worker.do("findPerson", "people { id }", county=county, **given)
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [("NOT_FOUND", ["county"])], county
    neither = await worker.do("findPerson", "people { id }", county=COUNTY, purpose="核对")
    assert codes_of(neither["errors"]) == ["BAD_USER_INPUT"]


async def test_values_nobody_has(people: People, server: Server, log: Log) -> None:
    """A single value that is missing is null, a list of them empty."""
    await log.connection.execute("delete from people.phone where person_id=$1", people.keys[0])
    given = {"ids": [people.id(0)], "fields": ["phone", "phones"], "purpose": "联系"}
    payload = await server.as_("grid_worker", grid=people.grid).do("reveal", "values { field value }", **given)
    assert payload == {"values": [{"field": "phone", "value": None}], "errors": []}
