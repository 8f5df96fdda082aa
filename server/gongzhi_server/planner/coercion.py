"""Coercion: functions that coerce the values of variables, made once for each variable of a document.

They return what `graphql.coerce_input_value` does. That asks at every level of every value of which kind its type is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graphql import (
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    coerce_input_value,
    is_leaf_type,
)

__all__ = ["make_coercer"]

Coercer = Callable[[Any], Any]


def make_coercer(kind: GraphQLInputType) -> Coercer:
    """Return what coerces a value to this type; it returns Undefined for one that does not fit."""
    if isinstance(kind, GraphQLNonNull):
        return _required(make_coercer(kind.of_type))
    if kind is GraphQLString:
        return _text
    if is_leaf_type(kind):
        return _leaf(kind.coerce_input_value)
    # Lists and objects are few, and large ones are coerced in a thread.
    return partial(coerce_input_value, type_=kind)


def _required(coerce: Coercer) -> Coercer:
    """Return the same for a type that has no null."""
    return lambda value: Undefined if value is None or value is Undefined else coerce(value)


def _text(value: Any) -> Any:
    """Coerce to String."""
    return value if isinstance(value, str) else None if value is None or value is Undefined else Undefined


def _leaf(convert: Coercer) -> Coercer:
    """Return what coerces to a scalar or enum."""

    def coerce(value: Any) -> Any:
        if value is None or value is Undefined:
            return None
        try:
            return convert(value)
        except Exception:  # a scalar refuses by whatever it raises
            return Undefined

    return coerce
