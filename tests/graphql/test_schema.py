"""The contract with frontends: the committed SDL, and that nothing in it is left unexplained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from gongzhi_server.graphql.schema import print_sdl
from gongzhi_server.testing import ESSENTIAL, INSTALLED, built_graphql_schema, built_schema, load_plugins
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    specified_directives,
)

FOLDER = Path(__file__).parents[2] / "schema"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}
STANDARD = {"Date", "DateTime", "JSON", "Decimal"}
"""Scalars that the schema's library describes."""


@pytest.mark.parametrize(("file", "core"), [("core.graphql", True), ("full.graphql", False)])
def test_committed_sdl(file: str, core: bool) -> None:
    assert (FOLDER / file).read_text(encoding="utf-8") == print_sdl(core=core), (
        "the schema has changed: run make schema"
    )


def schema() -> GraphQLSchema:
    return built_graphql_schema(ESSENTIAL)


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in BUILT_IN:
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", found.description) for value, found in kind.values.items())
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", found.description) for field, found in kind.fields.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, found in kind.fields.items():
                yield f"{name}.{field}", found.description
                yield from ((f"{name}.{field}({arg}:)", one.description) for arg, one in found.args.items())
    for directive in schema.directives:
        if directive not in specified_directives:
            yield f"@{directive.name}", directive.description


def test_everything_is_described() -> None:
    silent = [name for name, description in described(schema()) if not description]
    assert silent == []


def test_descriptions_name_the_chinese_term() -> None:
    plain = [
        name
        for name, description in described(schema())
        if name not in STANDARD and not re.fullmatch(r"\w+Order\.\w+", name) and not CHINESE.search(description or "")
    ]
    assert plain == []


def test_mutations_share_one_shape() -> None:
    found = schema()
    mutation = found.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert list(field.args) == ["input"], name
        given = found.type_map[str(field.args["input"].type).rstrip("!")]
        assert isinstance(given, GraphQLInputObjectType) and "idempotencyKey" in given.fields, name
        payload = found.type_map[str(field.type)]
        assert isinstance(payload, GraphQLObjectType) and str(payload.fields["errors"].type) == "[Problem!]!", name
        lists = {"errors", "warnings"}  # empty where there is nothing to say
        loose = [one for one, kept in payload.fields.items() if one not in lists and str(kept.type).endswith("!")]
        assert loose == [], name


def test_sdl_is_read_by_others() -> None:
    assert build_schema(print_sdl()).query_type is not None


def test_schemas_are_built_once() -> None:
    """Commands and servers load the plugins anew in tests, hundreds of times; what they compose is there already."""
    assert built_schema(load_plugins()) is built_schema(INSTALLED)
    assert built_schema(ESSENTIAL) is not built_schema(INSTALLED)
