"""The columns of a file: the leaves below a list's nodes, and how a spreadsheet shows them in an office."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from gongzhi.runtime.checks import CHINA, wrong
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


@dataclass(frozen=True)
class Column:
    """A leaf of the nodes: the way to it, its names in Chinese, its type."""

    path: tuple[str, ...]
    terms: tuple[str, ...]
    kind: GraphQLNamedType | None

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def heading(self) -> str:
        return f"{'·'.join(self.terms)} {self.name}"

    def of(self, node: Any) -> Any:
        """The value in a node."""
        for key in self.path:
            node = node[key] if node is not None else None
        return node

    def shown(self, value: Any) -> Any:
        """A value as people read it: a text or a number; times in China, codes with their Chinese terms."""
        match value:
            case None:
                return ""
            case bool():
                return "是" if value else "否"
            case list():
                return "; ".join(str(self.shown(one)) for one in value)
            case dict():
                return orjson.dumps(value).decode()
            case str():
                return self.said(value)
        return value

    def said(self, text: str) -> str:
        if isinstance(self.kind, GraphQLEnumType):
            return f"{term(self.kind.values[text])} {text}".strip()
        if self.kind is not None and self.kind.name == "DateTime":
            return datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        return text


def columned(
    document: Document,
    variables: VariableValues,
    of: GraphQLField,
    details: FieldDetailsList,
    path: tuple[str, ...] = (),
    terms: tuple[str, ...] = (),
) -> Iterator[Column]:
    """The leaves below a field, in the order they are asked for. Raises Refusal for a list of objects."""
    owner: Any = get_named_type(of.type)
    for key, inside in subfields(document, variables, of, details).items():
        name = inside[0].node.name.value
        field = owner.fields.get(name)
        way, words = (*path, key), (*terms, term(field))
        kind = get_named_type(field.type) if field else None
        if kind is None or is_leaf_type(kind):
            yield Column(way, words, kind)
        elif is_list_type(get_nullable_type(field.type)) or not isinstance(kind, GraphQLObjectType):
            raise unfit(
                f"{'.'.join(way)} is a list of its own, or of several types, and fits into no column.",
                f"{'.'.join(way)} 为列表或多种类型，无法作为一列。",
            )
        else:
            yield from columned(document, variables, field, inside, way, words)


def subfields(document: Document, variables: VariableValues, of: GraphQLField, details: FieldDetailsList) -> Any:
    kind: Any = get_named_type(of.type)
    found = collect_subfields(document.schema, document.fragments, variables, document.node, kind, details)
    return found.grouped_field_set


def term(described: Any) -> str:
    """What something of the schema is called in Chinese; nothing for what says nothing of it."""
    found = TERM.search((described and described.description) or "")
    return found[1] if found else ""


def unfit(en: str, zh: str) -> Refusal:
    return wrong(f"No file can be made of this: {en}", f"无法据此生成文件：{zh}", "document")
