"""Variables are coerced as graphql-core coerces them, whatever they are and whatever type of ours they are sent for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gongzhi_server._compat import graphql_schema
from gongzhi_server.planner.document import make_coercer
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    coerce_input_value,
    is_input_type,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .sample_plugin import schema

LEAVES = st.one_of(
    st.none(),
    st.just(Undefined),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["610921", "2026-01-01", "2026-01-01T00:00:00Z", "1.5", "", "{}", "PT5M", "1" * 400]),
    st.uuids().map(str),
)
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def input_types() -> Iterator[Any]:
    """Yield every type that a variable may have here: named ones, and in lists and without null."""
    kinds: list[Any] = [one for one in graphql_schema(schema()).type_map.values() if is_input_type(one)]
    required: Any = GraphQLNonNull
    for kind in kinds:
        yield from (kind, required(kind), GraphQLList(required(kind)), required(GraphQLList(kind)))


TYPES = list(input_types())


def fitting(kind: Any) -> st.SearchStrategy[Any]:
    """Make values that are likely to fit a type, and wrong ones in all places."""
    if isinstance(kind, GraphQLNonNull):
        return fitting(kind.of_type)
    if isinstance(kind, GraphQLList):
        return st.lists(fitting(kind.of_type), max_size=3) | fitting(kind.of_type)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from(list(kind.values)) | ANY
    if isinstance(kind, GraphQLInputObjectType):
        names = st.sampled_from(list(kind.fields)) | st.text(max_size=3)
        return st.dictionaries(names, ANY, max_size=3)
    return ANY


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_coercers_do_what_graphql_core_does(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(TYPES))
    value = data.draw(fitting(kind))
    found, expected = make_coercer(kind)(value), coerce_input_value(value, kind)
    # By their text, too: 1 equals True and 1.0, and what is no number equals nothing.
    assert (type(found), repr(found)) == (type(expected), repr(expected)), kind
