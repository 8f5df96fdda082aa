"""Extensions: fields added to object types that another package declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField

from gongzhi.declare.filters import Comparison
from gongzhi.declare.orders import Ordering
from gongzhi.declare.plans import GUARD
from gongzhi.values.errors import DeclarationError


@dataclass(frozen=True)
class Extension:
    """Fields for an object type. Packages of the core use it among themselves as plugins do."""

    target: type
    fields: tuple[StrawberryField, ...]
    filter: Mapping[str, Comparison] = field(default_factory=dict)
    order: Mapping[str, Ordering] = field(default_factory=dict)


def extend(
    target: type,
    *,
    filter: Mapping[str, Comparison] | None = None,
    order: Mapping[str, Ordering] | None = None,
    **fields: StrawberryField,
) -> Extension:
    """Add fields to `target`: a core type, another plugin's type, or Query, Mutation, Subscription.

    `filter` adds conditions to the lists of an entity, each made with `gongzhi.declare.filters.guard_comparison`;
    `order` adds orders, each made with `gongzhi.declare.orders.order_by`.
    """
    name = getattr(target, "__name__", repr(target))
    if not has_object_definition(target):
        raise DeclarationError(f"{name} is not a GraphQL object type, so it cannot be extended")
    definition = target.__strawberry_definition__
    if definition.is_input or definition.is_interface or definition.is_graphql_generic:
        kind = "an input" if definition.is_input else "an interface" if definition.is_interface else "generic"
        raise DeclarationError(f"{name} is {kind}, so it cannot be extended")
    if (filter or order) and not hasattr(target, "__entity__"):
        raise DeclarationError(f"{name} is kept in no table, so its lists have no filter and no order")
    for name, added in fields.items():
        if not isinstance(added, StrawberryField) or GUARD not in added.metadata:
            raise DeclarationError(f"{target.__name__}.{name} must be made with gongzhi's own words, with requires=")
        # Strawberry takes the names of fields from the body of a class, and these stood in none.
        added.python_name = name
    return Extension(target, tuple(fields.values()), filter or {}, order or {})
