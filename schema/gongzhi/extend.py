"""Fields added to object types that somebody else declared."""

from __future__ import annotations

from dataclasses import dataclass

from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField

from .errors import DeclarationError
from .plans import GUARD


@dataclass(frozen=True)
class Extension:
    """Fields for an object type. The rooms of the core use it among themselves as plugins do."""

    target: type
    fields: tuple[StrawberryField, ...]


def extend(target: type, **fields: StrawberryField) -> Extension:
    """Add fields to `target`: a core type, another plugin's type, or Query, Mutation, Subscription."""
    if not has_object_definition(target) or target.__strawberry_definition__.is_input:
        raise DeclarationError(f"{target!r} is not a GraphQL object type, so it cannot be extended")
    for name, added in fields.items():
        if not isinstance(added, StrawberryField) or GUARD not in added.metadata:
            raise DeclarationError(f"{target.__name__}.{name} must be made with gongzhi's own words, with requires=")
        added.python_name = name
    return Extension(target, tuple(fields.values()))
