"""Puts real values into the operations of hypothesis-graphql, which knows our types but not our county."""

from __future__ import annotations

import re
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    IntValueNode,
    ListValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)
from hypothesis import assume

from .random_operations import Operation, Queries

KEPT = ("filter", "suffix")
"""Arguments that may be anything; of the others, most values say nothing but "no such thing"."""
SMALL = 2**15


class Seeding(Visitor):
    """Gives every field arguments of our own, and leaves it half of the filters that it has."""

    def __init__(self, info: TypeInfo, queries: Queries) -> None:
        super().__init__()
        self.info, self.queries, self.depth = info, queries, -1

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.depth += 1

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        depth, self.depth = self.depth, self.depth - 1
        of, kind = self.info.get_field_def(), self.info.get_parent_type()
        if not of or not of.args or not kind:
            return None
        ours = argued(self.queries.arguments(f"{kind.name}.{node.name.value}", of, depth))
        theirs = {one.name.value: one for one in node.arguments or () if one.name.value in KEPT}
        if self.queries.chance(0.5):
            ours |= {name: ArgumentNode(name=one.name, value=tame(one.value)) for name, one in theirs.items()}
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=tuple(ours.values()),
            directives=node.directives,
            selection_set=node.selection_set,
        )


def argued(text: str) -> dict[str, ArgumentNode]:
    """Arguments as nodes."""
    [definition] = parse(f"{{ field{text} }}", no_location=True).definitions
    assert isinstance(definition, OperationDefinitionNode)
    [field] = definition.selection_set.selections
    assert isinstance(field, FieldNode)
    return {one.name.value: one for one in field.arguments or ()}


def tame(value: Any) -> Any:
    """A filter without the codes that have no shape, and with numbers that a rating may be compared with."""
    match value:
        case ObjectValueNode(fields=fields):
            kept = [one for one in fields if one.name.value != "within"]
            return ObjectValueNode(fields=tuple(ObjectFieldNode(name=one.name, value=tame(one.value)) for one in kept))
        case ListValueNode(values=values):
            return ListValueNode(values=tuple(map(tame, values)))
        case IntValueNode(value=number):
            return IntValueNode(value=str(int(number) % SMALL))
    return value


def seeded(text: str, queries: Queries) -> Operation:
    """The operation with real values. Two fields that cannot be merged any more are not asked for."""
    info = TypeInfo(queries.schema)
    document = visit(parse(text, no_location=True), TypeInfoVisitor(info, Seeding(info, queries)))
    body = "\n".join(map(print_ast, document.definitions))
    body = body[body.index("{") :]
    used = [one for one in queries.declared if re.search(rf"\{one.partition(':')[0]}\b", body)]
    made = f"query Q({', '.join(used)}) {body}" if used else f"query Q {body}"
    assume(not validate(queries.schema, parse(made)))
    return Operation(made, queries.sets)
