"""Entity types: which entity a field's type stands for."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.values.errors import DeclarationError
from strawberry.types.base import StrawberryContainer


def entity_of(kind: Any, where: str = "a field") -> Entity:
    """Return the entity inside a type such as `list[Case]` or `Connection[Case]`."""
    named = kind
    # Lists and nullable types hold the type, connections are generic over it.
    while not hasattr(named, "__entity__"):
        definition = getattr(named, "__strawberry_definition__", None)
        if definition is not None and "T" in definition.type_var_map:
            named = definition.type_var_map["T"]
        elif isinstance(named, StrawberryContainer):
            named = named.of_type
        else:
            raise DeclarationError(f"{where} is planned, but {named!r} is no entity")
    return named.__entity__  # type: ignore[no-any-return]
