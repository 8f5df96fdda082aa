"""Several statements that go to the database as one."""

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


def together(*writes: Write) -> Write:
    """One statement that does them all. None of them sees what another one does."""
    texts: list[str] = []
    values: list[Any] = []
    for write in writes:
        texts.append(shifted(write.sql, len(values)))
        values.extend(write.values)
    parts = [f"w{at} as ({text})" for at, text in enumerate(texts[:-1])]
    return Write(f"with {', '.join(parts)} {texts[-1]}" if parts else texts[0], values)


def shifted(sql: str, by: int) -> str:
    """The statement, with the numbers of its values so much higher."""
    return PLACE.sub(lambda found: f"${int(found[1]) + by}", sql)


async def write(connection: BaseDBAsyncClient, *writes: Write) -> None:
    """Write all of it with one statement."""
    whole = together(*writes)
    await connection.execute_query(whole.sql, list(whole.values))
