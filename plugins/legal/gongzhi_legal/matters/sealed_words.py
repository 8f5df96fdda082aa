"""Confidential words: those of a matter, sealed under its own key and opened for whoever has a seat at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import batch
from gongzhi.runtime import sealing
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.context import Context
from gongzhi.runtime.sealing import KeyRing, SealError
from tortoise.models import Model

from ..models import MatterKind, MatterRow
from ..visibility import MINE, viewer_seat_values

# The county's code names the key that the matter's key is wrapped under.
READ = (
    "select t.id, t.matter_id, t.{column} written, m.secret, g.code from legal.{table} t "
    "join legal.matter m on m.id=t.matter_id join grids.grid g on g.id=m.county_id where t.id=any($1)"
)
# The seat is asked for in the same statement as the words, so no caller can forget it.
SEATED = f" and exists(select from legal.seat s where s.matter_id=m.id and {MINE.format('$2', '$3', '$4')})"


@dataclass(frozen=True)
class MatterCipher:
    """Writes and reads the words of one matter. A word is bound to its table, column and row."""

    key: bytes = field(repr=False)

    def write(self, row: Model, **said: str | None) -> None:
        """Seal words into columns of a row that is not saved yet."""
        for column, text in said.items():
            # Bound to its place: a sealed word that is copied to another row or column does not open.
            place = f"legal.{row._meta.db_table}.{column}:{row.pk}"
            setattr(row, column, None if text is None else sealing.seal_value(self.key, place, text))

    def read(self, row: Model, column: str) -> str:
        """Return the words in a column of a row; empty if there are none. Raises SealError."""
        value = getattr(row, column)
        return sealing.open_value(self.key, f"legal.{row._meta.db_table}.{column}:{row.pk}", value) if value else ""


async def begin_matter(
    call: Call, kind: MatterKind, grid: GridRow, path: str = "grid"
) -> tuple[MatterRow, MatterCipher]:
    """Create a matter in a grid, with a key of its own."""
    if grid.county_id is None:
        raise not_found("Name a grid in a county.", "请指定县级以下网格。", path)
    # One key for each matter: destroying it destroys every word of this matter, and of no other.
    key, county = sealing.data_key(), await GridRow.get(id=grid.county_id)
    secret = call.context.keys.wrap(county.code, key)
    # Only the wrapped key is stored.
    matter = await MatterRow.create(kind=kind, grid=grid, secret=secret, opened_at=call.now)
    # Triggers fill in county, town and village.
    await matter.refresh_from_db()
    return matter, MatterCipher(key)


async def open_cipher(context: Context, matter: MatterRow) -> MatterCipher:
    """Return the cipher of a matter that is there already. Raises Refusal where its words have been destroyed."""
    county = await GridRow.get(id=matter.county_id)
    if matter.secret is None:
        raise not_found("What was written here has been erased.", "该事项内容已被删除。", "matter")
    return MatterCipher(context.keys.unwrap(county.code, matter.secret))


def sealed_words(description: str, column: str, table: str, *, seat: bool = True) -> Any:
    """Build a field of what people wrote in this column; without `seat` it is opened for whoever sees the row."""

    async def read(rows: Sequence[Any], context: Context) -> list[str | None]:
        found = await read_words(context, table, column, [row.id for row in rows], seat=seat)
        return [found.get(row.id) for row in rows]

    read.__doc__ = description
    # A batch, for words are opened in Python: one statement for all rows of a list.
    return batch(needs=("id",))(read)


async def read_words(
    context: Context, table: str, column: str, ids: Sequence[UUID], *, seat: bool = True
) -> dict[UUID, str | None]:
    """Return the words of these rows in clear, of those the viewer may read."""
    text = READ.format(table=table, column=column) + (SEATED if seat else "")
    rows = await context.fetch(text, list(ids), *(viewer_seat_values(context.viewer) if seat else ()))
    return {row["id"]: reveal_words(context.keys, row, f"legal.{table}.{column}:{row['id']}") for row in rows}


def reveal_words(keys: KeyRing, row: Mapping[str, Any], place: str) -> str | None:
    """Return what a row has written, opened with the secret of its matter; None where either is gone."""
    if row["written"] is None or row["secret"] is None:
        return None
    try:
        return sealing.open_value(keys.unwrap(row["code"], row["secret"]), place, row["written"])
    # A word that does not open is shown as none: a list must not fail for one damaged row.
    except SealError:
        return None
