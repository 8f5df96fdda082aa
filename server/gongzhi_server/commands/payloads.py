"""Payloads of mutations: what is stored of them, and how they come back when a request is sent again.

A value is stored by the type its payload declares, so that a replay answers with the same JSON as the first call.
Which types are lawful is checked when the schema is built.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from dataclasses import MISSING
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from gongzhi.declare.entity import Ref
from gongzhi.runtime.commands import ONCE
from gongzhi.values.errors import DeclarationError
from strawberry import ID
from strawberry.scalars import JSON
from strawberry.types.base import StrawberryList, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from gongzhi_server.planner.rows import entity_of

ERRORS = "errors"
"""The field that is stored in both languages, with the refusal."""
LAWFUL = (
    "a type that is kept in a table, a text, an ID, a whole number, a float, a Decimal, true or false, a date, a time, "
    "a moment, a UUID, an enum, JSON, a list of these, or a type with fields of these"
)

Read = Callable[[Any], Any]


def finite_float(value: Any) -> float:
    """Return a number as a float. Raise ValueError for one that JSON cannot say."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a float must be finite")
    return number


def same_value(value: Any) -> Any:
    """Return what JSON says as it is."""
    return value


# Each value is stored as text or a JSON number that its own type reads back
# to the same value: a Decimal as text, since JSON's floats would round it.
SCALARS: dict[Any, tuple[Read, Read]] = {
    str: (str, str),
    ID: (str, str),
    int: (int, int),
    bool: (bool, bool),
    float: (finite_float, finite_float),
    Decimal: (str, Decimal),
    UUID: (str, UUID),
    JSON: (same_value, same_value),
    datetime.date: (datetime.date.isoformat, datetime.date.fromisoformat),
    datetime.time: (datetime.time.isoformat, datetime.time.fromisoformat),
    datetime.datetime: (datetime.datetime.isoformat, datetime.datetime.fromisoformat),
}
"""How a scalar is stored, and how it is read back."""


def fields_to_store(kind: type) -> Iterator[StrawberryField]:
    """Yield the fields of a payload, or of a type in one, whose values are stored."""
    for field in kind.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        if field.base_resolver is None and not field.metadata.get(ONCE):
            yield field


def check_payload(kind: type) -> None:
    """Raise DeclarationError, naming payload and field, for a type that a replay could not give back."""
    for field in fields_to_store(kind):
        if field.python_name != ERRORS:
            check_kind(field.type, f"{kind.__name__}.{field.python_name}", (kind,))


def check_kind(kind: Any, place: str, around: tuple[type, ...]) -> None:
    """Raise DeclarationError for a type of a payload's field that cannot be stored."""
    if isinstance(kind, StrawberryOptional | StrawberryList):
        check_kind(kind.of_type, place, around)
    elif kind in SCALARS or isinstance(kind, StrawberryEnumDefinition) or hasattr(kind, "__entity__"):
        pass
    elif has_object_definition(kind) and not kind.__strawberry_definition__.is_interface:
        # A type within itself has no bound to how deep it is stored, and a check that descends would never end.
        if kind in around:
            raise DeclarationError(f"{place}: {kind.__name__} holds itself, which a payload cannot be stored with")
        for field in kind.__strawberry_definition__.fields:
            inside = f"{place}.{field.python_name}"
            if field.metadata.get(ONCE) and field.default is MISSING and field.default_factory is MISSING:
                raise DeclarationError(f"{inside} is answered once, so it needs a default for when it is not")
        for field in fields_to_store(kind):
            check_kind(field.type, f"{place}.{field.python_name}", (*around, kind))
    else:
        name = getattr(kind, "__name__", type(kind).__name__)
        raise DeclarationError(f"{place}: {name} cannot be stored for when the request is sent again; use {LAWFUL}")


def store_payload(payload: Any) -> dict[str, Any]:
    """Return what is stored of a payload as JSON: all but its errors, what is null, and what is answered once."""
    return store_fields(payload, type(payload).__name__, skip=ERRORS)


def store_fields(value: Any, place: str, skip: str = "") -> dict[str, Any]:
    """Return the fields of an object as JSON has them, without those that are null."""
    owner: type = type(value)
    made = {}
    for name, kind in kinds_by_name(owner).items():
        # Nulls are left out, to keep what is stored small; reading back fills them in.
        if name != skip and (found := getattr(value, name)) is not None:
            made[name] = store_value(kind, found, f"{place}.{name}")
    return made


def store_value(kind: Any, value: Any, place: str) -> Any:
    """Return a value of a declared type as JSON has it. Raise TypeError, naming the field, for one of another type."""
    kind = kind.of_type if isinstance(kind, StrawberryOptional) else kind
    if value is None:
        return None
    if isinstance(kind, StrawberryList):
        return [store_value(kind.of_type, one, place) for one in value]
    # A row is stored by its key alone. A replay plans it anew, with what the viewer may see by then.
    if isinstance(value, Ref):
        return [str(value.key), value.shown]
    if isinstance(kind, StrawberryEnumDefinition):
        return kind.wrapped_cls(value).name
    if kind in SCALARS:
        try:
            return SCALARS[kind][0](value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{place} is declared as {kind.__name__} and holds a {type(value).__name__}") from error
    return store_fields(value, place)


def restore_payload(kind: type, stored: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a payload, its errors apart, from what is stored of it."""
    found = kinds_by_name(kind)
    # Names that the payload no longer has are dropped: a release may remove a field while older answers are kept.
    return {
        name: restore_value(found[name], value) for name, value in stored.items() if name != ERRORS and name in found
    }


def restore_value(kind: Any, stored: Any) -> Any:
    """Return a value of a declared type from what is stored of it."""
    kind = kind.of_type if isinstance(kind, StrawberryOptional) else kind
    if stored is None:
        return None
    if isinstance(kind, StrawberryList):
        return [restore_value(kind.of_type, one) for one in stored]
    if hasattr(kind, "__entity__"):
        entity, (key, shown) = entity_of(kind), stored
        return Ref(entity, entity.python(entity.key, key), shown)
    if isinstance(kind, StrawberryEnumDefinition):
        return kind.wrapped_cls[stored]
    if kind in SCALARS:
        return SCALARS[kind][1](stored)
    found = kinds_by_name(kind)
    return kind(**{name: restore_value(one, stored.get(name)) for name, one in found.items()})


def settle_payload(payload: Any, stored: dict[str, Any]) -> None:
    """Put into a payload what a replay will read, so that the first answer is the same text as later ones."""
    for name, value in restore_payload(type(payload), stored).items():
        setattr(payload, name, value)


def objects_in(value: Any) -> Iterator[Ref]:
    """Yield the rows that a payload names, at whatever depth."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from objects_in(one)
    elif has_object_definition(type(value)):
        for one in vars(value).values():
            yield from objects_in(one)


# Read for every mutation, and fixed once the schema is built.
@cache
def kinds_by_name(kind: type) -> dict[str, Any]:
    return {field.python_name: field.type for field in fields_to_store(kind)}
