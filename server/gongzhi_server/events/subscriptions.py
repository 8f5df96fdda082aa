"""Subscriptions: who follows what from where, and what each event means to them.

Everybody reads the feed at their own pace and holds nothing but a position. Those for whom a statement and all
its parameters are the same make a group: what an event means is found out and encoded once for all of them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from gongzhi.core.events.stream_fields import CURSORS, KEYS
from gongzhi.declare.events import Occurrence
from gongzhi.declare.plans import LIVE, PLAN, Live
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import Context
from graphql import GraphQLError, get_argument_values
from graphql.execution.values import VariableValues

from gongzhi_server.gateway.interfaces import Answer
from gongzhi_server.gateway.rate_limits import Overloaded
from gongzhi_server.planner import Document, FollowedField, Statement
from gongzhi_server.planner.execution import OperationRun
from gongzhi_server.storage.availability import AWAY

from .cursors import Cursors
from .feed import EventFeed
from .visibility import EventVisibility, Rule

PAUSE = 0.2
"""Seconds for which what is followed live rests after an answer."""
PATIENCE = 10.0
"""Seconds that an answer waits for a handler whose work it shows."""
HANDLED = "select position from events.consumer where name = $1"
REMEMBERED = 16
"""Chunks of events whose answers a group keeps for those who come a little later."""
WAITING = (*AWAY, Overloaded)
"""What is waited out: whoever follows would only come back and ask for the same."""
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the time where two subscriptions are compared."""

Current = Callable[[Viewer], Awaitable[Viewer]]
"""Brings a viewer's grants up to date. Raises what the gateway can word."""
Encode = Callable[[bytes, Sequence[GraphQLError], Viewer, int, str | None], Answer]


@dataclass(frozen=True)
class SubscriptionRequest:
    """A subscription as it was sent."""

    document: Document
    given: dict[str, Any]
    variables: VariableValues
    field: FollowedField

    @cached_property
    def plan(self) -> Any:
        return self.field.declared.metadata.get(LIVE) or self.field.declared.metadata[PLAN]

    @cached_property
    def live(self) -> bool:
        """Whether it is told how something is, not what happened."""
        return isinstance(self.plan, Live)

    @cached_property
    def arguments(self) -> dict[str, Any]:
        return get_argument_values(self.field.of, self.field.details[0].node, self.variables)


class Streams:
    """The subscriptions of one process."""

    def __init__(
        self,
        feed: EventFeed,
        cursors: Cursors,
        current: Current,
        make_run: Callable[[SubscriptionRequest, Viewer], OperationRun],
        encode: Encode,
        context: Callable[[Viewer], Context],
        now: Callable[[], datetime],
        visibility: EventVisibility,
    ) -> None:
        self.feed, self.cursors, self.current = feed, cursors, current
        self.make_run, self.encode, self.context, self.now = make_run, encode, context, now
        self.visibility = visibility
        # Weak: a group lives as long as somebody in it does, and goes with the last.
        self._groups: WeakValueDictionary[Any, SubscriptionGroup] = WeakValueDictionary()
        self._handled: dict[str, int] = {}

    def group(self, asked: SubscriptionRequest, viewer: Viewer, statement: Statement) -> SubscriptionGroup:
        """Return the group of a subscription, a new one if there is none. Raises Refusal for a bad argument."""
        # By identity of the statement, which the planner shares among viewers with the same text.
        key = (id(statement), viewer.language, *self.scope(asked, viewer, statement))
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = SubscriptionGroup(self, asked, viewer, statement)
        return found

    def scope(self, asked: SubscriptionRequest, viewer: Viewer, statement: Statement) -> tuple[Any, ...]:
        """Return what the answers depend on besides the statement's text."""
        bound = self.bound(asked, viewer, statement)
        touching = repr(asked.arguments) if asked.live else ""
        rules = self.rules(asked, viewer)
        # Who may know of an event is decided by rules with parameters of their own, so these belong to the key.
        touching += repr([(id(one), self.bound(of, viewer, one)) for of, one in rules])
        who = (viewer.account, repr(asked.given)) if statement.shape.live else ()  # Python may look at anything
        return (asked.field.of.extensions["strawberry-definition"].python_name, bound, touching, *who)

    def bound(self, asked: SubscriptionRequest, viewer: Viewer, statement: Statement) -> str:
        """Return the parameters of a statement as text, whatever the time and the events are."""
        variables = {**asked.variables.coerced, KEYS: None, CURSORS: None}
        # A fixed time stands in for now, or no two subscriptions would ever be alike.
        return repr(statement.arguments(variables, self.context(replace(viewer, now=NEVER))))

    def rules(self, asked: SubscriptionRequest, viewer: Viewer) -> list[Rule]:
        """Return the rules by which the viewer may know of the events that change what they follow live."""
        return self.visibility.rules((one.type for one in asked.plan.events), viewer) if asked.live else []

    async def wait_for_handler(self, handler: str, position: int) -> None:
        """Wait until a handler has come as far as a position; not for ever, for it may be slow or not run at all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._handled.get(handler, 0) < position:
                    rows = await self.feed.fetch(HANDLED, handler)
                    # No such row: the handler has never run here, and nothing is to be waited for.
                    if not rows:
                        return
                    self._handled[handler] = rows[0]["position"]
                    if rows[0]["position"] < position:
                        await asyncio.sleep(PAUSE)

    def handler_position(self, handler: str | None) -> int:
        """Return the position up to which an answer of now counts in everything, also what a handler makes of it."""
        return min(self.feed.position, self._handled.get(handler, 0)) if handler else self.feed.position

    async def follow(
        self, asked: SubscriptionRequest, viewer: Viewer, position: int, plan: Callable[[Viewer], Statement]
    ) -> AsyncGenerator[Answer, None]:
        """Yield answers from a position on, without end. Raises PositionExpired, and what `current` raises."""
        group = self.group(asked, viewer, plan(viewer))
        state: Any = None
        # Of the position: whatever else takes its time here, the database may be another one afterwards.
        history = self.feed.history
        if asked.live:
            # Somebody who begins to follow gets the state of now, not one that others were told a while ago.
            while state is None:
                try:
                    state = await group.now(position, anew=True)
                except WAITING:
                    await asyncio.sleep(self.feed.poll)
            yield state
        while True:
            try:
                events = await self.feed.after(position, history)
                reached = self.feed.history
                # Before each answer: a session may have ended, or grants may have changed, since the last one.
                now = await self.current(viewer)
                # Accounts are cached, so the same object means the same grants.
                if now.account is not viewer.account:
                    viewer, group = now, self.group(asked, now, plan(now))
                answers = await group.answer(position, events)
            except WAITING:
                await asyncio.sleep(self.feed.poll)  # the database is away, or overrun; nothing is lost meanwhile
                continue
            position, history = events[-1].position, reached
            for answer in answers:
                if state is None:
                    yield answer
                # Live answers repeat the whole; an equal one would tell that an event happened behind it.
                elif answer.body != state.body:
                    state = answer
                    yield state
                    await asyncio.sleep(PAUSE)


class SubscriptionGroup:
    """Subscriptions that get the same answers."""

    def __init__(self, streams: Streams, asked: SubscriptionRequest, viewer: Viewer, statement: Statement) -> None:
        self.streams, self.asked, self.viewer, self.statement = streams, asked, viewer, statement
        self.types = {one.type for one in asked.plan.events}
        self.rules = streams.rules(asked, viewer)
        self._shared: OrderedDict[tuple[int, int], asyncio.Task[list[Answer]]] = OrderedDict()
        self._state: tuple[int, asyncio.Task[Answer]] | None = None

    async def answer(self, position: int, events: Sequence[Occurrence]) -> list[Answer]:
        """Return what these events mean to the group; they follow a position."""
        return await (self.live(events) if self.asked.live else self.shared_answers(position, events))

    async def shared_answers(self, position: int, events: Sequence[Occurrence]) -> list[Answer]:
        """Answer these events by a run that all members of the group share."""
        mine = [one for one in events if one.type in self.types]
        if not mine:
            return []
        # The chunk is known by its ends, so that members who read the same chunk share one answer.
        key = position, events[-1].position
        task = self._shared.get(key)
        # A failed run is not kept: the next member tries again.
        if task is None or has_failed(task):
            task = self._shared[key] = asyncio.create_task(self.answers(mine))
            if len(self._shared) > REMEMBERED:
                self._shared.popitem(last=False)
        # Shielded: the task is shared, and a member who leaves must not cancel it for the others.
        return task.result() if task.done() else await asyncio.shield(task)

    async def answers(self, events: Sequence[Occurrence]) -> list[Answer]:
        """Encode these events by one statement; what may not be seen or is not asked for is left out."""
        cursors = [self.streams.cursors.seal(one.position) for one in events]
        given = {KEYS: [one.id for one in events], CURSORS: cursors}
        rows, errors = await self.make_run().fetch_by_keys(self.statement, given)
        # The answer's JSON is put together from the bytes that the database made, without parsing them.
        head = b'{"%s":' % self.asked.field.key.encode()
        found = zip(events, cursors, rows, strict=True)
        return [
            self.streams.encode(head + row + b"}", errors, self.viewer, self.statement.cost, cursor)
            for _, cursor, row in found
            if row is not None
        ]

    async def live(self, events: Sequence[Occurrence]) -> list[Answer]:
        """Return what is followed as it is now, if one of these events may have changed it, and may be known of.

        Else the answer, or that it came, would tell that something happened.
        """
        touches, arguments = self.asked.plan.touches, self.asked.arguments
        mine = [one for one in events if one.type in self.types and (not touches or touches(one, arguments))]
        viewer = replace(self.viewer, now=self.streams.now())
        if mine and await self.streams.visibility.may_know(self.rules, mine, viewer):
            # A figure that a handler keeps lags behind the event; answering at once would send the old figure.
            if self.asked.plan.handled:
                await self.streams.wait_for_handler(self.asked.plan.handled, events[-1].position)
            return [await self.now(events[-1].position)]
        return []

    async def now(self, position: int, anew: bool = False) -> Answer:
        """Return what is followed at this position or later; `anew` if other things may have changed it."""
        known = self._state
        if known is None or known[0] < position or has_failed(known[1]) or anew and known[1].done():
            # The position is taken before the state is read, so that it never claims to know more than it does.
            self._state = self.streams.handler_position(self.asked.plan.handled), asyncio.create_task(self.state())
            known = self._state
        return await asyncio.shield(known[1])

    async def state(self) -> Answer:
        """Query the state of now, and encode it."""
        data, errors = await self.make_run().query(self.statement)
        return self.streams.encode(data, errors, self.viewer, self.statement.cost, None)  # a cursor tells of all events

    def make_run(self) -> OperationRun:
        """Make an operation that runs for one of the group as of now."""
        return self.streams.make_run(self.asked, replace(self.viewer, now=self.streams.now()))


def has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
