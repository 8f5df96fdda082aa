"""A validated operation and the statements made for it so far."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from gongzhi.viewer import Viewer
from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import FragmentDetails

from ..gateway.engine import Kind
from .lens import Question, answer
from .statement import Statement

VARIANTS = 100
"""Statements kept for one document; the least recently made goes first."""

Trait = tuple[tuple[str | int, ...], Callable[[Any], Hashable]]
"""A fact about a variable's value that a text depends on: the way to the value, and what is asked of it."""


class Document:
    """One operation of a document. `operation` is "query", "mutation" or "subscription".

    What is answered to one that is `taken` leaves the house in a file: whosever file is in it is looked at, however
    little of it is shown.
    """

    def __init__(
        self, schema: GraphQLSchema, ast: DocumentNode, node: OperationDefinitionNode, taken: bool = False
    ) -> None:
        self.schema, self.ast, self.node, self.taken = schema, ast, node, taken
        self.operation: Kind = node.operation.value
        self.name = node.name.value if node.name else None
        self.title = self.name or ", ".join(
            one.name.value for one in node.selection_set.selections if isinstance(one, FieldNode)
        )
        """Its name; of one without a name, the root fields that are written out."""
        self.fragments = {
            found.name.value: FragmentDetails(found)
            for found in ast.definitions
            if isinstance(found, FragmentDefinitionNode)
        }
        self.asked: dict[Question, None] = {}
        self.traits: dict[Trait, None] = {}
        self.statements: OrderedDict[Any, Statement] = OrderedDict()

    def key(self, nodes: tuple[int, ...], variables: Mapping[str, Any], viewer: Viewer) -> Any:
        """What a statement's text depends on; compiling adds questions and traits, so ask again afterwards."""
        return (
            nodes,
            tuple((name, shape(value)) for name, value in variables.items()),
            tuple(trait(variables, way, of) for way, of in self.traits),
            tuple(answer(viewer, question) for question in self.asked),
        )

    def keep(self, key: Any, statement: Statement) -> None:
        self.statements[key] = statement
        if len(self.statements) > VARIANTS:
            self.statements.popitem(last=False)


def shape(value: Any) -> Any:
    """The part of a variable's value that every text depends on: what is there, and what is true."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return tuple(map(shape, value))
    return True


def trait(variables: Mapping[str, Any], way: tuple[str | int, ...], of: Callable[[Any], Hashable]) -> Hashable:
    """What a trait says of these variables; None where the way to its value ends early."""
    value: Any = variables
    for key in way:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return None if value is None else of(value)
