"""Who looked at whose file: what is a look and what is none, over HTTP, against the access log itself."""

from __future__ import annotations

from typing import Any

import asyncpg
from gongzhi_server.testing import Server

from .conftest import Log, People

LOG = "me { accessLog(first: 20) { nodes { at reader { role unit { name } grid { code } } kind purpose fields } } }"


async def test_page_is_a_look(server: Server, people: People, log: Log) -> None:
    """Whoever asks for one person looks at their file, and the person reads who, when and what for."""
    worker = server.as_("grid_worker", grid=people.grid)
    worker.headers["gongzhi-purpose"] = "%E8%B5%B0%E8%AE%BF%E5%89%8D%E8%81%94%E7%B3%BB"
    await worker.ask("query Visiting($id: ID!) { person(id: $id) { name birthDate } }", id=people.id(0))
    [look] = await log.all()
    assert (look["persons"], look["operation"], look["kind"]) == ([people.keys[0]], "Visiting", "READ")
    mine = (await people.resident(0).ask(f"{{ {LOG} }}")).data["me"]["accessLog"]["nodes"]
    assert mine == [
        {
            "at": "2026-06-30T02:00:00+00:00",
            "reader": {"role": "grid_worker", "unit": None, "grid": {"code": people.grid}},
            "kind": "READ",
            "purpose": "走访前联系",
            "fields": ["Person.name", "Person.birthDate"],
        }
    ]
    assert (await people.resident(1).ask(f"{{ {LOG} }}")).data["me"]["accessLog"]["nodes"] == []


ALONE = (
    "query($id: ID!) { person(id: $id) { name } }",
    "query($id: ID!) { person(id: $id) { __typename } }",
    "query($id: ID!) { node(id: $id) { id } }",
    "query($id: ID!) { ... on Query { him: person(id: $id) { ... on Person { id } } } }",
)
NAMES = (
    "{ people { totalCount nodes { id name residentId phone grid { name } } } }",
    "{ people { edges { node { phones { number kind rank } } } } }",
    "{ households { nodes { id number grid { name } } } }",
    "{ cases { nodes { number requester { name phone } } } }",
    "query($grid: String!) { grid(code: $grid) { visits { nodes { at grid { name } household { number } } } } }",
    "query($grid: String!) { grid(code: $grid) { gridWorker { name dutyPhone } } }",
)
MORE = {
    "{ people(first: 3) { nodes { name birthDate } } }": {"Person.name", "Person.birthDate"},
    "{ people(first: 3) { edges { node { gender } } } }": {"Person.gender"},
    "{ households(first: 3) { nodes { address } } }": {"Household.address"},
    "{ households(first: 3) { nodes { members { totalCount } } } }": {"Household.members"},
    "query($grid: String!) { grid(code: $grid) { visits(first: 3) { nodes { note } } } }": {"Visit.note"},
}


async def test_even_the_name_alone(server: Server, people: People, log: Log) -> None:
    worker = server.as_("grid_worker", grid=people.grid)
    for asked in ALONE:
        assert (await worker.ask(asked, id=people.id(0))).data
    assert [one["persons"] for one in await log.all()] == [[people.keys[0]]] * len(ALONE)


async def test_lists_of_names_are_none(server: Server, people: People, log: Log) -> None:
    worker = server.as_("grid_worker", grid=people.grid)
    for asked in NAMES:
        answer = await worker.ask(asked, grid=people.grid)
        assert answer.data and await log.all() == [], asked


async def test_more_than_names_is_a_look(server: Server, people: People, log: Log) -> None:
    worker = server.as_("grid_worker", grid=people.grid)
    for at, (asked, fields) in enumerate(MORE.items(), 1):
        assert (await worker.ask(asked, grid=people.grid)).data
        found = await log.all()
        assert len(found) == at and found[-1]["persons"] and set(found[-1]["fields"]) == fields, asked


async def test_household_tells_its_members(server: Server, people: People, log: Log) -> None:
    """All who belong to it now are told, once, however often they come in the answer."""
    worker = server.as_("grid_worker", grid=people.grid)
    asked = "household(number: $n) { address members { nodes { person { name birthDate } } } head { birthDate } }"
    await worker.ask(f"query($n: String!) {{ {asked} again: {asked} }}", n=people.household)
    [look] = await log.all()
    assert sorted(look["persons"]) == sorted(people.keys) and len(people.keys) > 1


async def test_own_file_is_none(people: People, log: Log) -> None:
    """Looking at oneself is no look; the rest of the household is told of what is theirs."""
    me = people.resident(0)
    await me.ask("{ me { person { birthDate phone } } }")
    await me.ask("query($id: ID!) { person(id: $id) { birthDate } }", id=people.id(0))
    assert await log.all() == []
    await me.ask("{ me { person { household { address } } } }")
    [look] = await log.all()
    assert sorted(look["persons"]) == sorted(people.keys[1:])


async def test_mutation_payload_is_a_look(server: Server, people: People, log: Log) -> None:
    worker = server.as_("grid_worker", grid=people.grid)
    given: dict[str, Any] = {"person": people.id(0), "expectedVersion": 1}
    await worker.do("updatePerson", "person { name }", **given)
    assert await log.all() == []
    await worker.do("updatePerson", "person { birthDate }", **given | {"expectedVersion": 2})
    assert [one["persons"] for one in await log.all()] == [[people.keys[0]]]


async def test_denied_field_is_none(server: Server, people: People, log: Log) -> None:
    """Who sees nobody looks at nobody."""
    await server.ask("query($id: ID!) { person(id: $id) { birthDate } }", id=people.id(0))
    await server.as_("grid_worker", grid="610921110").ask(
        "query($id: ID!) { person(id: $id) { birthDate } }", id=people.id(0)
    )
    assert await log.all() == []


async def test_purpose_in_extensions(server: Server, people: People, log: Log) -> None:
    """In the request's extensions the purpose is written as it is; without any, the operation's name stands for it."""
    worker = server.as_("grid_worker", grid=people.grid)
    body = {"query": f'query Q {{ person(id: "{people.id(0)}") {{ name }} }}', "extensions": {"purpose": "入户\n走访"}}
    await worker.client.post("/graphql", json=body, headers=worker.headers)
    await worker.client.post("/graphql", json=body | {"extensions": {}}, headers=worker.headers)
    await worker.ask(f'{{ person(id: "{people.id(0)}") {{ name }} }}')
    assert [one["purpose"] for one in await log.all()] == ["入户 走访", "Q", "person"]


async def test_failed_write_fails_closed(server: Server, people: People, filled: str) -> None:
    """What cannot be written down is not shown."""
    connection = await asyncpg.connect(filled)
    await connection.execute("alter table access.look add constraint full_disk check (false) not valid")
    worker = server.as_("grid_worker", grid=people.grid)
    reply = await worker.ask(f'{{ person(id: "{people.id(0)}") {{ name birthDate }} }}')
    assert reply.body.get("data") is None and people.names[0] not in str(reply.body)
    assert reply.codes == ["INTERNAL_SERVER_ERROR"]
    await connection.execute("alter table access.look drop constraint full_disk")
    await connection.close()
    assert (await worker.ask(f'{{ person(id: "{people.id(0)}") {{ name }} }}')).data


async def test_worker_sees_own_looks(server: Server, people: People) -> None:
    worker = server.as_("grid_worker", grid=people.grid)
    await worker.ask(f'query Mine {{ person(id: "{people.id(0)}") {{ name }} }}')
    asked = "{ me { looks { nodes { operation peopleCount people } } } }"
    [look] = (await worker.ask(asked)).data["me"]["looks"]["nodes"]
    assert look == {"operation": "Mine", "peopleCount": 1, "people": [people.id(0)]}
    assert (await server.as_("grid_worker", grid="610921110").ask(asked)).data["me"]["looks"]["nodes"] == []


async def test_officer_sees_the_scope(server: Server, people: People) -> None:
    """The data-protection officer reads the looks at people in the scope, and nobody else does."""
    worker = server.as_("grid_worker", grid=people.grid)
    await worker.ask(f'{{ person(id: "{people.id(0)}") {{ name }} }}')
    asked = "{ looks { totalCount nodes { account people } } }"
    officer = server.as_("data_protection_officer", grid="610921")
    assert (await officer.ask(asked)).data["looks"]["nodes"][0]["people"] == [people.id(0)]
    away = server.as_("data_protection_officer", grid=people.elsewhere)
    assert (await away.ask(asked)).data["looks"] == {"totalCount": 0, "nodes": []}
    assert (await worker.ask(asked)).codes == ["FORBIDDEN"]
