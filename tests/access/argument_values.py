"""Values for arguments and inputs, made from their types; where a name tells what is meant, of a row that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    is_required_argument,
    is_required_input_field,
)

PLAIN: dict[str, Any] = {
    "String": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "ID": "Nothing:1",
    "Date": "2026-06-01",
    "DateTime": "2026-06-01T08:00:00+08:00",
    "Decimal": "1.00",
    "JSON": {},
    "UUID": "00000000-0000-4000-8000-000000000000",
}


class Name(str):
    """The name of an enum's value, written without quotes in a document."""


def value(name: str, kind: Any, known: Mapping[str, Any]) -> Any:
    """A value that the type takes; `known` says what is meant by names."""
    if isinstance(kind, GraphQLNonNull):
        return value(name, kind.of_type, known)
    if isinstance(kind, GraphQLList):
        return [value(name, kind.of_type, known)]
    if isinstance(kind, GraphQLEnumType):
        return Name(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        given = {key: value(key, field.type, known) for key, field in kind.fields.items() if wanted(key, field, known)}
        return given or {key: value(key, field.type, known) for key, field in list(kind.fields.items())[:1]}
    if name == "idempotencyKey":
        return str(uuid4())
    return known.get(f"{name}:{kind.name}", known.get(name, PLAIN[kind.name]))


def wanted(name: str, field: GraphQLInputField, known: Mapping[str, Any]) -> bool:
    return is_required_input_field(field) or name in known


def required(arguments: Mapping[str, GraphQLArgument], known: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """The arguments a field cannot do without: type and value."""
    return {
        name: (str(argument.type), value(name, argument.type, known))
        for name, argument in arguments.items()
        if is_required_argument(argument)
    }
