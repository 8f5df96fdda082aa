"""Schema changes: what is different between two schemas, what of it breaks clients, and which documents it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import GraphQLInputField, GraphQLInputObjectType, GraphQLSchema, parse, validate, value_from_ast_untyped
from graphql.utilities import (
    BreakingChange,
    DangerousChange,
    SafeChangeType,
    SchemaChange,
    find_schema_changes,
)

__all__ = ["find_broken_documents", "find_narrowed_limits", "is_breaking", "list_changes"]

LEAST = ("minLength", "min", "minItems")
"""Arguments of `@constraint` that take less as they grow; the others do as they shrink."""


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


def find_narrowed_limits(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[str]:
    """Yield each limit of an input's field that refuses what it took before, with both values; of schemas of a text."""
    for name, kind in new.type_map.items():
        before = old.type_map.get(name)
        if not (isinstance(kind, GraphQLInputObjectType) and isinstance(before, GraphQLInputObjectType)):
            continue
        for field in kind.fields.keys() & before.fields.keys():
            was, now = read_limits(before.fields[field]), read_limits(kind.fields[field])
            for limit, value in now.items():
                if is_narrower(limit, was.get(limit), value):
                    yield f"{name}.{field} takes less: {limit} is {value}, was {was.get(limit, 'the usual')}."


def read_limits(field: GraphQLInputField) -> dict[str, int | str]:
    """Return the arguments of a field's `@constraint`; nothing if it has none."""
    found = (field.ast_node.directives or ()) if field.ast_node else ()
    told = [one for by in found if by.name.value == "constraint" for one in by.arguments or ()]
    return {one.name.value: value_from_ast_untyped(one.value) for one in told}


def is_narrower(limit: str, was: int | str | None, now: int | str) -> bool:
    """Return whether a limit takes less than it did. Where none was named before, the usual one held."""
    if was == now:
        return False
    if isinstance(was, int) and isinstance(now, int):
        return now > was if limit in LEAST else now < was
    # Of two expressions nobody can say that the new one takes all that the old one took.
    return limit not in LEAST or now != 0
