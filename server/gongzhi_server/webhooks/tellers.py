"""Which streams of the schema tell of plugins' events: whoever may follow one may have its events delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.events.telling import CURSORS, KEYS
from gongzhi.core.webhooks.commands import TYPES
from gongzhi.declare.viewer import Viewer

from gongzhi_server.events.subscriptions import Asked
from gongzhi_server.events.visibility import is_open
from gongzhi_server.graphql.engine import Engine
from gongzhi_server.planner.declarations import streams_of

FACTS = "select id, version, actor, data::text as data from events.outbox where id = any($1)"


class Tellers:
    """The streams by the types that they tell of, but for those of cases, which have one of their own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.streams: dict[str, list[Asked]] = {}
        for name, types in streams_of(engine.planner.schema).items():
            for type in sorted(types - set(TYPES)):
                self.streams.setdefault(type, []).append(self.asked(name))

    def asked(self, name: str) -> Asked:
        """The stream, asked for nothing but whether there is something to see."""
        return self.engine.asked(f"subscription {{ {name} {{ __typename }} }}")

    def allowed(self, viewer: Viewer) -> list[str]:
        """The types that somebody may follow."""
        return [type for type, streams in self.streams.items() if any(is_open(one, viewer) for one in streams)]

    async def facts(self, deliveries: Sequence[Any], viewer: Viewer) -> dict[UUID, Mapping[str, Any]]:
        """What happened, by event, of those that somebody may know of."""
        seen: set[UUID] = set()
        for type in {one["type"] for one in deliveries}:
            keys = [one["event_id"] for one in deliveries if one["type"] == type]
            for asked in self.streams.get(type, ()):
                if is_open(asked, viewer):
                    seen |= await self.visible(asked, keys, viewer)
        rows = await self.engine.shares.reader(viewer, "subscription")(FACTS, list(seen)) if seen else ()
        return {row["id"]: {**row, "data": orjson.loads(row["data"])} for row in rows}

    async def visible(self, asked: Asked, keys: Sequence[UUID], viewer: Viewer) -> set[UUID]:
        """The events of these that a stream would tell somebody."""
        statement = self.engine.planner.stream(asked.document, asked.variables, viewer, asked.field)
        session = self.engine.session(asked, viewer)
        rows, _ = await session.told(statement, {KEYS: keys, CURSORS: ["" for _ in keys]})
        return {key for key, row in zip(keys, rows, strict=True) if row is not None}
