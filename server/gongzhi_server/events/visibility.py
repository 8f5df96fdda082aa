"""Event visibility: whether a viewer may know of any of some events, which decides what they notice of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gongzhi.core.events.stream_fields import CURSORS, KEYS
from gongzhi.declare.events import Occurrence
from gongzhi.declare.plans import GUARD
from gongzhi.declare.viewer import Viewer

from gongzhi_server.planner import Planner, Statement
from gongzhi_server.planner.declarations import streams_of

if TYPE_CHECKING:
    from gongzhi_server.planner.execution import OperationRun

    from .subscriptions import SubscriptionRequest

Rule = tuple["SubscriptionRequest", Statement]
"""A stream, asked for nothing but whether there is something to tell, and its statement for a viewer."""


class EventVisibility:
    """Asks the streams of a schema, each of which has the rule for its events. `ask` makes a stream an operation."""

    def __init__(
        self,
        planner: Planner,
        ask: Callable[[str], SubscriptionRequest],
        make_run: Callable[[SubscriptionRequest, Viewer], OperationRun],
    ) -> None:
        self.planner, self.ask, self.make_run = planner, ask, make_run

    @cached_property
    # Asked for nothing but `__typename`: the rule of the stream alone decides whether there is an answer.
    def _streams(self) -> Mapping[str, SubscriptionRequest]:
        return {
            name: self.ask(f"subscription {{ {name} {{ __typename }} }}") for name in streams_of(self.planner.schema)
        }

    def rules(self, types: Iterable[str], viewer: Viewer) -> list[Rule]:
        """Return the rules by which a viewer may know of events of these types."""
        # Looked at for each stream: an iterator would be used up by the first.
        wanted = frozenset(types)
        asked = [self._streams[name] for name, of in streams_of(self.planner.schema).items() if of & wanted]
        return [(one, self.statement(one, viewer)) for one in asked if is_open(one, viewer)]

    def statement(self, asked: SubscriptionRequest, viewer: Viewer) -> Statement:
        """Return the statement of a stream for a viewer."""
        return self.planner.stream(asked.document, asked.variables, viewer, asked.field)

    async def may_know(self, rules: Sequence[Rule], events: Sequence[Occurrence], viewer: Viewer) -> bool:
        """Return whether the rules tell somebody of at least one of the events."""
        given: dict[str, Any] = {KEYS: [one.id for one in events], CURSORS: ["" for _ in events]}
        for asked, statement in rules:
            rows, _ = await self.make_run(asked, viewer).fetch_by_keys(statement, given)
            if any(row is not None for row in rows):
                return True
        return False


def is_open(asked: SubscriptionRequest, viewer: Viewer) -> bool:
    """Return whether the viewer holds the permission that a stream needs, if it needs one."""
    guard = asked.field.declared.metadata.get(GUARD)
    return guard is None or viewer.can(guard.permission)
