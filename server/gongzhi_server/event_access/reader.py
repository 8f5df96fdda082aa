"""Event access: answers plugins what an account may know of events, by the rules of the subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.cases.events import EVENTS
from gongzhi.core.events.stream_fields import CURSORS, KEYS
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.event_access import EventAccess, KnownEvent, UnfitSelection

from gongzhi_server.auth.account_lookup import Accounts
from gongzhi_server.auth.claims import OnBehalf
from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.planner.declarations import streams_of
from gongzhi_server.plugins.ownership import acting_as

from ..events.cursors import PositionExpired
from ..events.hub import Hub
from ..events.subscriptions import SubscriptionRequest
from ..events.visibility import is_open
from .conditions import Conditions
from .selections import Selections

OF_CASES = frozenset(one.type for one in EVENTS)
FACTS = "select id, version, actor, data::text as data from events.outbox where id = any($1)"


class EngineEventAccess(EventAccess):
    """Answers over one engine."""

    def __init__(
        self,
        engine: GraphQLEngine,
        accounts: Accounts,
        hub: Hub,
        retention: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self.engine, self.accounts, self.hub, self.retention, self.now = engine, accounts, hub, retention, now
        self.selections, self.conditions = Selections(engine), Conditions(engine)
        self.streams: dict[str, list[SubscriptionRequest]] = {}
        for name, types in streams_of(engine.planner.schema).items():
            for type in sorted(types - OF_CASES):  # those of cases have a subscription of their own
                self.streams.setdefault(type, []).append(
                    engine.prepare_subscription(f"subscription {{ {name} {{ __typename }} }}")
                )
        self.types = self.streams.keys()

    async def load_viewer(self, account: UUID, permissions: Collection[str] | None = None) -> Viewer | None:
        only = None if permissions is None else list(permissions)
        loaded = await self.accounts.load(OnBehalf(account, only), self.now())
        return Viewer(loaded.account, self.now()) if loaded else None

    def find_types(self, viewer: Viewer) -> Collection[str]:
        return [type for type, streams in self.streams.items() if any(is_open(one, viewer) for one in streams)]

    def check_selection(self, selection: str, viewer: Viewer) -> str:
        return self.selections.check(selection, viewer)

    async def check_condition(self, condition: str, viewer: Viewer) -> str:
        return await self.conditions.check(condition, viewer)

    async def read(
        self, events: Sequence[tuple[UUID, str]], viewer: Viewer, selection: str | None = None, condition: str = ""
    ) -> Mapping[UUID, KnownEvent]:
        of_cases = [id for id, type in events if type in OF_CASES]
        others = [(id, type) for id, type in events if type not in OF_CASES]
        with acting_as(None):  # what is read, and the note of it, is the core's, whoever asked
            known = await self.read_of_cases(of_cases, viewer, selection) if of_cases else {}
            if known and condition:
                numbers = {one.facts["number"] for one in known.values()}
                meeting = await self.conditions.find_meeting(numbers, condition, viewer)
                known = {id: one for id, one in known.items() if one.facts["number"] in meeting}
            return known | (await self.read_others(others, viewer) if others else {})

    async def read_of_cases(self, ids: Sequence[UUID], viewer: Viewer, selection: str | None) -> dict[UUID, KnownEvent]:
        """Read events of cases, each with its case. Raises UnfitSelection."""
        try:
            asked = self.selections.prepare(selection)
        except RequestRefused as refused:
            raise UnfitSelection from refused
        run = self.engine.make_stream_run(asked, viewer)
        rows, errors = await run.fetch_by_keys(self.selections.plan(asked, viewer), keys_and_cursors(ids))
        self.engine.count(errors)
        await run.record()
        found = {id: orjson.loads(row) for id, row in zip(ids, rows, strict=True) if row is not None}
        return {id: KnownEvent(one["version"], one["actor"], one["data"], one.get("case")) for id, one in found.items()}

    async def read_others(self, events: Sequence[tuple[UUID, str]], viewer: Viewer) -> dict[UUID, KnownEvent]:
        """Read events that subscriptions of plugins tell of."""
        seen: set[UUID] = set()
        for type in {type for _, type in events}:
            ids = [id for id, of in events if of == type]
            for asked in self.streams.get(type, ()):
                if is_open(asked, viewer):
                    seen |= await self.find_visible(asked, ids, viewer)
        rows = await self.engine.shares.reader(viewer, "subscription")(FACTS, list(seen)) if seen else ()
        return {row["id"]: KnownEvent(row["version"], row["actor"], orjson.loads(row["data"])) for row in rows}

    async def find_visible(self, asked: SubscriptionRequest, ids: Sequence[UUID], viewer: Viewer) -> set[UUID]:
        """Find those of these events that a subscription would tell somebody of."""
        rows, _ = await self.engine.make_stream_run(asked, viewer).fetch_by_keys(
            self.selections.plan(asked, viewer), keys_and_cursors(ids)
        )
        return {id for id, row in zip(ids, rows, strict=True) if row is not None}

    def seal_cursor(self, position: int | None = None) -> str:
        return self.hub.cursors.seal(self.hub.feed.position if position is None else position, varied=True)

    def open_cursor(self, cursor: str) -> int | None:
        try:
            return self.hub.cursors.open(cursor)
        except PositionExpired:
            return None

    async def find_position(self, since: datetime) -> int:
        return await self.hub.feed.find_position(since)

    async def wait(self, position: int) -> None:
        async with self.hub.following():
            with suppress(PositionExpired):  # whoever reads on finds out
                await self.hub.feed.after(position)


def keys_and_cursors(ids: Sequence[UUID]) -> dict[str, Any]:
    """Give a subscription's statement the events that it is to tell of."""
    return {KEYS: list(ids), CURSORS: ["" for _ in ids]}
