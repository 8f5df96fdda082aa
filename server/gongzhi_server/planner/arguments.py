"""Arguments of a document: which fields have some, and whether their values are within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gongzhi.bounds import check_argument
from gongzhi.commands import COMMAND
from gongzhi.errors import Refusal
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_argument_values,
    visit,
)
from graphql.execution.values import VariableValues

from .given import ArgumentRefusal

Argued = tuple[GraphQLField, FieldNode]


class Collector(Visitor):
    """Collects the fields that are given arguments, apart from mutations: a command checks its own input."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: list[Argued] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        of = self.types.get_field_def()
        declared = of.extensions.get("strawberry-definition") if of else None
        if of and node.arguments and not (declared and COMMAND in declared.metadata):
            self.found.append((of, node))


def argued(schema: GraphQLSchema, document: DocumentNode) -> list[Argued]:
    """Return the fields of a valid document that are given arguments."""
    types = TypeInfo(schema)
    collector = Collector(types)
    visit(document, TypeInfoVisitor(types, collector))
    return collector.found


def check_arguments(fields: list[Argued], variables: VariableValues) -> None:
    """Check the values that fields are given. Raise ArgumentRefusal, which names field and argument."""
    for of, node in fields:
        for name, value in arguments_of(of, node, variables):
            try:
                check_argument(value, name)
            except Refusal as refusal:
                raise ArgumentRefusal(refusal, node, refusal.path) from refusal


def arguments_of(of: GraphQLField, node: FieldNode, variables: VariableValues) -> Iterator[tuple[str, Any]]:
    """Yield the arguments of a field; none where they cannot be read, which running the field will tell."""
    try:
        yield from get_argument_values(of, node, variables).items()
    except GraphQLError:
        return
