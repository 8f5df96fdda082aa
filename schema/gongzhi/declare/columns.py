"""Columns: types of columns and mixins that the tables of all packages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from tortoise import fields
from tortoise.fields.base import Field
from tortoise.models import Model
from uuid6 import uuid7

from ._compat import build_stored, mark_stored

M = TypeVar("M", bound=Model)

NEVER = datetime.max.replace(tzinfo=UTC)
"""The end of what does not end; PostgreSQL's infinity, so that a column that lists are ordered by is never null."""
BEFORE = "_before"
"""The attribute of a row that says what its columns were."""


class LtreeField(Field[str], str):  # type: ignore[misc]
    """A path of labels (extension ltree)."""

    SQL_TYPE = "ltree"


class PolygonField(Field[str], str):  # type: ignore[misc]
    """A ring in PostgreSQL's built-in geometry, written `((x,y),…)`."""

    SQL_TYPE = "polygon"


class BytesField(Field[bytes], bytes):  # type: ignore[misc]
    """Raw bytes, such as a sealed value. Tortoise's own BinaryField cannot be filtered on."""

    SQL_TYPE = "bytea"


def load_row(model: type[M], row: Mapping[str, Any]) -> M:
    """Return a model's object, of a row that a statement of our own has found, all columns of it."""
    return build_stored(model, row)


async def insert_rows(model: type[M], rows: Sequence[M]) -> None:
    """Insert new rows, and have them know that they are there: what changes of them later `save_changes` saves."""
    if len(rows) == 1:
        await rows[0].save(force_create=True)
    else:
        await model.bulk_create(rows)
    for row in rows:
        # A bulk insert does not mark its objects as stored, and saving one later would insert it again.
        mark_stored(row)
        remember_row(row)


def remember_row(row: Model) -> None:
    """Keep what a row is in the database, for `save_changes`."""
    row.__dict__[BEFORE] = {name: getattr(row, name) for name in row._meta.fields_db_projection}


async def save_changes(row: Model) -> None:
    """Save the columns that are others than `remember_row` found; of a row that it has not seen, all.

    Triggers, constraints and the encoding of what nobody has touched cost more than the change itself.
    """
    before = row.__dict__.get(BEFORE)
    if before is None:
        await row.save()
        return
    # What holds others may have been changed in place.
    changed = [name for name, one in before.items() if isinstance(one, dict | list) or getattr(row, name) != one]
    if changed:
        await row.save(update_fields=changed)
    remember_row(row)


def primary_key() -> Any:
    """Return the key of a row about people: it can be made anywhere, and its neighbours cannot be guessed."""
    # Version 7 begins with the time, so that new rows lie side by side in the index.
    return fields.UUIDField(primary_key=True, default=uuid7)


class Located(Model):
    """A row that lies in a grid. The database fills the ancestors in from the grid (trigger `grids.locate`)."""

    grid: Any = fields.ForeignKeyField("grids.GridRow", related_name=False, on_delete=fields.RESTRICT)
    grid_id: int
    # Null where the row's grid lies higher than the level.
    county_id = fields.IntField(null=True)
    town_id = fields.IntField(null=True)
    village_id = fields.IntField(null=True)
    grid_1_id = fields.IntField(null=True)
    grid_2_id = fields.IntField(null=True)
    grid_3_id = fields.IntField(null=True)

    class Meta:
        abstract = True
