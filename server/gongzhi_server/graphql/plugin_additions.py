"""Plugin additions: what a plugin adds to the schema, for the kit by which it is tested."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from graphql import (
    DefinitionNode,
    EnumTypeExtensionNode,
    InputObjectTypeExtensionNode,
    ObjectTypeExtensionNode,
    TypeDefinitionNode,
    parse,
    print_ast,
)

from gongzhi_server.plugins.contributions import Plugins

from .schema import build_schema

EXTENDED = {
    "object_type_definition": ObjectTypeExtensionNode,
    "input_object_type_definition": InputObjectTypeExtensionNode,
    "enum_type_definition": EnumTypeExtensionNode,
}
INSIDE = {"enum_type_definition": "values"}


def plugin_additions(plugins: Plugins, name: str) -> list[DefinitionNode]:
    """Return the types it adds, and those it extends with what it adds to them."""
    # What is there with the plugin and not without it is the plugin's; those that build on it cannot be there without.
    others = plugins_upon(plugins, name)
    before = type_definitions(plugins, others | {name})
    found: list[DefinitionNode] = []
    for kind, node in type_definitions(plugins, others).items():
        known = before.get(kind)
        if known is None:
            found.append(node)
        # Printed, since nodes hold where they stand in their document.
        elif print_ast(known) != print_ast(node):
            inside = INSIDE.get(node.kind, "fields")
            names = {one.name.value for one in getattr(known, inside)}
            new = tuple(one for one in getattr(node, inside) if one.name.value not in names)
            found.append(EXTENDED[node.kind](name=node.name, **{inside: new}))
    return found


def plugins_upon(plugins: Plugins, name: str) -> frozenset[str]:
    """Return the plugins that require this one, by themselves or by way of others."""
    found = {name}
    # Those that a plugin requires come before it.
    for one in plugins.found:
        if one.name in plugins.about and not found.isdisjoint(plugins.about[one.name].requires):
            found.add(one.name)
    return frozenset(found - {name})


@lru_cache(maxsize=2)  # building a schema takes seconds, and tests of one plugin ask for the same two
def type_definitions(plugins: Plugins, leaving: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the types of the schema with these plugins by name; some plugins are left out."""
    sdl = build_schema(plugins, leaving=leaving).as_str()
    return {one.name.value: one for one in parse(sdl).definitions if isinstance(one, TypeDefinitionNode)}
