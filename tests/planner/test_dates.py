"""Every date of the schema is a date or null: what does not end is null, and neither a word nor a day of year 9999."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLField,
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
