"""Constraints: the directive that tells in the schema what the field of an input takes, beside its type."""

from __future__ import annotations

import copy

import strawberry
from gongzhi.declare.bounds import BOUND, ITEMS, TEXT, USUAL, Limits
from strawberry import UNSET
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case


# The names of its arguments are those that tools which make forms of a schema know.
@strawberry.schema_directive(
    locations=[Location.INPUT_FIELD_DEFINITION],
    description="What a value may be beside its type, and each entry of a list; anything else is refused with "
    "BAD_USER_INPUT, by the field's name. Blanks around a text that has a minLength do not count. Where nothing is "
    f"said, a text has {TEXT:,} characters at most, and a list {ITEMS:,} entries (取值限制).",
)
class Constraint:
    min_length: int | None = UNSET
    max_length: int | None = UNSET
    pattern: str | None = UNSET
    min: int | None = UNSET
    max: int | None = UNSET
    min_items: int | None = UNSET
    max_items: int | None = UNSET


def constrain_field(field: StrawberryField) -> StrawberryField:
    """Return a field with the directive that tells its limits, if it has any of its own."""
    limits: Limits = field.metadata.get(BOUND, USUAL)
    if limits == USUAL:
        return field
    # A copy: the declared field is shared by all schemas of the process.
    field = copy.copy(field)
    field.directives = [*field.directives, tell_limits(limits)]
    return field


def tell_limits(limits: Limits) -> Constraint:
    """Return the directive of limits."""
    told = Constraint()
    if limits.length:
        told.min_length, told.max_length = limits.length
    elif limits.longest:
        told.max_length = limits.longest
    if limits.pattern:
        told.pattern = f"^{limits.pattern.expression}$"
    if limits.between:
        told.min, told.max = limits.between
    if limits.items:
        least, told.max_items = limits.entries
        told.min_items = least or UNSET
    return told


def write_limits(field: StrawberryField) -> dict[str, int | str]:
    """Return what the directive of a field says, by the names of its arguments; nothing if it has none."""
    told = vars(tell_limits(field.metadata.get(BOUND, USUAL)))
    return {to_camel_case(name): value for name, value in told.items() if value is not UNSET}
