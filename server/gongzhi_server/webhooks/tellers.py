"""Which streams of the schema tell of plugins' events: whoever may follow one may have its events delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from gongzhi.events.telling import CURSORS, KEYS
from gongzhi.plans import GUARD, PLAN, Stream
from gongzhi.viewer import Viewer
from gongzhi.webhooks.commands import TYPES
from graphql import GraphQLField, is_required_argument

from ..engine import Engine
from ..events.streams import Asked

FACTS = "select id, version, actor, data::text as data from events.outbox where id = any($1)"


class Tellers:
    """The streams by the types that they tell of, but for those of cases, which have one of their own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.streams: dict[str, list[Asked]] = {}
        root = engine.planner.schema.subscription_type
        for name, field in root.fields.items() if root else ():
            for type in told(field):
                self.streams.setdefault(type, []).append(self.asked(name))

    def asked(self, name: str) -> Asked:
        """The stream, asked for nothing but whether there is something to see."""
        document = self.engine.prepare(f"subscription {{ {name} {{ __typename }} }}", None)
        variables = self.engine.coerced(document, {})
        return Asked(document, {}, variables, self.engine.planner.followed(document, variables))

    def allowed(self, viewer: Viewer) -> list[str]:
        """The types that somebody may follow."""
        return [type for type, streams in self.streams.items() if any(open(one, viewer) for one in streams)]

    async def facts(self, deliveries: Sequence[Any], viewer: Viewer) -> dict[UUID, Mapping[str, Any]]:
        """What happened, by event, of those that somebody may know of."""
        seen: set[UUID] = set()
        for type in {one["type"] for one in deliveries}:
            keys = [one["event_id"] for one in deliveries if one["type"] == type]
            for asked in self.streams.get(type, ()):
                if open(asked, viewer):
                    seen |= await self.visible(asked, keys, viewer)
        rows = await self.engine.shares.reader(viewer, "subscription")(FACTS, list(seen)) if seen else ()
        return {row["id"]: {**row, "data": orjson.loads(row["data"])} for row in rows}

    async def visible(self, asked: Asked, keys: Sequence[UUID], viewer: Viewer) -> set[UUID]:
        """The events of these that a stream would tell somebody."""
        statement = self.engine.planner.stream(asked.document, asked.variables, viewer, asked.field)
        session = self.engine.session(asked, viewer)
        rows, _ = await session.told(statement, {KEYS: keys, CURSORS: ["" for _ in keys]})
        return {key for key, row in zip(keys, rows, strict=True) if row is not None}


def told(field: GraphQLField) -> Iterator[str]:
    """The types that a field of Subscription tells of, if it is a stream that one can follow as it is."""
    plan = field.extensions["strawberry-definition"].metadata.get(PLAN)
    if isinstance(plan, Stream) and not any(map(is_required_argument, field.args.values())):
        yield from (one.type for one in plan.events if one.type not in TYPES)


def open(asked: Asked, viewer: Viewer) -> bool:
    guard = asked.field.declared.metadata.get(GUARD)
    return guard is None or viewer.can(guard.permission)
