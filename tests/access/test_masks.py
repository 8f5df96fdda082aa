"""Masks: what every stored and every answered one may show of a resident ID and of a telephone number."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from gongzhi.declare.plans import PLAN, Sealed
from gongzhi_server.testing import INSTALLED, Server, built_graphql_schema
from graphql import GraphQLObjectType

from .conftest import Log, People

IDENTITY = re.compile(r"[*]{16}[0-9]?[0-9X]")
NUMBER = re.compile(r"[*]{3,}[0-9]{2,4}")
ASKED = "{ people(first: 100) { nodes { residentId phone phones { number } } } }"
SHAPES = {"Person.residentId": IDENTITY, "Person.phone": NUMBER, "Phone.number": NUMBER}
COLUMNS = """select table_schema, table_name, column_name from information_schema.columns
where table_schema not in ('pg_catalog', 'information_schema')
and (data_type in ('text', 'character varying', 'json', 'jsonb') or udt_name in ('_text', '_varchar'))"""
TELLING = "[0-9]{2,}[*]{3,}"
"""What is before the stars tells a region, a birth date or an operator."""


def protected_fields() -> Iterator[str]:
    """Every protected value in the schema, plugins' too."""
    for name, kind in built_graphql_schema(INSTALLED).type_map.items():
        for field, of in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            declared = of.extensions.get("strawberry-definition")
            if declared and isinstance(declared.metadata.get(PLAN), Sealed):
                yield f"{name}.{field}"


def collect_answers(value: Any, kind: str) -> Iterator[tuple[str, str]]:
    for name, one in value.items():
        for inner in one if isinstance(one, list) else ():
            yield from collect_answers(inner, "Phone")
        if isinstance(one, str):
            yield f"{kind}.{name}", one


async def test_every_answered_mask(server: Server, people: People) -> None:
    """Each protected value of the schema is in here, and shows its end alone."""
    assert set(protected_fields()) == set(SHAPES)
    worker = server.as_("grid_worker", grid=people.grid)
    nodes = (await worker.ask(ASKED)).data["people"]["nodes"]
    found = [one for node in nodes for one in collect_answers(node, "Person")]
    assert {name for name, _ in found} == set(SHAPES)
    assert [one for one in found if not SHAPES[one[0]].fullmatch(one[1])] == []


async def test_every_stored_mask(people: People, log: Log) -> None:
    """No text column of any table holds a mask that shows more than an end."""
    columns = await log.connection.fetch(COLUMNS)
    assert {"people.person.resident_id_mask", "people.phone.mask"} <= {".".join(one.values()) for one in columns}
    for schema, table, column in columns:
        text = f'select "{column}"::text from "{schema}"."{table}" where "{column}"::text ~ $1 limit 1'
        assert await log.connection.fetchval(text, TELLING) is None, f"{schema}.{table}.{column}"


async def test_stored_masks_are_rewritten(people: People, log: Log) -> None:
    """Old masks lose what they showed at their beginning; new ones stay as they are, whoever runs it again."""
    migration = importlib.import_module("gongzhi.core.people.migrations.0005_masks")
    person, connection = people.keys[0], log.connection
    await connection.execute("alter table people.person drop constraint resident_id_mask")
    await connection.execute("alter table people.phone drop constraint mask")
    old = ["138****0012", "0915*****45", "*******0012"]
    await connection.execute("update people.person set resident_id_mask='6109**********001X' where id=$1", person)
    await connection.execute("delete from people.phone where person_id=$1", person)
    await connection.executemany(
        "insert into people.phone (id, person_id, kind, rank, mask) values (gen_random_uuid(), $1, 'MOBILE', $2, $3)",
        [(person, rank, mask) for rank, mask in enumerate(old, 1)],
    )
    for _ in range(2):
        for statement in (*migration.SHORTEN, *(migration.CHECKS if _ else ())):
            await connection.execute(statement)
        mask = await connection.fetchval("select resident_id_mask from people.person where id=$1", person)
        rows = await connection.fetch("select mask from people.phone where person_id=$1 order by rank", person)
        assert (mask, [row["mask"] for row in rows]) == ("*" * 16 + "1X", ["*******0012", "*********45", "*******0012"])
