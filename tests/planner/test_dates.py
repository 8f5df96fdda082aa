"""Every date of the schema is a date or null: what does not end is null, and neither a word nor a day of year 9999."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from gongzhi.declare.columns import NEVER
from gongzhi.declare.entity import Entity
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.planner.planner import Planner
from gongzhi_server.testing import INSTALLED, built_schema
from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
)

from .bench import Bench

DATES = "Date", "DateTime"
DEEPEST = 7
ENDLESS = re.compile(r"infinity|\b9999-12-31")
ARGUMENTS = {
    "code": '"610921"',
    "from": '"2026-06-01"',
    "to": '"2026-06-30"',
}


def dated(kind: GraphQLObjectType) -> list[str]:
    """The fields of a type that are dates and ask for nothing."""
    return [
        name
        for name, of in kind.fields.items()
        if get_named_type(of.type).name in DATES and not any(map(is_required_argument, of.args.values()))
    ]


def given(of: GraphQLField) -> str | None:
    """The arguments that a field is asked with; None where it asks for what is not known here."""
    if any(is_required_argument(argument) and name not in ARGUMENTS for name, argument in of.args.items()):
        return None
    found = [f"{name}: {ARGUMENTS[name]}" for name, argument in of.args.items() if is_required_argument(argument)]
    return f"({', '.join(found)})" if found else ""


def paths(schema: GraphQLSchema) -> Iterator[tuple[str, str, str]]:
    """A type with its dates, and the beginning and end of a query for them: every way by which it is first reached."""
    assert schema.query_type
    waiting: deque[tuple[GraphQLObjectType, str, str, int]] = deque([(schema.query_type, "{ ", " }", 0)])
    seen: dict[str, int] = {}
    while waiting:
        kind, before, after, depth = waiting.popleft()
        if names := dated(kind):
            yield kind.name, before + " ".join(names), after
        if depth == DEEPEST:
            continue
        for name, of in kind.fields.items():
            target, arguments = get_named_type(of.type), given(of)
            if (
                not isinstance(target, GraphQLObjectType)
                or arguments is None
                or name in ("node", "nodes")
                and depth == 0
            ):
                continue
            if seen.get(target.name, 0) >= WAYS or target.name in ("PageInfo",):
                continue
            seen[target.name] = seen.get(target.name, 0) + 1
            waiting.append((target, f"{before}{name}{arguments} {{ ", f" }}{after}", depth + 1))


WAYS = 3
"""By how many ways each type is reached: not every way leads to a row that does not end."""


def values(found: Any) -> Iterator[str]:
    match found:
        case dict():
            for one in found.values():
                yield from values(one)
        case list():
            for one in found:
                yield from values(one)
        case str():
            yield found


@pytest.mark.parametrize("viewer", ["administrator", "county"])
async def test_no_date_is_endless(bench: Bench, viewer: str) -> None:
    asked: dict[str, bool] = {}
    for kind, before, after in paths(bench.schema._schema):
        said = await bench.ask(before + after, viewer)
        assert not said.refused, (kind, before, said.messages)
        found = list(values(said.data))
        asked[kind] = asked.get(kind, False) or bool(found)
        assert not [one for one in found if ENDLESS.search(one)], (kind, before)
    assert sum(asked.values()) >= 30, asked


def certain(schema: Schema) -> Iterator[tuple[Entity, str]]:
    """The entities' dates that are never null, and are columns."""
    planner = Planner(schema)
    for name, entity in planner.entities.items():
        kind = schema._schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        for one in entity.cls.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            of = kind.fields[camel(one.python_name)]
            dated = isinstance(of.type, GraphQLNonNull) and getattr(of.type.of_type, "name", "") in DATES
            if dated and one.python_name in entity.model._meta.fields_map:
                yield entity, one.python_name


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


async def test_certain_dates_end(bench: Bench) -> None:
    """Of a date that is never null, no row is endless."""
    found = list(certain(bench.schema))
    assert len(found) > 30
    for entity, name in found:
        meta = entity.model._meta
        endless = f"\"{entity.column(name)}\" in ('infinity', '-infinity')"
        sql = f'select count(*) from {meta.schema}."{meta.db_table}" where {endless}'
        [(count,)] = await bench._fetch(sql)
        assert count == 0, f"{entity.name}.{name} is endless in some rows: let it be null"


def test_plugins_declare_endless_dates_null() -> None:
    """A column that begins endless belongs to a field that may be null, in the plugins as well."""
    for entity, name in certain(built_schema(INSTALLED)):
        default = entity.model._meta.fields_map[name].default
        assert default not in (NEVER, date.max), f"{entity.name}.{name} begins endless: let it be null"
