"""Mutation forms: what the inputs of mutations take, for pages that make forms of them while they run."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator
from typing import Any

import orjson
from gongzhi.runtime.commands import COMMAND, Command
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gongzhi_server._compat import graphql_schema

from .constraints import write_limits
from .schema import Schema

DEFINITION = "strawberry-definition"
NUMBERS = ("number", "code")
"""What a row is named by where an input does not ask for its id."""
NO_LIMITS: dict[str, Any] = dict.fromkeys(
    ("minLength", "maxLength", "pattern", "min", "max", "minItems", "maxItems"), None
)


class MutationForms:
    """The forms of a schema, made when somebody asks for them."""

    def __init__(self, schema: Schema) -> None:
        self.schema = graphql_schema(schema)
        mutation = self.schema.mutation_type
        self.mutations = mutation.fields if mutation else {}
        kinds = self.schema.type_map.values()
        self.nodes = [one.name for one in kinds if isinstance(one, GraphQLObjectType) and one.interfaces]

    def write(self, names: Collection[str]) -> str:
        """Write the forms of these mutations as JSON; a name that no mutation has is left out."""
        known = (name for name in dict.fromkeys(names) if name in self.mutations)
        return orjson.dumps([self.lay_out(name) for name in known]).decode()

    def lay_out(self, name: str) -> dict[str, Any]:
        """Return the form of a mutation: its input with all that it is made of, and which field names the row."""
        kind: Any = get_named_type(self.mutations[name].args["input"].type)
        inputs: dict[str, GraphQLInputObjectType] = {}
        collect_inputs(kind, inputs)
        return {
            "mutation": name,
            "input": kind.name,
            "subject": self.subject(name),
            "inputs": [
                {"name": one.name, "fields": [self.lay_out_field(*each) for each in one.fields.items()]}
                for one in inputs.values()
            ],
        }

    def lay_out_field(self, name: str, field: GraphQLInputField) -> dict[str, Any]:
        """Return what a form must know of a field; its label is told by `labels`."""
        kind, given = get_named_type(field.type), field.default_value
        return {
            "name": name,
            "type": kind.name,
            "required": isinstance(field.type, GraphQLNonNull) and given is Undefined,
            "listed": is_list_type(get_nullable_type(field.type)),
            "picks": self.named_type(name) if is_id(field) else None,
            "values": list(order_values(kind)) if isinstance(kind, GraphQLEnumType) else None,
            "initial": write_initial(given),
            **NO_LIMITS,
            **write_limits(field.extensions[DEFINITION]),
        }

    def named_type(self, field: str) -> str | None:
        """Return the type that an id's field is called by, whole or by its last words; None where several are."""
        named = [one for one in self.nodes if one.endswith(field[0].upper() + field[1:])]
        return named[0] if len(named) == 1 else None

    def command(self, name: str) -> Command | None:
        """Return what a mutation carries out; None for a name that no mutation has."""
        declared = self.mutations[name].extensions.get(DEFINITION) if name in self.mutations else None
        found: Command | None = declared.metadata.get(COMMAND) if declared else None
        return found

    def subject(self, name: str, row: str | None = None) -> str | None:
        """Return the field of a mutation's input that names the row it is done to, or else one of type `row`."""
        kind: Any = get_named_type(self.mutations[name].args["input"].type)
        command = self.command(name)
        action = command and command.action
        if action and action.field:
            return action.field
        on = type_name(action.on) if action else row
        ids = [name for name, field in kind.fields.items() if is_id(field)]
        # A field is called as the type whose row it names, mostly without what the plugin's types begin with.
        named = [name for name in ids if (on or "").lower().endswith(name.lower())]
        if named or not action:
            return named[0] if named else None
        needed = [name for name in ids if isinstance(kind.fields[name].type, GraphQLNonNull)]
        return needed[0] if len(needed) == 1 else next((name for name in NUMBERS if name in kind.fields), None)

    def done_to(self, row: str) -> list[str]:
        """Return the mutations that `actions` of a type offers."""
        commands = {name: self.command(name) for name in self.mutations}
        return [name for name, one in commands.items() if one and one.action and type_name(one.action.on) == row]

    def keys(self, name: str, row: str) -> set[str]:
        """Return what a form needs of the row: its id, or the field that its input calls it by, and the version."""
        if name not in self.mutations:
            return set()
        fields = get_named_type(self.mutations[name].args["input"].type).fields
        subject = self.subject(name, row)
        found = {"id" if is_id(fields[subject]) else subject} if subject else set()
        return found | ({"version"} if "expectedVersion" in fields else set())


def type_name(declared: Any) -> str:
    """Return what a declared type is called in the schema."""
    return str(declared.__strawberry_definition__.name)


def is_id(field: GraphQLInputField) -> bool:
    """Return whether a field takes one id."""
    return str(field.type) in ("ID", "ID!")


def collect_inputs(kind: Any, found: dict[str, GraphQLInputObjectType]) -> None:
    """Add an input and all that it is made of."""
    if isinstance(kind, GraphQLInputObjectType) and kind.name not in found:
        found[kind.name] = kind
        for one in kind.fields.values():
            collect_inputs(get_named_type(one.type), found)


def write_initial(given: Any) -> str | None:
    """Write what stands in a field at first; nothing for what is no single value."""
    if given is Undefined or given is None or isinstance(given, (list, dict)):
        return None
    if isinstance(given, enum.Enum):
        return given.name
    return str(given).lower() if isinstance(given, bool) else str(given)


def order_values(kind: GraphQLEnumType) -> Iterator[str]:
    """Yield the values of an enum in the order of their declaration, for the schema sorts them."""
    declared = kind.extensions[DEFINITION].wrapped_cls.__members__
    return (name for name in declared if name in kind.values)
