"""Forms: writes src/forms/inputs.json, what the inputs of mutations on cases take, from the committed schema.

Introspection is not for everybody in production, and does not tell `@constraint`; so a form is made of this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    parse,
    value_from_ast_untyped,
)

HERE = Path(__file__).parent
SCHEMA = HERE.parents[2] / "schema" / "full.graphql"
TARGET = HERE / "src" / "forms" / "inputs.json"
BLOCK = re.compile(r"^(?:type|input|enum) (\w+)[^{]*\{\n.*?^\}", re.MULTILINE | re.DOTALL)
CASE = re.compile(r'"""The (?:case\'s number|number of the case)[^"]*"""\s+number: String!')
"""The field that names the case which a mutation is done to."""
UNIT = re.compile(r"[uU]nits?$")
"""How fields are called that name units by their codes."""


class SchemaBlocks:
    """The definitions of the schema by name. Only what is asked for is parsed: all of it takes seconds."""

    def __init__(self, text: str) -> None:
        self.texts = {found[1]: found[0] for found in BLOCK.finditer(text)}

    def parse(self, name: str) -> DefinitionNode | None:
        """Return the definition of a type; None for a scalar."""
        return parse(self.texts[name], no_location=True).definitions[0] if name in self.texts else None


def write_forms(text: str) -> str:
    """Return the forms for a schema, as they are committed."""
    blocks = SchemaBlocks(text)
    mutation = blocks.parse("Mutation")
    assert isinstance(mutation, ObjectTypeDefinitionNode)
    forms: dict[str, Any] = {"mutations": {}, "inputs": {}, "enums": {}}
    for field in mutation.fields or ():
        for argument in field.arguments or ():
            name = read_type(argument.type)["type"]
            if argument.name.value == "input" and CASE.search(blocks.texts.get(name, "")):
                forms["mutations"][field.name.value] = name
                add_type(blocks, name, forms)
    return json.dumps(forms, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def add_type(blocks: SchemaBlocks, name: str, forms: Mapping[str, Any]) -> None:
    """Add an input or enum to the forms, and all that it is made of."""
    match blocks.parse(name):
        case InputObjectTypeDefinitionNode(fields=fields) if name not in forms["inputs"]:
            forms["inputs"][name] = read = [read_field(field) for field in fields or ()]
            for field in read:
                add_type(blocks, field["type"], forms)
        case EnumTypeDefinitionNode(values=values):
            forms["enums"][name] = [value.name.value for value in values or ()]


def read_field(field: InputValueDefinitionNode) -> dict[str, Any]:
    """Return what a form must know of a field."""
    read: dict[str, Any] = {"name": field.name.value, **read_type(field.type)}
    if field.default_value is not None:
        read["required"] = False
        read["initial"] = value_from_ast_untyped(field.default_value)
    read["unit"] = read["type"] == "String" and UNIT.search(field.name.value) is not None
    for directive in field.directives or ():
        if directive.name.value == "constraint":
            read |= {each.name.value: value_from_ast_untyped(each.value) for each in directive.arguments or ()}
    return {name: value for name, value in read.items() if value not in (None, False, [])}


def read_type(node: TypeNode) -> dict[str, Any]:
    """Return the name of a type, whether something must be given, and whether several may."""
    required = isinstance(node, NonNullTypeNode)
    inner = node.type if isinstance(node, NonNullTypeNode) else node
    listed = isinstance(inner, ListTypeNode)
    while isinstance(inner, ListTypeNode | NonNullTypeNode):
        inner = inner.type
    assert isinstance(inner, NamedTypeNode)
    return {"type": inner.name.value, "required": required, "listed": listed}


if __name__ == "__main__":
    TARGET.write_text(write_forms(SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
