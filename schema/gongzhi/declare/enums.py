"""Enums: names and descriptions for enums that the tables already have."""

from __future__ import annotations

import enum
from typing import Any, Literal, TypeVar

import strawberry

E = TypeVar("E", bound=type[enum.Enum])


def describe_enum(kind: E, name: str, description: str, **values: str) -> E:
    """Make an enum part of the schema, every value described. Raises KeyError for a value that is not."""
    strawberry.enum(kind, name=name, description=description)
    definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
    return kind


def set_tones(kind: type[enum.Enum], **tones: Literal["GREEN", "AMBER", "RED"]) -> None:
    """Say of values how they look where that matters, such as a light; frontends read it with their labels."""
    setattr(kind, "__tones__", tones)  # noqa: B010 - the type of enums declares no such attribute
