"""Copies the outbox to JetStream. Every process stands ready, and one at a time does it.

In the stream of all events a message's sequence is the event's position, so the stream itself says how far the copy
has come. Each message names the sequence that it expects before it: whoever publishes with an outdated idea of the
stream, be it a leader that was replaced, is refused, looks again and goes on. So nothing is missing, nothing is there
twice, and nothing stands in another order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
from gongzhi.declare.events import Occurrence
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from gongzhi_server.events.cursors import Cursors
from gongzhi_server.events.feed import COLUMNS, occurrence
from gongzhi_server.events.sequencer import LOST, POLL
from gongzhi_server.storage.election import leading

from .line import CUT, Line
from .wire import ALL, COUNTY, CURSOR, HIDDEN, MEDIA, STREAM, cloud, shelf, subject

log = logging.getLogger("gongzhi")

LEADER = 0x676F6E677A6868  # "gongzhh"
CHUNK = 200
"""Events that are under way together."""
ANSWER = 3
"""Seconds for JetStream to answer."""
TWICE = 120
"""Seconds for which JetStream itself remembers ids."""
ACK = 10
"""Seconds after which what an integrator did not acknowledge comes again."""

# Integrators get what concerns a case, but of tip-offs and of what is internal nothing.
READ = f"""
select {COLUMNS}, c.code as county, (not o.internal and k.series is not distinct from 'ORDINARY') as open
from events.outbox o left join grids.grid g on g.id = o.grid_id left join grids.grid c on c.id = o.county_id
left join cases."case" k on k.id = o.case_id
where o.position > $1 order by o.position limit $2
"""

Integrators = Sequence[tuple[str, str]]
"""Counties' codes, each with the name of a system that consumes the county's events."""


class Foreign(Exception):
    """The streams hold events of another database, or of another life of this one."""


class Relay:
    """One process' part in copying."""

    def __init__(
        self,
        dsn: str,
        line: Line,
        cursors: Cursors,
        source: str,
        retention: timedelta,
        integrators: Integrators = (),
        poll: float = POLL,
    ) -> None:
        self.dsn, self.line, self.cursors, self.source = dsn, line, cursors, source
        self.retention, self.integrators, self.poll = retention, integrators, poll
        self.called = asyncio.Event()
        self.leads = False

    def call(self) -> None:
        """There may be something to copy."""
        self.called.set()

    async def run(self) -> None:
        """Serve until cancelled; whatever breaks, the next attempt begins with what JetStream has."""
        while True:
            try:
                await self.serve()
            except Foreign as problem:
                log.error("no events go to NATS: %s", problem)
            except (*LOST, *CUT) as problem:
                log.warning("the road to NATS is cut and made anew: %s", type(problem).__name__)
            except Exception:  # whatever it is, the next attempt may do better
                log.exception("the road to NATS broke down")
            await asyncio.sleep(self.poll)

    async def serve(self) -> None:
        async with leading(self.dsn, LEADER, self.rest) as connection:
            self.leads = True
            try:
                async with self.line.open() as client:
                    term = Term(self, connection, client.jetstream(timeout=ANSWER))
                    await term.begin()
                    while True:
                        await term.copy()
                        await self.rest()
            finally:
                self.leads = False

    async def rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.poll):
                await self.called.wait()
        self.called.clear()


@dataclass
class Tail:
    """Where a county's stream ends: its last sequence, and the position of the event there."""

    sequence: int
    position: int


@dataclass
class Term:
    """One term of leadership: what is known of the streams, until something breaks."""

    relay: Relay
    connection: asyncpg.Connection[Any]
    js: JetStreamContext
    position: int = 0
    tails: dict[str, Tail] = field(default_factory=dict)

    async def begin(self) -> None:
        """Find out how far the copy has come, and make what is missing. Raises Foreign."""
        counter = await self.connection.fetchrow("select given, gone from events.counter")
        assert counter
        given, gone = counter["given"], counter["gone"]
        info = await self.info(STREAM)
        if info is not None and gone and info.state.last_seq < gone:  # nobody copied for longer than events are kept
            await self.js.delete_stream(STREAM)
            info = None
        info = info or await self.made(STREAM, ALL, gone + 1)
        self.position = info.state.last_seq
        if self.position > given:
            raise foreign()
        await self.compare(info)
        for county, name in self.relay.integrators:
            await self.tail(county)
            await self.consumer(county, name)

    async def copy(self) -> None:
        """Copy until there is no more."""
        while rows := await self.connection.fetch(READ, self.position, CHUNK):
            happened = [(occurrence(row), row["county"], row["open"]) for row in rows]
            await self.tell([(event, county) for event, county, open in happened if open and county])
            await self.together([self.keep(event, county) for event, county, _ in happened])
            self.position = happened[-1][0].position

    async def tell(self, events: Sequence[tuple[Occurrence, str]]) -> None:
        """Publish to the counties' streams what is not there yet."""
        sending = []
        for event, county in events:
            tail = await self.tail(county)
            if event.position > tail.position:
                headers = {CURSOR: self.relay.cursors.seal(event.position)}
                sending.append((COUNTY, event, county, tail.sequence, headers))
                tail.sequence, tail.position = tail.sequence + 1, event.position
        await self.together([self.publish(*each) for each in sending])

    async def keep(self, event: Occurrence, county: str | None) -> None:
        """Publish to the stream of all events, where the sequence is the position."""
        headers = {HIDDEN: str(event.county)} if event.county else {}
        await self.publish(ALL, event, county, event.position - 1, headers)

    async def publish(
        self, root: str, event: Occurrence, county: str | None, before: int, headers: dict[str, str]
    ) -> None:
        """Publish after the message with the sequence `before`; raises one of CUT if another one is the last."""
        named = {
            "Content-Type": MEDIA,
            Header.MSG_ID.value: str(event.id),
            Header.EXPECTED_LAST_SEQUENCE.value: str(before),
            **headers,
        }
        body = cloud(event, county, self.relay.source)
        done = await self.js.publish(subject(root, county, event), body, headers=named)
        if done.seq != before + 1:  # the id was there already, in another place than we thought
            raise TimeoutError

    async def together(self, sending: Sequence[Any]) -> None:
        """Have them all under way; they leave in this order. Raises what the first one that failed did."""
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def tail(self, county: str) -> Tail:
        """Where a county's stream ends; it is made if there is none. Raises Foreign."""
        if county not in self.tails:
            info = await self.info(shelf(county)) or await self.made(shelf(county), f"{COUNTY}.{county}", 1)
            self.tails[county] = Tail(info.state.last_seq, await self.compare(info))
        return self.tails[county]

    async def compare(self, info: StreamInfo) -> int:
        """The position of a stream's last event, 0 if there is none. Raises Foreign if our own is another one."""
        if not info.state.messages:
            return 0
        name = str(info.config.name)
        last = await self.js.get_msg(name, seq=info.state.last_seq)
        headers = last.headers or {}
        found = info.state.last_seq if name == STREAM else self.relay.cursors.open(headers.get(CURSOR, ""))
        kept = "select id::text from events.outbox where position = $1 union all "
        kept += "select null from events.counter where gone >= $1"
        ours = await self.connection.fetch(kept, found)
        if not ours or ours[0]["id"] not in (None, headers.get(Header.MSG_ID.value)):
            raise foreign()
        return found or 0

    async def info(self, name: str) -> StreamInfo | None:
        try:
            found = await self.js.stream_info(name)
        except NotFoundError:
            return None
        config = found.config
        wanted = self.relay.line.replicas, self.relay.retention.total_seconds()
        if (config.num_replicas, config.max_age) != wanted:
            await self.js.update_stream(config.evolve(num_replicas=wanted[0], max_age=wanted[1]))
        return found

    async def made(self, name: str, root: str, first: int) -> StreamInfo:
        """A new stream; nobody can change or remove a message of it, and age alone takes it away."""
        config = StreamConfig(
            name=name,
            subjects=[f"{root}.>"],
            storage=StorageType.FILE,
            num_replicas=self.relay.line.replicas,
            max_age=self.relay.retention.total_seconds(),
            duplicate_window=TWICE,
            first_seq=first,
            deny_delete=True,
        )
        return await self.js.add_stream(config)

    async def consumer(self, county: str, name: str) -> None:
        """What an integrator fetches from, one message at a time: so the order holds over repetitions, too."""
        config = ConsumerConfig(
            durable_name=name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK,
            max_ack_pending=1,
        )
        try:
            await self.js.consumer_info(shelf(county), name)
        except NotFoundError:
            await self.js.add_consumer(shelf(county), config)


def foreign() -> Foreign:
    return Foreign(
        f"the streams {STREAM} and {STREAM}_… hold events that this database does not know; remove them, or name "
        "other servers in GONGZHI_NATS"
    )
