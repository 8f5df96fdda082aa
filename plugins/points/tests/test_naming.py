"""Naming people: a manager who sees no files finds whom a mutation needs, and no more of them."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from gongzhi.core.access import quota
from gongzhi_server.testing import codes_of

PLATES = "people { id name phone grid { code } }"
TOWN = "610921100"
NAME = "select p.name, g.code, t.code as town from people.person p join grids.grid g on g.id=p.grid_id "
NAME += "join grids.grid t on t.id=p.town_id where p.id=$1"


@pytest.fixture
def asked() -> dict[str, Any]:
    return {"permission": "points.manage", "purpose": "登记集体账户负责人"}


async def read_person(village: Any, at: int = 0) -> Any:
    [row] = await village.fetch(NAME, village.people[at])
    return row


async def test_manager_names_a_leader(village: Any, asked: dict[str, Any]) -> None:
    """Found by the whole name, with masked number and grid; named to the mutation; told of the look; no file seen."""
    person, row = f"Person:{village.people[0]}", await read_person(village)
    asked["grid"] = row["code"]
    found = await village.manager.do("findPeopleToName", PLATES, name=row["name"], **asked)
    assert found["errors"] == []
    plate = next(one for one in found["people"] if one["id"] == person)
    assert (plate["name"], plate["grid"]) == (row["name"], {"code": row["code"]})
    assert plate["phone"] is None or "*" in plate["phone"]
    hidden = await village.manager.ask(f'{{ person(id: "{person}") {{ birthDate }} }}')
    assert hidden.data["person"] is None
    group = {"programme": village.programme, "name": "志愿服务队", "leader": person}
    assert (await village.manager.do("openPointsGroup", "account { id }", **group))["errors"] == []
    log = (await village.resident().ask("{ me { accessLog { nodes { kind purpose fields reader { role } } } } }")).data
    look = next(one for one in log["me"]["accessLog"]["nodes"] if one["kind"] == "FIND")
    assert (look["purpose"], look["reader"]) == (asked["purpose"], {"role": "points_manager"})
    assert look["fields"] == ["Person.grid", "Person.name", "Person.phone"]


async def test_who_is_found(village: Any, asked: dict[str, Any]) -> None:
    """The whole name only, within one's grids, for a permission that names people and that one holds."""
    row = await read_person(village)
    elsewhere = village.server.as_("points_manager", grid="610921102")
    found = await elsewhere.do("findPeopleToName", PLATES, name=row["name"], **asked)
    assert found["errors"] == [] and f"Person:{village.people[0]}" not in [one["id"] for one in found["people"]]
    part = await village.manager.do("findPeopleToName", PLATES, name=row["name"][:1], **asked)
    assert part == {"people": [], "errors": []}
    kinds = "select array_agg(kind::text) from access.look where account like 'points_manager%' and persons='{}'"
    assert "FIND" in (await village.fetch(kinds))[0][0], "a search in vain is on record"
    for caller, permission in (
        (village.manager, "points.view"),
        (village.manager, "party.keep_members"),
        (village.worker, "points.manage"),
        (village.resident(), "points.manage"),
        (village.server, "points.manage"),
    ):
        given = {**asked, "permission": permission, "name": row["name"]}
        refused = await caller.do("findPeopleToName", PLATES, **given)
        assert codes_of(refused["errors"]) == ["FORBIDDEN"], permission
    connection = await asyncpg.connect(village.dsn)
    try:
        for change in (
            "update people.person set restricted_at=now() where id=$1",
            "update people.person set restricted_at=null, died_on='2026-01-01' where id=$1",
        ):
            await connection.execute(change, village.people[0])
            found = await village.manager.do("findPeopleToName", PLATES, name=row["name"], **asked, grid=row["code"])
            assert f"Person:{village.people[0]}" not in [one["id"] for one in found["people"]]
        await connection.execute(
            "update people.person set died_on=null, restricted_at=now() where id=$1", village.people[0]
        )
    finally:
        await connection.close()
    group = {"programme": village.programme, "name": "队", "leader": f"Person:{village.people[0]}"}
    refused = await village.manager.do("openPointsGroup", "account { id }", **group)
    assert codes_of(refused["errors"]) == ["NOT_FOUND"]


async def test_namesakes_and_quota(village: Any, asked: dict[str, Any], monkeypatch: Any) -> None:
    """More than ten of a name are too many to show, and those found count as looks at protected values do."""
    await village.fetch("update people.person set name='张三' where town_id in (select id from grids.grid "
                        "where code=$1)", TOWN)  # fmt: skip
    many = await village.manager.do("findPeopleToName", PLATES, name="张三", **asked)
    assert codes_of(many["errors"]) == ["TOO_MANY"]
    await village.fetch("update people.person set name='李四' where id=$1", village.people[0])
    monkeypatch.setattr(quota, "SPENT", quota.SPENT.replace("count(distinct one)", "100+count(distinct one)"))
    over = await village.manager.do("findPeopleToName", PLATES, name="李四", **asked)
    assert codes_of(over["errors"]) == ["QUOTA_EXCEEDED"] and over["people"] is None
