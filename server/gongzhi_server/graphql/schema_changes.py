"""Schema changes: what is different between two schemas, what of it breaks clients, and which documents it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import GraphQLSchema, parse, validate
from graphql.utilities import (
    BreakingChange,
    DangerousChange,
    SafeChangeType,
    SchemaChange,
    find_schema_changes,
)

__all__ = ["find_broken_documents", "is_breaking", "list_changes"]


def is_breaking(change: SchemaChange) -> bool:
    """Say whether a change breaks a client that was right before."""
    return isinstance(change, BreakingChange)


def list_changes(old: GraphQLSchema, new: GraphQLSchema) -> list[tuple[str, SchemaChange]]:
    """Return the changes with what each means to clients, the worst first. Other words in descriptions are none."""
    found = [(describe(change), change) for change in find_schema_changes(old, new)]
    kept = [(kind, change) for kind, change in found if change.type is not SafeChangeType.DESCRIPTION_CHANGED]
    return sorted(kept, key=lambda one: (KINDS.index(one[0]), one[1].description))


KINDS = ("breaks", "may surprise", "is safe")


def describe(change: SchemaChange) -> str:
    """Return what a change means to clients. A new enum value surprises who has no default for it."""
    return KINDS[0 if is_breaking(change) else 1 if isinstance(change, DangerousChange) else 2]


def find_broken_documents(
    old: GraphQLSchema, new: GraphQLSchema, documents: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the name of each document that fitted the old schema and does not fit the new one, with a reason."""
    for name, text in documents.items():
        document = parse(text)
        if not validate(old, document) and (errors := validate(new, document)):
            yield name, errors[0].message
