"""Alternatives: what a rule must give, a list of criteria or None for every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gongzhi.declare.sql import Alternatives
from gongzhi.values.errors import DeclarationError
from pypika_tortoise.terms import Criterion


def check_alternatives(found: Any) -> Alternatives:
    """Return the alternatives of a rule. Raises DeclarationError for what is none, such as a criterion by itself."""
    listed = found is None or isinstance(found, Sequence) and not isinstance(found, str)
    if listed and all(isinstance(one, Criterion) for one in found or ()):
        return found  # type: ignore[no-any-return]
    kind = (
        type(found).__name__
        if not listed
        else "a list with a " + next(type(one).__name__ for one in found if not isinstance(one, Criterion))
    )
    raise DeclarationError(
        f"a rule gave {kind} where a list of criteria is due, such as [Sql(…)], or None for every row"
    )
