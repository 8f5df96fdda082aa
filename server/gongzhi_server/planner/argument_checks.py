"""Argument checks: which arguments of a document each request must be checked for, and whether values are in bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gongzhi.declare.bounds import check_argument
from gongzhi.runtime.commands import COMMAND
from gongzhi.values.errors import Refusal
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInputType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_input_literal

from .arguments import ArgumentRefusal, variable_names

NOTHING = VariableValues({}, {})


@dataclass(frozen=True, slots=True)
class WrittenArgument:
    """One argument of a field, as it is written."""

    node: FieldNode
    name: str
    kind: GraphQLInputType
    value: ValueNode

    def read(self, variables: VariableValues) -> Any:
        """Return its value; Undefined where it cannot be read, which running the field will tell."""
        if isinstance(self.value, VariableNode):
            return variables.coerced.get(self.value.name.value)
        return coerce_input_literal(self.value, self.kind, variables)

    def check(self, variables: VariableValues) -> None:
        """Check its value. Raise ArgumentRefusal, which names field and argument."""
        try:
            check_argument(self.read(variables), self.name)
        except Refusal as refusal:
            raise ArgumentRefusal(refusal, self.node, refusal.path) from refusal

    def is_settled(self) -> bool:
        """Say whether it is the same in every request, and within bounds."""
        if any(variable_names(self.value)):
            return False
        try:
            self.check(NOTHING)
        except ArgumentRefusal:
            return False
        # A literal that is within bounds stays so, and is checked once for the document instead of with each request.
        return True


class Collector(Visitor):
    """Collects the arguments that are given, apart from those of mutations: a command checks its own input."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: list[WrittenArgument] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        of = self.types.get_field_def()
        declared = of.extensions.get("strawberry-definition") if of else None
        # Commands check the bounds of their input themselves and
        # answer in `errors`; here it would be a GraphQL error.
        if of and not (declared and COMMAND in declared.metadata):
            for one in node.arguments or ():
                name = one.name.value
                self.found.append(WrittenArgument(node, name, of.args[name].type, one.value))


def open_arguments(schema: GraphQLSchema, document: DocumentNode) -> list[WrittenArgument]:
    """Return the arguments of a valid document that each request has to be checked for."""
    types = TypeInfo(schema)
    collector = Collector(types)
    visit(document, TypeInfoVisitor(types, collector))
    return [one for one in collector.found if not one.is_settled()]
