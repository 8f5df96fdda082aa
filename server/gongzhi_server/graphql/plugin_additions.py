"""Plugin additions: what a plugin adds to the schema, for the kit by which it is tested.

The schema says of each field of somebody else's type which plugin it comes from. A type that nothing leads to but such
fields is the plugin's, too, so no schema is built without the plugin to find what it adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache
from typing import Any

from graphql import (
    DefinitionNode,
    EnumTypeExtensionNode,
    InputObjectTypeExtensionNode,
    NamedTypeNode,
    ObjectTypeExtensionNode,
    parse,
)

from gongzhi_server.plugins.contributions import Plugins

from .schema import Schema

EXTENDED: dict[str, Callable[..., DefinitionNode]] = {
    "object_type_definition": ObjectTypeExtensionNode,
    "input_object_type_definition": InputObjectTypeExtensionNode,
    "enum_type_definition": EnumTypeExtensionNode,
}
ROOTS = "Query", "Mutation", "Subscription"

Definitions = Mapping[str, Any]
"""The nodes of types by name; what they have depends on their kinds."""


def find_additions(schema: Schema, plugins: Plugins, name: str) -> list[DefinitionNode]:
    """Return the types that a plugin adds, and those it extends with what it adds to them, sorted by name."""
    types = read_definitions(schema)
    # Those that build on it cannot be there without it: what they add is no part of either side.
    others = plugins_upon(plugins, name)
    before = reachable_types(types, others | {name})
    found: list[DefinitionNode] = []
    for kind in sorted(reachable_types(types, others)):
        node = types[kind]
        if node.kind not in EXTENDED:
            found += [node] if kind not in before else []
        elif kind not in before:
            found.append(replace(node, **{part_name(node): parts_of(node, lambda one: origin_of(one) not in others)}))
        elif added := parts_of(node, lambda one: origin_of(one) == name):
            found.append(EXTENDED[node.kind](name=node.name, **{part_name(node): added}))
    return found


def plugins_upon(plugins: Plugins, name: str) -> frozenset[str]:
    """Return the plugins that require this one, by themselves or by way of others."""
    found = {name}
    # Those that a plugin requires come before it.
    for one in plugins.found:
        if one.name in plugins.about and not found.isdisjoint(plugins.about[one.name].requires):
            found.add(one.name)
    return frozenset(found - {name})


@lru_cache(maxsize=1)  # to print and to parse it takes a second, and tests of each plugin ask for the same
def read_definitions(schema: Schema) -> Definitions:
    """Return the types of a schema by name."""
    nodes: list[Any] = list(parse(schema.as_str(), no_location=True).definitions)
    return {one.name.value: one for one in nodes if one.kind.endswith("type_definition")}


def reachable_types(types: Definitions, leaving: AbstractSet[str]) -> set[str]:
    """Return the types that the roots lead to without the fields of some plugins."""
    found: set[str] = set()
    rest = list(ROOTS)
    while rest:
        name = rest.pop()
        if name in found or name not in types:  # those that GraphQL has itself are in no text
            continue
        found.add(name)
        node = types[name]
        rest += [
            one.name.value for one in (*(getattr(node, "types", ()) or ()), *(getattr(node, "interfaces", ()) or ()))
        ]
        for field in getattr(node, "fields", ()) or ():
            if origin_of(field) not in leaving:
                rest += [type_name(one.type) for one in (field, *(getattr(field, "arguments", ()) or ()))]
    return found


def part_name(node: Any) -> str:
    """Return what a definition calls its parts."""
    return "values" if node.kind == "enum_type_definition" else "fields"


def parts_of(node: Any, keep: Callable[[Any], bool]) -> tuple[Any, ...]:
    """Return those fields or values of a definition that are to be kept."""
    return tuple(filter(keep, getattr(node, part_name(node))))


def origin_of(field: Any) -> str | None:
    """Return the plugin that added a field or a value to a type of somebody else, by its `@from`."""
    return next((one.arguments[0].value.value for one in field.directives or () if one.name.value == "from"), None)


def type_name(type: Any) -> str:
    """Return the name of a type behind its lists and marks of what is never null."""
    while not isinstance(type, NamedTypeNode):
        type = type.type
    return type.name.value
