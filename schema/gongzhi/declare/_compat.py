"""Library internals: what the contract uses of Tortoise without its promise, with the public way where it is gone.

`tests/test_library_internals.py` refuses such uses anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from tortoise.models import Model

M = TypeVar("M", bound=Model)


def build_stored(model: type[M], columns: Mapping[str, Any]) -> M:
    """Return the object of a row that a statement of ours has read; by the public way it is checked and converted anew.

    Columns that the model does not have are left out.
    """
    if build := getattr(model, "_init_from_db", None):
        made: M = build(**columns)
        return made
    names = model._meta.fields_db_projection_reverse
    made = model(**{names[column]: value for column, value in columns.items() if column in names})
    mark_stored(made)
    return made


def mark_stored(row: Model) -> None:
    """Have an object know that its row is there, so that saving it updates. There is no public way: see the version."""
    # Bounded in pyproject.toml; without the attribute an insert of the same key would fail, and nothing be lost.
    row._saved_in_db = True
