"""Columns: the leaves below a list's nodes, in the order in which they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.lists import ListColumn
from gongzhi.values.errors import Refusal
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from graphql.execution.collect_fields import FieldDetailsList, collect_subfields
from graphql.execution.values import VariableValues

from gongzhi_server.planner import Document

TERM = re.compile(r"\(([^()]*[\u4e00-\u9fff][^()]*)\)\.?$")
"""The Chinese term in a description."""


def list_columns(
    document: Document,
    variables: VariableValues,
    of: GraphQLField,
    details: FieldDetailsList,
    path: tuple[str, ...] = (),
    terms: tuple[str, ...] = (),
) -> Iterator[ListColumn]:
    """Yield the leaves below a field, in the order they are asked for. Raises Refusal for a list of objects."""
    owner: Any = get_named_type(of.type)
    for key, inside in collect_list_fields(document, variables, of, details).items():
        name = inside[0].node.name.value
        field = owner.fields.get(name)
        way, words = (*path, key), (*terms, chinese_term(field))
        kind = get_named_type(field.type) if field else None
        if kind is None or is_leaf_type(kind):
            yield ListColumn(way, words, kind.name if kind else "", enum_labels(kind))
        elif is_list_type(get_nullable_type(field.type)) or not isinstance(kind, GraphQLObjectType):
            raise no_file_refusal(
                f"{'.'.join(way)} is a list of its own, or of several types, and fits into no column.",
                f"{'.'.join(way)} 为列表或多种类型，无法作为一列。",
            )
        else:
            yield from list_columns(document, variables, field, inside, way, words)


def enum_labels(kind: GraphQLNamedType | None) -> dict[str, str]:
    """Return the Chinese terms of an enum's values."""
    if not isinstance(kind, GraphQLEnumType):
        return {}
    return {value: chinese_term(described) for value, described in kind.values.items()}


def collect_list_fields(
    document: Document, variables: VariableValues, of: GraphQLField, details: FieldDetailsList
) -> Any:
    kind: Any = get_named_type(of.type)
    found = collect_subfields(document.schema, document.fragments, variables, document.node, kind, details)
    return found.grouped_field_set


def chinese_term(described: Any) -> str:
    """Return what something of the schema is called in Chinese, from its description; empty if that does not say."""
    found = TERM.search((described and described.description) or "")
    return found[1] if found else ""


def no_file_refusal(en: str, zh: str) -> Refusal:
    """Return the refusal of a query that no file can be made of, with the reason in both languages."""
    return invalid_input(f"No file can be made of this: {en}", f"无法据此生成文件：{zh}", "document")
