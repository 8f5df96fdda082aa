"""Additions: how what a plugin adds to the schema is read; the server tells what that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import DefinitionNode, ObjectTypeExtensionNode, TypeExtensionNode, parse, print_ast


def read_snapshot(sdl: str) -> list[str]:
    """Return the definitions of a snapshot, in the order in which they are compared."""
    return sorted(print_ast(one) for one in parse(sdl).definitions) if sdl.strip() else []


def read_mutations(sdl: str) -> set[str]:
    """Return the names of the mutations that a snapshot adds."""
    return {
        field.name.value
        for one in parse(sdl).definitions
        if isinstance(one, ObjectTypeExtensionNode) and one.name.value == "Mutation"
        for field in one.fields or ()
    }


def find_undescribed(found: list[DefinitionNode]) -> Iterator[str]:
    """Yield what has no description."""
    for node in found:
        made: Any = node
        inner = [*(getattr(made, "fields", None) or ()), *(getattr(made, "values", None) or ())]
        if not isinstance(node, TypeExtensionNode) and not made.description:
            yield made.name.value
        yield from (f"{made.name.value}.{one.name.value}" for one in inner if not one.description)
