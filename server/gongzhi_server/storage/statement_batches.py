"""Statement batches: what several requests ask by one small statement at the same time is sent at once.

Sending a statement costs more than finding one case does. So while a statement is under way, those who ask by the same
one with other values wait for it, and then go together: it is run for each row of their values. Each keeps the values
of its own viewer, so nobody sees by it what they would not see alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import orjson
from asyncpg import PostgresError

from gongzhi_server.caching import Cache
from gongzhi_server.gateway.rate_limits import spend_time

__all__ = ["StatementBatches"]

AT_ONCE = 2
"""How many statements of one text are under way before others wait for them."""
MOST = 32
"""How many requests go together at most."""
WAITING = 512
"""How many wait at most; who comes then is sent alone, as far as there is a place."""
KEPT = 2_000_000
"""Bytes of the texts of statements for several, which are made once each."""
TYPES = frozenset(
    {
        "boolean",
        "smallint",
        "integer",
        "bigint",
        "text",
        "character varying",
        "uuid",
        "date",
        "timestamp with time zone",
    }
)
"""Types whose values come through JSON unchanged."""
GIVEN = '"@given"'
"""A table that no statement can have: aliases begin with letters."""
# Texts and names are passed over, whatever stands in them.
PARAMETER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)""")

Fetch = Callable[..., Awaitable[Sequence[Any]]]
Describe = Callable[[str], Awaitable[Sequence[str] | None]]
Row = Sequence[Any] | None
"""A row, or None for whoever has to ask alone."""
Asked = tuple[Sequence[Any], "asyncio.Future[tuple[Row, float]]"]
"""The values of somebody who waits, and where the row comes, with the seconds it took."""


@dataclass(eq=False)
class Line:
    """Who asks by one statement now: how many statements are under way, and who waits with which values."""

    busy: int = 0
    waiting: list[Asked] = field(default_factory=list)


class StatementBatches:
    """Sends small statements, whose answer is one row, together where several ask by the same one.

    `describe` tells the types of a statement's parameters, or None if it cannot tell them now. What cannot go together,
    or failed together, goes alone.
    """

    def __init__(self, fetch: Fetch, describe: Describe) -> None:
        self._fetch, self._describe = fetch, describe
        self._lines: dict[str, Line] = {}
        self.texts: Cache[str, str] = Cache(KEPT)
        """The statement for several, by that for one; empty where values would not come through."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def fetch(self, sql: str, *values: Any) -> Sequence[Any]:
        """Fetch the row of a statement. Raises what sending it alone raises."""
        line = self._lines.setdefault(sql, Line())
        if line.busy >= AT_ONCE and len(line.waiting) < WAITING and self.texts.get(sql) != "":
            place: asyncio.Future[tuple[Row, float]] = asyncio.get_running_loop().create_future()
            line.waiting.append((values, place))
            row, seconds = await place
            spend_time(seconds)
            return [row] if row is not None else await self._fetch(sql, *values)
        line.busy += 1
        try:
            return await self._fetch(sql, *values)
        finally:
            self._leave(line, sql)

    def _leave(self, line: Line, sql: str) -> None:
        """Send what waits once a statement is back."""
        line.busy -= 1
        waiting = [one for one in line.waiting if not one[1].done()]  # whoever has gone is asked for nothing
        asked, line.waiting = waiting[:MOST], waiting[MOST:]
        if asked:
            line.busy += 1
            # In a context of its own: it is nobody's request, and each of those who wait pays a part of its time.
            task = asyncio.get_running_loop().create_task(self._send(line, sql, asked), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif not line.busy:
            self._lines.pop(sql, None)

    async def _send(self, line: Line, sql: str, asked: Sequence[Asked]) -> None:
        """Send a statement for several, and hand each its row, or what went wrong."""
        begun = perf_counter()
        rows: Sequence[Row] = [None] * len(asked)
        try:
            # What is wrong with the values of one is no fault of the others.
            with suppress(PostgresError, orjson.JSONEncodeError):
                rows = await self._fetch_rows(sql, [values for values, _ in asked])
            seconds = (perf_counter() - begun) / len(asked)
            for (_, place), row in zip(asked, rows, strict=True):
                if not place.done():
                    place.set_result((row, seconds))
        except BaseException as error:
            for _, place in asked:
                if not place.done():
                    place.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._leave(line, sql)

    async def _fetch_rows(self, sql: str, asked: Sequence[Sequence[Any]]) -> Sequence[Row]:
        """Fetch the rows for several, in their order; None for all where they cannot go together."""
        if len(asked) == 1:
            return [(await self._fetch(sql, *asked[0]))[0]]
        text = self.texts.get(sql)
        if text is None and (types := await self._describe(sql)) is not None:
            text = text_for_several(sql, types)
            self.texts.put(sql, text, len(sql) + len(text))
        if not text:
            return [None] * len(asked)
        found = {row["n"]: (row["answer"],) for row in await self._fetch(text, values_for_several(asked))}
        return [found[n] for n in range(len(asked))]


def text_for_several(sql: str, types: Sequence[str]) -> str:
    """Return the statement that answers for each row of parameters; an empty text where their types forbid it."""
    if not TYPES.issuperset(types) or not types:
        return ""
    columns = ",".join(f"p{at} {type}" for at, type in enumerate(types, 1))
    own = PARAMETER.sub(lambda found: f"{GIVEN}.p{found[1]}" if found[1] else found[0], sql)
    return f"select {GIVEN}.n,({own}) as answer from json_to_recordset($1::json) as {GIVEN}(n int,{columns})"


def values_for_several(asked: Sequence[Sequence[Any]]) -> str:
    """Return the rows of parameters as JSON. Raises orjson.JSONEncodeError for a value that it does not have."""
    rows = [{f"p{at}": value for at, value in enumerate(values, 1)} | {"n": n} for n, values in enumerate(asked)]
    return orjson.dumps(rows, default=str).decode()
