"""Scalar descriptions: what the values of the scalars look like, in both languages; Strawberry's own say less."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from strawberry.scalars import JSON
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.scalar import ScalarDefinition

DESCRIPTIONS: Mapping[object, str] = {
    datetime.date: "A day, such as 2026-06-30 (日期).",
    datetime.datetime: (
        "A moment with its offset, such as 2026-06-30T06:05:00.25+00:00. A second has up to six digits, and none "
        "where they are zero: read it as a time, not as a text (时刻)."
    ),
    Decimal: "An exact decimal number, as a text, such as 12.50 (十进制数).",
    JSON: "Any JSON value (JSON 值).",
}


def describe_scalars() -> dict[object, ScalarDefinition]:
    """Return the scalars with these descriptions."""
    return {kind: replace(DEFAULT_SCALAR_REGISTRY[kind], description=text) for kind, text in DESCRIPTIONS.items()}
