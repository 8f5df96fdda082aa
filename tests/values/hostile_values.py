"""Hostile values: every input and argument of the schema with what no caller should send, one place at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gongzhi.declare.bounds import BOUND, USUAL, Limits
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

from ..access.argument_values import Name, value

Way = tuple[str | int, ...]

JOINING = {"and", "or", "not"}
"""Members of filters that hold filters."""
LONG = "9" * 60
SHAPED = ("x1", "X1", "x.1", "22:00")
"""Texts that between them have every shape that fields ask for."""
TEXTS = (
    "",
    " \t ",
    "9" * 20,
    LONG,
    "深" * 300,
    "x" * 30_000,
    "\u202e\u2028",
    "a\x1bb",
    "Case:00000000-0000-4000-8000-000000000000",
    "Case:x",
    "-1",
    "NaN",
    "{",
    "P99999999999999D",
)
HOSTILE: dict[str, tuple[Any, ...]] = {
    "String": TEXTS,
    "ID": (*TEXTS, "Person:" + LONG, "Grid:99999999999999999999", "Grid:-1"),
    "Int": (0, -1, 2**31 - 1, -(2**31)),
    "Float": (0, -1, 1e308, -1e308, 1e-308),
    "Decimal": ("0", "-1", "NaN", "Infinity", "1e999999", "9" * 40, "0.0000000000000000000000001"),
    "Date": ("0001-01-01", "9999-12-31", "1600-02-29"),
    "DateTime": (
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59+00:00",
        "2026-06-01T08:00:00",
    ),
    "Boolean": (True, False),
    "JSON": ("x", [], {"a": {"b": LONG}}),
    "UUID": ("00000000-0000-4000-8000-000000000000",),
}


@dataclass(frozen=True)
class Try:
    """A value in a place of an input."""

    way: Way
    kind: str
    value: Any

    def __str__(self) -> str:
        text = repr(self.value)
        return f"{'.'.join(map(str, self.way))}={text if len(text) < 40 else f'{text[:20]}…({len(text)})'}"


def full_value(name: str, kind: Any, known: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of the type with every field in it, down to the third level."""
    if isinstance(kind, GraphQLNonNull):
        return full_value(name, kind.of_type, known, depth)
    if isinstance(kind, GraphQLList):
        return [full_value(name, kind.of_type, known, depth)]
    if isinstance(kind, GraphQLInputObjectType):
        fields = list(kind.fields.items())[:1] if kind.is_one_of else kind.fields.items()
        return {
            key: fit_value(full_value(key, field.type, known, depth + 1), limits_of(field))
            for key, field in fields
            if depth < 5 or is_required_input_field(field)
        }
    return value(name, kind, known)


def limits_of(field: GraphQLInputField) -> Limits:
    """What is declared of a field of an input."""
    declared = field.extensions.get("strawberry-definition")
    limits: Limits = declared.metadata.get(BOUND, USUAL) if declared else USUAL
    return limits


def fit_value(value: Any, limits: Limits) -> Any:
    """The value, or where it is beyond the limits of its field another that is not."""
    if isinstance(value, list):
        return [fit_value(one, limits) for one in value] * max(1, limits.entries[0])
    if isinstance(value, str) and limits.pattern and not re.fullmatch(limits.pattern.expression, value):
        return next(one for one in SHAPED if re.fullmatch(limits.pattern.expression, one))
    if isinstance(value, str) and limits.length:
        return value.ljust(limits.length[0], "x")[: limits.length[1]]
    if isinstance(value, int) and limits.between:
        return min(max(value, limits.between[0]), limits.between[1])
    return value


def leaves(kind: Any, way: Way = (), depth: int = 0) -> Iterator[tuple[Way, Any, bool]]:
    """The ways to the leaves of a type, with the leaf's type and whether it is in a list."""
    if isinstance(kind, GraphQLNonNull):
        yield from leaves(kind.of_type, way, depth)
    elif isinstance(kind, GraphQLList):
        yield from leaves(kind.of_type, (*way, 0), depth)
    elif isinstance(kind, GraphQLInputObjectType):
        if depth < 6:
            for name, field in kind.fields.items():
                if name not in JOINING:
                    yield from leaves(field.type, (*way, name), depth + 1)
    else:
        yield way, kind, bool(way) and way[-1] == 0


def tries(kind: Any) -> Iterator[Try]:
    """Every hostile value in every leaf of a type."""
    for way, leaf, listed in leaves(kind):
        if way[-1:] == ("idempotencyKey",) and len(way) > 1:
            continue
        if isinstance(leaf, GraphQLEnumType):
            yield from (Try(way, leaf.name, Name(name)) for name in list(leaf.values))
            continue
        for hostile in HOSTILE[leaf.name]:
            yield Try(way, leaf.name, hostile)
        if listed:
            yield Try(way[:-1], leaf.name, [])
            yield Try(way[:-1], leaf.name, [HOSTILE[leaf.name][0]] * 300)


def sample_values(found: Iterator[Try], share: int | None) -> Iterator[Try]:
    """All of them, or so many for each place: another value at the next place, so that all kinds of them are tried."""
    if share is None:
        yield from found
        return
    for at, (_, group) in enumerate(groupby(found, lambda one: (one.way, one.kind))):
        values = list(group)
        yield from (values[(at + step) % len(values)] for step in range(min(share, len(values))))


NOBODY = "00000000-0000-7000-8000-000000000000"
"""A key that no row has."""


def absent(base: Any, way: Way = ()) -> Iterator[Try]:
    """What is well formed and not there: each id in a value with the key of no row, and each version long gone by."""
    if isinstance(base, dict):
        for name, inner in base.items():
            yield from absent(inner, (*way, name))
    elif isinstance(base, list):
        for at, inner in enumerate(base):
            yield from absent(inner, (*way, at))
    elif way[-1] == "expectedVersion":
        yield Try(way, "Int", base + 1_000_000)
    elif isinstance(base, str) and re.fullmatch(r"[A-Z]\w+:\S+", base):
        kind, _, key = base.partition(":")
        yield Try(way, "ID", f"{kind}:{2**31 - 1 if key.isdigit() else NOBODY}")


def place_value(base: Any, kind: Any, way: Way, value: Any, known: Mapping[str, Any]) -> Any:
    """The base with the value in its place; a union of inputs takes that branch alone."""
    if not way:
        return value
    if isinstance(kind, GraphQLNonNull):
        return place_value(base, kind.of_type, way, value, known)
    key, *rest = way
    if isinstance(kind, GraphQLList):
        return [place_value(base[0] if base else None, kind.of_type, tuple(rest), value, known)]
    assert isinstance(kind, GraphQLInputObjectType)
    field = kind.fields[str(key)]
    inside = base.get(key) if isinstance(base, dict) else None
    if inside is None and rest:
        inside = full_value(str(key), field.type, known, 2)
    put = place_value(inside, field.type, tuple(rest), value, known)
    return {key: put} if kind.is_one_of else {**(base or {}), key: put}


def literal(value: Any) -> str:
    """The value as a document has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return str(value) if isinstance(value, Name) else json.dumps(value)
