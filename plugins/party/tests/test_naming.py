"""Naming people: a secretary who sees no files finds whom to admit."""

from __future__ import annotations

from typing import Any

from gongzhi_server.testing import codes_of


async def test_secretary_admits_whom_they_find(town: Any) -> None:
    """Found by name under the permission that admits, admitted by the id; whose data are restricted is neither."""
    [row] = await town.fetch("select name from people.person where id=$1", town.people[0])
    [place] = await town.fetch(
        "select g.code from people.person p join grids.grid g on g.id=p.grid_id where p.id=$1", town.people[0]
    )
    asked = {"permission": "party.keep_members", "name": row["name"], "grid": place["code"], "purpose": "接收党员"}
    found = await town.secretary.do("findPeopleToName", "people { id }", **asked)
    assert found["errors"] == [] and {"id": town.person()} in found["people"]
    away = await town.beyond.do("findPeopleToName", "people { id }", **asked)
    assert away == {"people": [], "errors": []}
    member = {"branch": town.branch, "person": town.person(), "joinedOn": "2015-07-01"}
    await town.fetch("update people.person set restricted_at=now() where id=$1", town.people[0])
    refused = await town.secretary.do("admitPartyMember", "member { id }", **member)
    assert codes_of(refused["errors"]) == ["NOT_FOUND"]
    found = await town.secretary.do("findPeopleToName", "people { id }", **asked)
    assert {"id": town.person()} not in found["people"]
    await town.fetch("update people.person set restricted_at=null where id=$1", town.people[0])
    assert (await town.secretary.do("admitPartyMember", "member { id }", **member))["errors"] == []
