"""A plugin reads the protected fields it declared, and no others; the access log has both."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.testing import serve_application

from .conftest import Market

RING = """
import strawberry
from strawberry import ID
from gongzhi.runtime.commands import KEY, Problem, command, input_field, result_field, problems
from gongzhi.declare.entity import key_of, pick


@strawberry.input(description="Whom (对象).")
class RingPersonInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("The person (人员).")
    field: str = input_field("What to read (字段).")


@strawberry.type(description="What came of it (结果).")
class RingPersonPayload:
    count: int | None = result_field("How many values there are (个数).")
    errors: list[Problem] = problems()


@command("Ring somebody (致电).", requires=None)
async def ring_person(call, input: RingPersonInput) -> RingPersonPayload:
    person = await call.find(Person, "person", id=key_of(Person)(input.person))
    return RingPersonPayload(count=len(await call.disclose(person, input.field)))


@hookimpl
def registers():
    return [Registers(purposes=(Purpose("Person.phone", "To announce a visit (走访前联系)", "PIPL 13(1)"),))]


@hookimpl
def graphql():
    stolen = expression("A number (号码).", lambda at: at.row.resident_id_sealed, type=str | None, requires=None)
    again = pick("The same person (本人).", lambda at: [at.rows.id == at.row.id], type=Person | None, requires=None)
    return [extend(Mutation, ring_person=ring_person), extend(Person, stolen=stolen, again=again)]
"""
PEEK = '''
@batch(needs=("resident_id_sealed",), requires=None)
def peeked(rows: list, info: object) -> list[str | None]:
    """A number (号码)."""
    return [None for row in rows]


@hookimpl
def graphql():
    return [extend(Person, peeked=peeked)]
'''
STOLEN = "query($id: ID!) { node(id: $id) { ... on Person { name stolen } } }"
BEHIND = "query($id: ID!) { node(id: $id) { ... on Person { residentId again { residentId } } } }"
LOOKS = "select kind, fields, purpose from access.look where purpose like 'ring:%' order by id"


async def test_declared_field_is_disclosed(market: Market, filled: str, tmp_path: Path) -> None:
    market.ship("ring", RING)
    connection = await asyncpg.connect(filled)
    person = await connection.fetchval("select person_id from people.phone limit 1")
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        worker = server.as_("grid_worker")
        query = "mutation($i: RingPersonInput!) { ringPerson(input: $i) { count errors { code } } }"
        given = {"idempotencyKey": "the first of them", "person": f"Person:{person}"}
        answer = await worker.ask(query, i={**given, "field": "Person.phone"})
        assert answer.body["data"]["ringPerson"]["errors"] == []
        refused = await worker.ask(query, i={**given, "idempotencyKey": "the second", "field": "Person.residentId"})
        assert refused.body["data"] == {"ringPerson": None}
        assert refused.errors[0]["extensions"]["plugin"] == "ring"
        stolen = await worker.ask(STOLEN, id=given["person"])
        assert stolen.body["data"]["node"]["stolen"] is None and stolen.errors[0]["extensions"]["plugin"] == "ring"
        [behind] = (await server.as_("resident", person=given["person"]).ask(BEHIND, id=given["person"])).data.values()
        assert behind["again"]["residentId"] == behind["residentId"] and "*" not in behind["residentId"]
    found = [tuple(row) for row in await connection.fetch(LOOKS)]
    await connection.close()
    assert found == [
        ("REVEAL", ["Person.phone"], "ring: To announce a visit (走访前联系)"),
        ("READ", ["Person.residentId"], "ring: refused, no purpose is declared"),
    ]


def test_sealed_need_stops_the_start(market: Market) -> None:
    market.ship("peek", PEEK)
    with pytest.raises(Problem, match="plugin 'peek'.*reads 'resident_id_sealed', which is sealed and never sent"):
        market.schema()
