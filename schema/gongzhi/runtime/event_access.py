"""Event access: what an account may know of events, for plugins that tell other systems of them.

    async def tell(run: ServiceRun) -> None:
        events = run.context().events
        if viewer := await events.load_viewer(account):
            known = await events.read([(id, "case.accepted")], viewer, "{ number status }")

Nothing of an event leaves by it that the account would not be told by a subscription over GraphQL, at this moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gongzhi.declare.viewer import Viewer


@dataclass(frozen=True)
class KnownEvent:
    """What somebody may know of an event."""

    version: int
    """The version of the facts."""
    actor: str
    """Who did it, as a value of `gongzhi.declare.events.Actor`."""
    facts: Mapping[str, Any]
    """What was so when it happened."""
    case: Mapping[str, Any] | None = None
    """The case as it is now, by the selection, if there was one."""


class UnfitSelection(Exception):
    """A selection that was checked once fits the schema no more, such as after a plugin is gone."""


class EventAccess:
    """Answers by the rules of the subscriptions that tell of an event; read it anew from a context.

    The server's own answers stand in its place; without them nobody may know of anything.
    """

    types: Collection[str] = ()
    """The types that a subscription tells of, but for those of cases (`gongzhi.core.cases.events`)."""
    retention: timedelta = timedelta()
    """How long events are kept."""

    async def load_viewer(self, account: UUID, permissions: Collection[str] | None = None) -> Viewer | None:
        """Load an account with what it may now; None if it is suspended or gone.

        `permissions` is what the API key may by which it asked for this; None for all that the account may. Nobody's
        own matters are shown: it acts for the account, and is no person.
        """
        return None

    def find_types(self, viewer: Viewer) -> Collection[str]:
        """Find those of `types` whose subscriptions somebody may follow."""
        return ()

    def check_selection(self, selection: str, viewer: Viewer) -> str:
        """Print a selection on a case, such as `{ number status }`, anew. Raises Refusal at `selection`.

        It may name ids, codes, numbers and times: what has left is beyond anybody's right to be forgotten, so it never
        says who somebody is or what they wrote. It must fit the schema and the limit of costs.
        """
        raise NotImplementedError

    async def check_condition(self, condition: str, viewer: Viewer) -> str:
        """Print a filter of `cases`, such as `{ urgency: { equals: URGENT } }`, anew. Raises Refusal at `filter`.

        It may not look into what people wrote: what meets it leaves, and tells of it.
        """
        raise NotImplementedError

    async def read(
        self, events: Sequence[tuple[UUID, str]], viewer: Viewer, selection: str | None = None, condition: str = ""
    ) -> Mapping[UUID, KnownEvent]:
        """Read events, given by id and type, as far as somebody may know of them; the others are left out.

        The selection is for events of cases, and so is the condition, which their cases meet now; with one there are
        at most 100 events. Raises UnfitSelection.
        """
        return {}

    def seal_cursor(self, position: int | None = None) -> str:
        """Make the cursor that a subscription over GraphQL goes on from behind this position, or from now on.

        What a statement sees that is run afterwards is before that or told behind it.
        """
        raise NotImplementedError

    def open_cursor(self, cursor: str) -> int | None:
        """Read the position of a cursor; None for what is none of ours, or of a history that a restore has ended."""
        return None

    async def find_position(self, since: datetime) -> int:
        """Find the position behind which what has happened since a time is told; that of now if nothing has.

        Raises Refusal with CURSOR_EXPIRED if events of that time have been thrown away.
        """
        raise NotImplementedError

    async def wait(self, position: int) -> None:
        """Wait until something has happened behind a position."""
        raise NotImplementedError
