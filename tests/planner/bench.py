"""An engine over the little county, with a look at what it sends to the database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg
import orjson
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import Context, FileLook
from gongzhi.runtime.event_access import EventAccess
from gongzhi.runtime.sealing import KeyRing
from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.planner.execution import Fetch
from gongzhi_server.storage import database
from gongzhi_server.storage.connection_shares import DESCRIBED
from gongzhi_server.storage.statement_batches import text_for_several, values_for_several
from gongzhi_server.testing import ESSENTIAL

from .sample_county import CURSOR, KEYS, PUBLISHED, SECRET, VIEWERS
from .sample_plugin import schema

REGISTERS = ESSENTIAL.registers

ROOMY = Limits(
    cost=10**12,
    tokens=20_000,
    document=10**6,
    depth=30,
    fields=5_000,
    aliases=5_000,
    directives=5_000,
    roots=100,
    planning=10**6,
    parameters=30_000,
    conditions=10_000,
)
"""Bounds that generated queries do not meet; what they would meet has tests of its own."""


ANSWER = "select json_send(row_to_json(r)) from"
"""How statements begin whose answer is one row."""


async def nothing(*given: Any) -> Any:
    raise AssertionError("queries change nothing")


async def find_nothing(sql: str, *values: Any) -> Any:
    """Answer what Python asks: nothing has happened, and nothing else is there."""
    return [{"given": 0, "gone": 0}] if "from events.counter" in sql else []


def context(viewer: Viewer, keys: KeyRing = KEYS) -> Context:
    return Context(
        viewer,
        keys,
        SECRET,
        nothing,
        nothing,
        find_nothing,
        json.dumps(PUBLISHED),
        LOOKS.keep,
        registers=REGISTERS,
        events=Still(),
    )


class Still(EventAccess):
    """Events of a county where nothing happens."""

    def seal_cursor(self, position: int | None = None) -> str:
        return CURSOR


class Looks(list[FileLook]):
    """Whose files were looked at, in the place of the access log."""

    async def keep(self, look: FileLook) -> None:
        self.append(look)


LOOKS = Looks()


@dataclass
class Said:
    """What came back, or why nothing did."""

    data: Any = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    refused: bool = False
    body: bytes = b""

    @property
    def codes(self) -> list[str]:
        return [one.get("extensions", {}).get("code", "") for one in self.errors]

    @property
    def messages(self) -> list[str]:
        return [one["message"] for one in self.errors]


class Bench:
    """Asks as one of the world's viewers, or another; `seen` has the statements of the last question."""

    def __init__(
        self,
        fetch: Fetch,
        schema: Schema,
        limits: Limits = ROOMY,
        keys: KeyRing = KEYS,
        at_hand: Callable[[Viewer], Context] | None = None,
    ) -> None:
        self.schema, self._fetch = schema, fetch
        self.seen: list[tuple[str, tuple[Any, ...]]] = []
        self.at_hand = at_hand or partial(context, keys=keys)
        self.engine = GraphQLEngine(schema, self.fetch, self.at_hand, limits)

    async def fetch(self, sql: str, *values: Any) -> Any:
        self.seen.append((sql, values))
        return await self._fetch(sql, *values)

    async def together(self) -> list[tuple[Any, Any]]:
        """What the small statements of the last question answer, and what they answer for several at once."""
        found = []
        for sql, values in self.seen:
            described = await self._fetch(DESCRIBED, sql) if sql.startswith(ANSWER) else ()
            if described and (text := text_for_several(sql, described[0]["types"])):
                alone = await self._fetch(sql, *values)
                try:
                    rows = await self._fetch(text, values_for_several([values, values]))
                except asyncpg.GroupingError:
                    # An aggregate over what was given alone, such as actions of a row that show no column of it: with
                    # the values in a table it is the table's. As in the server, these statements go alone.
                    continue
                found += [(alone[0][0], row["answer"]) for row in rows]
        return found

    def over(self, schema: Schema | None = None, limits: Limits = ROOMY) -> Bench:
        """The same database behind another schema, or within other limits."""
        return Bench(self._fetch, schema or self.schema, limits)

    async def ask(self, text: str, viewer: str | Viewer = "administrator", **variables: Any) -> Said:
        return await self.send(text, variables, VIEWERS[viewer] if isinstance(viewer, str) else viewer)

    async def send(self, text: str, variables: Mapping[str, Any], viewer: Viewer) -> Said:
        self.seen.clear()
        try:
            answer = await self.engine.run(self.engine.prepare(text, None), variables, viewer)
        except RequestRefused as refused:
            return Said(errors=[dict(one.formatted) for one in refused.errors], refused=True)
        found = orjson.loads(answer.body)
        return Said(found["data"], found.get("errors", []), body=answer.body)

    async def data(self, text: str, viewer: str | Viewer = "administrator", **variables: Any) -> Any:
        """The data of an answer without errors."""
        said = await self.ask(text, viewer, **variables)
        assert not said.errors, said.errors
        return said.data


@asynccontextmanager
async def bench(dsn: str, limits: Limits = ROOMY) -> AsyncIterator[Bench]:
    pool = await database.open_readers(dsn, 2)
    try:
        async with database.open_tortoise(database.tortoise_config(dsn, ESSENTIAL.apps, size=1)):
            yield Bench(pool.fetch, schema(), limits)
    finally:
        await pool.close()
