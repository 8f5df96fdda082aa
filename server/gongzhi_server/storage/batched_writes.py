"""Batched writes: several statements that go to the database as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

PLACE = re.compile(r"\$(\d+)")


@dataclass(frozen=True)
class Write:
    """A statement that changes rows and answers nothing, with its values."""

    sql: str
    values: Sequence[Any]


def join_writes(*writes: Write) -> Write:
    """Join statements into one that does them all. None of them sees what another one does."""
    texts: list[str] = []
    values: list[Any] = []
    for write in writes:
        texts.append(shift_places(write.sql, len(values)))
        values.extend(write.values)
    # Data-modifying CTEs all run to the end, whether or not the outer statement reads them, and on one
    # snapshot. So two of them must not write the same row: only one of these changes would take effect.
    parts = [f"w{at} as ({text})" for at, text in enumerate(texts[:-1])]
    return Write(f"with {', '.join(parts)} {texts[-1]}" if parts else texts[0], values)


def shift_places(sql: str, by: int) -> str:
    """Return a statement with the numbers of its values raised by so much."""
    return PLACE.sub(lambda found: f"${int(found[1]) + by}", sql)


async def write_together(connection: BaseDBAsyncClient, *writes: Write) -> None:
    """Write several statements in one round trip."""
    whole = join_writes(*writes)
    await connection.execute_query(whole.sql, list(whole.values))
