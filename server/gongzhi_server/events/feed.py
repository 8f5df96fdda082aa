"""Feed: the events of the outbox in the order of their positions; the last are kept in memory for all who follow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from gongzhi.core.events.outbox_reading import COLUMNS, event_of_row
from gongzhi.declare.events import Occurrence
from gongzhi.values.errors import Refusal

from gongzhi_server.planner.execution import Fetch
from gongzhi_server.storage.availability import LOST

from .cursors import PositionExpired
from .sequencer import POLL

log = logging.getLogger("gongzhi")

# Events in memory. Whoever is further behind reads the table again.
KEPT = 2000
NET = 5.0
"""Seconds after which the table is looked at even while somebody hands on every event."""
CHUNK = 200
"""Events that are read and told together."""
EVENT = f"select {COLUMNS} from events.outbox o left join grids.grid g on g.id = o.grid_id "
READ = EVENT + "where o.position > $1 order by o.position limit $2"
# Where events have been thrown away, the first that is left tells since when one can say what happened.
SINCE = """
select n.given, case when n.gone > 0 then (select min(o.at) from events.outbox o) end as oldest,
  (select min(o.position) - 1 from events.outbox o where o.at >= $1) as before
from events.counter n
"""


class EventFeed:
    """The events that have happened, as far as this process knows."""

    def __init__(self, fetch: Fetch, poll: float = POLL) -> None:
        self.fetch, self.poll = fetch, poll
        self.rest = poll
        """Seconds after which the feed reads again, even if nobody called."""
        self.relied = False
        self.followers = 0
        """How many wait for events. While there are none, nothing is read."""
        self.position = 0
        self.losses = list[int]()
        """The last position that was left each time that events were lost while this process ran: its database was
        restored, or a replica took over."""
        self._kept: list[Occurrence] = []
        self._news = asyncio.Event()
        self._hint = asyncio.Event()

    async def open(self) -> None:
        """Begin with what is there now."""
        [row] = await self.fetch("select given, gone from events.counter")
        self.position = row["given"]
        self._kept = []

    def rewind(self, position: int) -> None:
        """Go back to the last position of a history that goes on elsewhere; whoever is beyond it has to begin anew."""
        # In any case: a follower may be further than what is read here.
        self.losses.append(position)
        if position < self.position:
            self.position, self._kept = position, []
            self._call()

    def hint(self) -> None:
        """Note that there may be news."""
        self._hint.set()

    def notice(self, position: int | None = None) -> None:
        """Note that positions have been given, up to this one if it is known."""
        if not self.followers:
            self.position, self._kept = max(self.position, position or 0), []
        elif not self.relied:  # else whoever hands on every event tells which
            self.hint()

    def rely(self, on: bool) -> None:
        """Say whether somebody hands on every event from now on; what happened before is read once more."""
        self.relied, self.rest = on, NET if on else self.poll
        self.hint()

    async def run(self) -> None:
        """Keep up until cancelled."""
        while True:
            # Cleared before reading: a hint that arrives meanwhile is not lost, but leads to another look.
            self._hint.clear()
            try:
                while self.followers and await self.advance():
                    pass
            # The loop must survive the database; the next look, after a moment, begins where this one stopped.
            except LOST as error:
                log.warning(
                    "events cannot be read just now: %s; trying again, and nothing is lost: look at the database if it "
                    "goes on",
                    type(error).__name__,
                )
            try:
                async with asyncio.timeout(self.rest):
                    await self._hint.wait()
            except TimeoutError:
                pass

    async def advance(self) -> bool:
        """Take up what is new; tell whether there may be more."""
        found = await read_events(self.fetch, self.position)
        news = [one for one in found if one.position > self.position]  # some may have been heard of meanwhile
        if news:
            self._add(news)
        return len(found) == CHUNK

    def take(self, heard: Occurrence) -> None:
        """Take up an event that was heard of; if one before it was not, read all of them."""
        if heard.position == self.position + 1:
            self._add([heard])
        elif heard.position > self.position:
            self.hint()

    def _add(self, found: list[Occurrence]) -> None:
        if found[0].position != self.position + 1:  # away for longer than events are kept
            # A gap would break the promise that events follow without one, so what was kept before it is dropped.
            self._kept = []
        self._kept += found
        del self._kept[:-KEPT]
        self.position = found[-1].position
        self._call()

    def _call(self) -> None:
        # Wakes all who wait, and gives those who come later an event of their own.
        self._news.set()
        self._news = asyncio.Event()

    async def check(self, position: int) -> None:
        """Raise PositionExpired if one cannot go on from a position."""
        [row] = await self.fetch("select given, gone from events.counter")
        # "gone" is the last position whose partition was dropped; beyond "given" no position was ever given.
        if not row["gone"] <= position <= row["given"]:
            raise PositionExpired

    def check_history(self, position: int, history: int) -> None:
        """Raise PositionExpired if what a position of a history named has been lost since."""
        if any(position > left for left in self.losses[history:]):
            raise PositionExpired

    async def find_position(self, since: datetime) -> int:
        """Find the position before the first event from a time on; the last one if there is no such event yet.

        Raises Refusal with CURSOR_EXPIRED if events of that time have been thrown away.
        """
        [found] = await self.fetch(SINCE, since)
        if found["oldest"] and since < found["oldest"]:
            oldest = found["oldest"].isoformat()
            raise Refusal(
                "CURSOR_EXPIRED",
                f"Events before {oldest} are no longer kept; begin with that time, and load what was before.",
                f"{oldest} 之前的事件已不再保留，请从该时间开始，并另行查询此前的数据。",
                ("since",),
            )
        return int(found["given"] if found["before"] is None else found["before"])

    @property
    def history(self) -> int:
        """How often events were lost: a position means something together with it."""
        return len(self.losses)

    async def after(self, position: int, history: int | None = None) -> Sequence[Occurrence]:
        """Return the next events after a position of a history, without a gap; wait for them. Raises PositionExpired.

        Whoever does other things between two calls says of which history their position is: it may be over by now, and
        positions may have come as far again.
        """
        known = self.history if history is None else history
        self.check_history(position, known)
        while position >= self.position:
            await self._news.wait()
            self.check_history(position, known)
        first = self._kept[0].position if self._kept else self.position + 1
        if position + 1 >= first:
            # Positions have no gaps, so the place in memory is a subtraction.
            at = position + 1 - first
            return self._kept[at : at + CHUNK]
        found = await read_events(self.fetch, position)
        # The first that is found is another: what lay between has been dropped.
        if not found or found[0].position != position + 1:
            raise PositionExpired
        return found


async def read_events(fetch: Fetch, position: int) -> list[Occurrence]:
    """Read the next events after a position from the outbox."""
    return [event_of_row(row) for row in await fetch(READ, position, CHUNK)]
