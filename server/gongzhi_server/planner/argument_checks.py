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
    FragmentDefinitionNode,
    GraphQLInputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
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


def open_arguments(schema: GraphQLSchema, document: DocumentNode) -> list[WrittenArgument]:
    """Return the arguments of a valid document that each request has to be checked for."""
    found: list[WrittenArgument] = []
    for one in document.definitions:
        if isinstance(one, FragmentDefinitionNode):
            collect_arguments(schema, schema.type_map[one.type_condition.name.value], one.selection_set, found)
        elif isinstance(one, OperationDefinitionNode):
            collect_arguments(schema, schema.get_root_type(one.operation), one.selection_set, found)
    return [one for one in found if not one.is_settled()]


def collect_arguments(
    schema: GraphQLSchema, kind: Any, selected: SelectionSetNode, found: list[WrittenArgument]
) -> None:
    """Add the arguments that are given, apart from those of mutations: a command checks its own input.

    Each selection is gone through once, and only what is selected: a visitor asks of every node what its type is.
    """
    for node in selected.selections:
        inner, below = getattr(node, "selection_set", None), kind
        if isinstance(node, FieldNode) and (of := schema.get_field(kind, node.name.value)):
            below = get_named_type(of.type)
            declared = of.extensions.get("strawberry-definition")
            # Commands check the bounds of their input themselves and
            # answer in `errors`; here it would be a GraphQL error.
            if node.arguments and not (declared and COMMAND in declared.metadata):
                given = ((one.name.value, one.value) for one in node.arguments)
                found += [WrittenArgument(node, name, of.args[name].type, value) for name, value in given]
        elif isinstance(node, InlineFragmentNode) and node.type_condition:
            below = schema.type_map[node.type_condition.name.value]
        if inner:
            collect_arguments(schema, below, inner, found)
