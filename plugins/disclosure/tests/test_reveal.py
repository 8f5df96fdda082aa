"""Protected values in clear: one's own, others' for a purpose and within a quota, people found by them, emergencies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi.core.access import break_glass, quota
from gongzhi.runtime import sealing
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import Server, codes_of, settings_for_tests

from .conftest import Log, People

REVEALED = "values { id field value }"
FOUND = "people { id name }"


async def values(log: Log, people: People, database: str, at: int = 0) -> dict[str, Any]:
    """What is sealed in the tables, opened with the deployment's keys."""
    keys = load_key_ring(settings_for_tests(database, Path(".")))
    row = await log.connection.fetchrow("select * from people.person where id = $1", people.keys[at])
    phone = await log.connection.fetchrow(
        "select * from people.phone where person_id = $1 order by rank, id limit 1", people.keys[at]
    )
    assert row and phone
    key = keys.unwrap("610921", row["data_key"])
    return {
        "residentId": sealing.open_value(key, f"people.person.resident_id:{row['id']}", row["resident_id_sealed"]),
        "phone": sealing.open_value(key, f"people.phone.number:{phone['id']}", phone["sealed"]),
    }


async def test_own_in_clear(people: People, server: Server, log: Log, database: str) -> None:
    """Whoever reads their own entry reads it in clear, by whatever way; everybody else reads masks."""
    known = await values(log, people, database)
    shown = "residentId phone phones { number }"
    me = people.resident(0)
    expected = {**known, "phones": [{"number": known["phone"]}]}
    mine = (await me.ask(f"{{ me {{ person {{ {shown} }} }} }}")).data["me"]["person"]
    assert {**mine, "phones": mine["phones"][:1]} == expected
    listed = f"{{ people {{ nodes {{ id {shown} }} }} me {{ person {{ household {{ head {{ {shown} }} }} }} }} }}"
    answer = (await me.ask(listed)).data
    own = [one for one in answer["people"]["nodes"] if one["id"] == people.id(0)]
    assert [one["phone"] for one in own] == [known["phone"]]
    others = [one for one in answer["people"]["nodes"] if one["id"] != people.id(0)]
    assert others and all("*" in one["phone"] for one in others if one["phone"])
    worker = server.as_("grid_worker", grid=people.grid)
    asked = f"query($id: ID!) {{ person(id: $id) {{ {shown} }} }}"
    assert known["phone"] not in str((await worker.ask(asked, id=people.id(0))).body)


async def test_reveal_is_logged_first(people: People, server: Server, log: Log, database: str) -> None:
    known = await values(log, people, database)
    worker = server.as_("grid_worker", grid=people.grid)
    given = {"ids": [people.id(0)], "fields": ["phone", "residentId"], "purpose": "走访前联系"}
    payload = await worker.do("reveal", REVEALED, **given)
    assert payload["errors"] == []
    found = {one["field"]: one["value"] for one in payload["values"]}
    assert found == known and {one["id"] for one in payload["values"]} == {people.id(0)}
    [look] = await log.all()
    assert (look["kind"], look["purpose"], look["persons"]) == ("REVEAL", "走访前联系", [people.keys[0]])
    assert look["fields"] == ["Person.phone", "Person.residentId"]
    kept = await log.connection.fetch(
        "select t::text as text from access.act t union all select t::text from journal.request t"
    )
    written = str([dict(one) for one in [*kept, look]])
    assert not any(value in written for value in known.values())


async def test_same_reveal_twice(people: People, server: Server, log: Log) -> None:
    """A reveal is carried out, and told of, each time: nothing of its answer is kept under its key."""
    worker = server.as_("grid_worker", grid=people.grid)
    given = {"ids": [people.id(0)], "fields": ["phone"], "purpose": "联系", "idempotencyKey": "one"}
    first, second = [await worker.do("reveal", REVEALED, **given) for _ in range(2)]
    assert first == second and len(await log.all()) == 2
    assert await log.connection.fetchval("select count(*) from journal.request where mutation = 'reveal'") == 0
    sent = {**given, "idempotencyKey": None}
    asked = "mutation($input: RevealInput!) { reveal(input: $input) { values { value } errors { code } } }"
    assert (await worker.ask(asked, input={k: v for k, v in sent.items() if v})).data["reveal"]["values"]


async def test_reveal_refused(people: People, server: Server, log: Log) -> None:
    """Without purpose, permission or scope nothing is shown, and who is not to be seen is not there."""
    worker = server.as_("grid_worker", grid=people.grid)
    good = {"ids": [people.id(0)], "fields": ["phone"], "purpose": "联系"}
    for bad, code in (
        ({"purpose": " "}, "BAD_USER_INPUT"),
        ({"fields": ["name"]}, "BAD_USER_INPUT"),
        ({"fields": []}, "BAD_USER_INPUT"),
        ({"ids": []}, "BAD_USER_INPUT"),
        ({"ids": [f"Person:{break_glass.WINDOW}"]}, "NOT_FOUND"),
    ):
        payload = await worker.do("reveal", REVEALED, **{**good, **bad})
        assert payload["values"] is None and codes_of(payload["errors"]) == [code], bad
    away = await server.as_("grid_worker", grid=people.elsewhere).do("reveal", REVEALED, **good)
    assert codes_of(away["errors"]) == ["NOT_FOUND"]
    family = people.resident(1)
    asked = "mutation($input: RevealInput!) { reveal(input: $input) { values { value } errors { code } } }"
    assert (await family.ask(asked, input=good)).codes == ["FORBIDDEN"]
    assert await log.all() == []


async def test_quota_ends_reveals(people: People, server: Server, log: Log, monkeypatch: Any) -> None:
    """Over the quota nothing is shown, and the data-protection officer is told; the next day it goes on."""
    monkeypatch.setattr(quota, "SPENT", quota.SPENT.replace("count(distinct one)", "99+count(distinct one)"))
    worker = server.as_("grid_worker", grid=people.grid)
    given = {"ids": [people.id(0)], "fields": ["phone"], "purpose": "联系"}
    assert (await worker.do("reveal", REVEALED, **given))["errors"] == []
    refused = await worker.do("reveal", REVEALED, **{**given, "ids": [people.id(1)]})
    assert refused["values"] is None and codes_of(refused["errors"]) == ["QUOTA_EXCEEDED"]
    officer = server.as_("data_protection_officer", grid="610921")
    asked = "{ accessAlerts { nodes { kind account count } } me { notices { nodes { title } } } }"
    told = (await officer.ask(asked)).data
    assert told["accessAlerts"]["nodes"] == [{"kind": "QUOTA", "account": f"grid_worker-{people.grid}", "count": 101}]
    assert len(told["me"]["notices"]["nodes"]) == 1
    server.clock.move(days=1, seconds=1)
    worker = server.as_("grid_worker", grid=people.grid)
    assert (await worker.do("reveal", REVEALED, **given))["errors"] == []


@pytest.mark.parametrize("field", ["residentId", "phone"])
async def test_found_by_number(people: People, server: Server, log: Log, database: str, field: str) -> None:
    """Exactly this number, in this county, of somebody in scope; whoever is found is told."""
    known, worker = await values(log, people, database), server.as_("grid_worker", grid=people.grid)
    given = {"county": "610921", field: known[field], "purpose": "核对来访人员"}
    payload = await worker.do("findPerson", FOUND, **given)
    assert people.id(0) in [one["id"] for one in payload["people"]]
    [look] = await log.all()
    assert look["kind"] == "FIND" and look["fields"] == [f"Person.{field}"]
    away = server.as_("grid_worker", grid=people.elsewhere)
    assert await away.do("findPerson", FOUND, **given) == {"people": [], "errors": []}
    assert len(await log.all()) == 1
    masked = await worker.do("findPerson", FOUND, **{**given, field: "138****0017"})
    assert codes_of(masked["errors"])[0] in ("MASKED_VALUE", "BAD_USER_INPUT")
    both = await worker.do("findPerson", FOUND, **{**given, "residentId": "x", "phone": "y"})
    assert codes_of(both["errors"]) == ["BAD_USER_INPUT"]


async def test_glass_opens_for_ten_minutes(people: People, server: Server, log: Log) -> None:
    """Somebody beyond the scope can be looked at through the glass, by nobody else, and not a minute longer."""
    away = server.as_("town_dispatcher", grid=people.elsewhere)
    asked = {"query": f'{{ person(id: "{people.id(0)}") {{ name birthDate household {{ address }} }} }}'}

    async def look(caller: Server, glass: str | None) -> Any:
        extensions = {"glass": glass} if glass else {}
        reply = await caller.client.post("/graphql", json={**asked, "extensions": extensions}, headers=caller.headers)
        return reply.json()["data"]["person"]

    assert await look(away, None) is None
    given = {"person": people.id(0), "reason": "山洪转移，核对住址"}
    payload = await away.do("breakGlass", "glass { id until person { name } }", **given)
    assert payload["errors"] == [] and payload["glass"]["until"] == "2026-06-30T02:10:00+00:00"
    glass = payload["glass"]["id"]
    assert await look(away, None) is None
    seen = await look(away, glass)
    assert seen["name"] == people.names[0] and seen["household"]["address"]
    assert await look(server.as_("town_dispatcher", grid=people.elsewhere, sub="other"), glass) is None
    assert [one["kind"] for one in await log.all()] == ["BREAK_GLASS", "BREAK_GLASS"]
    server.clock.move(minutes=10)
    assert await look(away, glass) is None
    told = "{ me { notices { nodes { title } } accessLog { nodes { kind purpose reader { role } } } } }"
    mine = (await people.resident(0).ask(told)).data["me"]
    assert len(mine["notices"]["nodes"]) == 1
    assert {one["purpose"] for one in mine["accessLog"]["nodes"]} == {"山洪转移，核对住址", "person"}
    officer = (await server.as_("data_protection_officer", grid="610921").ask(told)).data["me"]
    assert len(officer["notices"]["nodes"]) == 1
    replayed = await away.do("breakGlass", "glass { id person { name } }", **given)
    assert replayed["glass"]["id"] != glass and replayed["glass"]["person"] is None


async def test_glass_refused(people: People, server: Server, log: Log) -> None:
    away = server.as_("town_dispatcher", grid=people.elsewhere)
    asked = "mutation($input: BreakGlassInput!) { breakGlass(input: $input) { errors { code } } }"
    given = {"person": people.id(0), "reason": "急", "idempotencyKey": "one"}
    worker = server.as_("grid_worker", grid=people.elsewhere)
    assert (await worker.ask(asked, input=given)).codes == ["FORBIDDEN"]
    for bad, code in (
        ({"reason": ""}, "BAD_USER_INPUT"),
        ({"person": "Person:nobody"}, "NOT_FOUND"),
        ({"person": None}, "BAD_USER_INPUT"),
    ):
        payload = await away.do("breakGlass", "glass { id }", **{"person": people.id(0), "reason": "急", **bad})
        assert codes_of(payload["errors"]) == [code], bad
    assert await log.all() == []
