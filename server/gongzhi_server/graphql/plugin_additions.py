"""Plugin additions: what a plugin adds to the schema, for the kit by which it is tested."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from graphql import (
    DefinitionNode,
    EnumTypeExtensionNode,
    InputObjectTypeExtensionNode,
    ObjectTypeExtensionNode,
    parse,
)

from gongzhi_server.plugins.contributions import Plugins

from .schema import build_schema

EXTENDED: dict[str, Callable[..., DefinitionNode]] = {
    "object_type_definition": ObjectTypeExtensionNode,
    "input_object_type_definition": InputObjectTypeExtensionNode,
    "enum_type_definition": EnumTypeExtensionNode,
}
DIVIDED = re.compile(r'\n\n(?="""|[a-z]+ )')
NAMED = re.compile(r'(?:"""(?:.|\n)*?"""\n)?(?:type|input|enum|interface|union|scalar) (\w+)')


@lru_cache(maxsize=1)  # tests of one plugin ask for the same
def plugin_additions(plugins: Plugins, name: str) -> list[DefinitionNode]:
    """Return the types it adds, and those it extends with what it adds to them."""
    # What is there with the plugin and not without it is the plugin's; those that build on it cannot be there without.
    others = plugins_upon(plugins, name)
    before = type_definitions(plugins, others | {name})
    found: list[DefinitionNode] = []
    for kind, text in type_definitions(plugins, others).items():
        if text != before.get(kind):
            [node] = parse(text).definitions
            found.append(extension_of(node, before[kind]) if kind in before else node)
    return found


def extension_of(node: Any, before: str) -> DefinitionNode:
    """Return what a type has now that it had not before."""
    [known] = parse(before).definitions
    inside = "values" if node.kind == "enum_type_definition" else "fields"
    names = {one.name.value for one in getattr(known, inside)}
    new = tuple(one for one in getattr(node, inside) if one.name.value not in names)
    return EXTENDED[node.kind](name=node.name, **{inside: new})


def plugins_upon(plugins: Plugins, name: str) -> frozenset[str]:
    """Return the plugins that require this one, by themselves or by way of others."""
    found = {name}
    # Those that a plugin requires come before it.
    for one in plugins.found:
        if one.name in plugins.about and not found.isdisjoint(plugins.about[one.name].requires):
            found.add(one.name)
    return frozenset(found - {name})


@lru_cache(maxsize=2)  # building a schema takes seconds, and tests of each plugin ask for the whole one
def type_definitions(plugins: Plugins, leaving: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the types of the schema with these plugins by name, as text; some plugins are left out."""
    sdl = build_schema(plugins, leaving=leaving).as_str()
    return {found[1]: one for one in DIVIDED.split(sdl) if (found := NAMED.match(one))}
