"""Publisher: copies the outbox to JetStream. Every process stands ready, and one at a time does it.

In the stream of all events a message's sequence is the event's position, so the stream itself says how far the copy
has come. Each message names the sequence that it expects before it: whoever publishes with an outdated idea of the
stream, be it a leader that was replaced, is refused, looks again and goes on. So nothing is missing, nothing is there
twice, and nothing stands in another order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
from gongzhi.core.events.outbox_reading import COLUMNS, event_of_row
from gongzhi.declare.events import Occurrence
from gongzhi.runtime.event_access import EventAccess
from gongzhi.runtime.services import ServiceRun
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from ..settings import IntegrationSettings, Integrators
from .connection import CUT, NatsServers
from .messages import ALL, COUNTY, CURSOR, HIDDEN, MEDIA, STREAM, stream_of, subject_of, write_event

log = logging.getLogger("gongzhi")

POLL = 1.0
"""Seconds after which it looks, even if nothing was published, and between attempts to reach NATS."""
CHUNK = 200
"""Events that are under way together."""
ANSWER = 3
"""Seconds for JetStream to answer."""
TWICE = 120
"""Seconds for which JetStream itself remembers ids."""
ACK = 10
"""Seconds after which what an integrator did not acknowledge comes again."""

# Integrators get what concerns a case, but of tip-offs and of what is internal nothing.
IS_OPEN = "(not o.internal and k.series is not distinct from 'ORDINARY')"
READ = f"""
select {COLUMNS}, c.code as county, {IS_OPEN} as open
from events.outbox o left join grids.grid g on g.id = o.grid_id left join grids.grid c on c.id = o.county_id
left join cases."case" k on k.id = o.case_id
where o.position > $1 order by o.position limit $2
"""


UNTIL, FROM = "gongzhi-until", "gongzhi-from-"
"""What a county's stream that was made anew says of itself: up to which position it is to be filled, and from which
sequence on each integrator goes on."""
DELETED = "$JS.EVENT.ADVISORY.STREAM.DELETED.*"


class ForeignStreams(Exception):
    """The streams hold events of another database, or of another life of this one."""


async def run_publisher(run: ServiceRun) -> None:
    """Copy events for as long as this process is the elected one."""
    context = run.context()
    settings: IntegrationSettings = context.settings[IntegrationSettings]
    servers, kept = NatsServers.of(settings), context.events.retention
    publisher = Publisher(servers, context.events, context.address, kept, settings.nats_integrators)
    await publisher.run(run.connection, run.wait)


@dataclass(frozen=True)
class Publisher:
    """Copies. `events` seals cursors, `source` is our own address, `retention` how long streams keep an event."""

    servers: NatsServers
    events: EventAccess
    source: str
    retention: timedelta
    integrators: Integrators = ()

    async def run(self, connection: asyncpg.Connection[Any], wait: Callable[[float], Awaitable[None]]) -> None:
        """Copy until cancelled; whatever breaks at NATS, the next attempt begins with what JetStream has."""
        while True:
            try:
                async with self.servers.connect() as client:
                    term = Term(self, connection, client.jetstream(timeout=ANSWER))
                    await term.begin()
                    await client.subscribe(DELETED, cb=term.end)  # whoever removes a stream wants it made anew
                    while not term.over:
                        await term.copy()
                        await wait(POLL)
            except ForeignStreams as problem:
                log.error("no events go to NATS; mend this first: %s", problem)
            except CUT as problem:
                log.warning(
                    "the connection to NATS is cut: %s; it is made anew, nothing is lost: look at its servers if "
                    "it goes on",
                    type(problem).__name__,
                )
            await wait(POLL)


@dataclass
class StreamEnd:
    """Where a county's stream ends: its last sequence, and the position of the event there."""

    sequence: int
    position: int
    marks: Mapping[str, str]
    """What it says of itself: see `UNTIL`."""


@dataclass
class Term:
    """One term of leadership: what is known of the streams, until something breaks."""

    publisher: Publisher
    connection: asyncpg.Connection[Any]
    js: JetStreamContext
    position: int = 0
    tails: dict[str, StreamEnd] = field(default_factory=dict)
    over: bool = False

    async def end(self, advisory: Any) -> None:
        """Look at the streams again."""
        self.over = True

    async def begin(self) -> None:
        """Find out how far the copy has come, and make what is missing. Raises ForeignStreams."""
        counter = await self.connection.fetchrow("select given, gone from events.counter")
        assert counter
        given, gone = counter["given"], counter["gone"]
        info = await self.find_stream(STREAM)
        if info is not None and gone and info.state.last_seq < gone:  # nobody copied for longer than events are kept
            await self.js.delete_stream(STREAM)
            info = None
        # Its first sequence is the first position that the outbox may still have.
        info = info or await self.make_stream(STREAM, ALL, gone + 1)
        self.position = info.state.last_seq
        # The stream is ahead of this database: it is another one's, or a backup was restored.
        if self.position > given:
            raise report_foreign()
        await self.compare(info)
        for county, name in self.publisher.integrators:
            await self.refill(county)
            await self.ensure_consumer(county, name)

    async def copy(self) -> None:
        """Copy until there is no more."""
        while happened := await self.read(self.position):
            # The counties' streams first: how far the copy has come is told by the stream of all events.
            await self.publish_to_counties([(event, county) for event, county, open in happened if open and county])
            await self.send_all([self.publish_to_all(event, county) for event, county, _ in happened])
            self.position = happened[-1][0].position

    async def read(self, position: int) -> list[tuple[Occurrence, str | None, bool]]:
        """Read events behind a position, each with its county and whether integrators get it."""
        rows = await self.connection.fetch(READ, position, CHUNK)
        return [(event_of_row(row), row["county"], row["open"]) for row in rows]

    async def refill(self, county: str) -> None:
        """Fill a county's stream that was made anew; all others have what there is."""
        tail = await self.find_tail(county)
        position, until = tail.position, int(tail.marks.get(UNTIL, 0))
        while position < until and (happened := await self.read(position)):
            await self.publish_to_counties([(event, of) for event, of, open in happened if open and of == county])
            position = happened[-1][0].position

    async def publish_to_counties(self, events: Sequence[tuple[Occurrence, str]]) -> None:
        """Publish to the counties' streams what is not there yet."""
        sending = []
        for event, county in events:
            tail = await self.find_tail(county)
            if event.position > tail.position:
                headers = {CURSOR: self.publisher.events.seal_cursor(event.position)}
                sending.append((COUNTY, event, county, tail.sequence, headers))
                # Before it is sent: the next one already expects this one to be the last.
                tail.sequence, tail.position = tail.sequence + 1, event.position
        await self.send_all([self.publish(*each) for each in sending])

    async def publish_to_all(self, event: Occurrence, county: str | None) -> None:
        """Publish to the stream of all events, where the sequence is the position."""
        headers = {CURSOR: self.publisher.events.seal_cursor(event.position)}
        if event.county:
            headers[HIDDEN] = str(event.county)
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
        body = write_event(event, county, self.publisher.source)
        done = await self.js.publish(subject_of(root, county, event), body, headers=named)
        if done.seq != before + 1:  # the id was there already, in another place than we thought
            raise TimeoutError

    async def send_all(self, sending: Sequence[Any]) -> None:
        """Send messages in this order, all under way together. Raises what the first one that failed did."""
        # All are waited for: messages still under way would arrive in the midst of the next attempt.
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def find_tail(self, county: str) -> StreamEnd:
        """Find where a county's stream ends; it is made if there is none. Raises ForeignStreams."""
        if county not in self.tails:
            name = stream_of(county)
            info = await self.find_stream(name) or await self.make_stream(name, f"{COUNTY}.{county}", 1)
            self.tails[county] = StreamEnd(info.state.last_seq, await self.compare(info), info.config.metadata or {})
        return self.tails[county]

    async def compare(self, info: StreamInfo) -> int:
        """Find the position of a stream's last event, 0 if there is none. Raises ForeignStreams if ours is another."""
        if not info.state.messages:
            return 0
        name = str(info.config.name)
        last = await self.js.get_msg(name, seq=info.state.last_seq)
        headers = last.headers or {}
        found = info.state.last_seq if name == STREAM else self.publisher.events.open_cursor(headers.get(CURSOR, ""))
        kept = "select id::text from events.outbox where position = $1 union all "
        # Of events that are gone from the outbox nobody knows the id any more.
        kept += "select null from events.counter where gone >= $1"
        ours = await self.connection.fetch(kept, found)
        if not ours or ours[0]["id"] not in (None, headers.get(Header.MSG_ID.value)):
            raise report_foreign()
        return found or 0

    async def find_stream(self, name: str) -> StreamInfo | None:
        """Find a stream, with as many replicas and as long a memory as the operator wants; None if there is none."""
        try:
            found = await self.js.stream_info(name)
        except NotFoundError:
            return None
        config = found.config
        wanted = self.publisher.servers.replicas, self.publisher.retention.total_seconds()
        if (config.num_replicas, config.max_age) != wanted:
            # Both may change while events flow, so an operator need not empty the streams for it.
            await self.js.update_stream(config.evolve(num_replicas=wanted[0], max_age=wanted[1]))
        return found

    async def make_stream(self, name: str, root: str, first: int) -> StreamInfo:
        """Make a stream."""
        servers, kept = self.publisher.servers, self.publisher.retention
        return await self.js.add_stream(describe_stream(name, root, first, servers, kept))

    async def ensure_consumer(self, county: str, name: str) -> None:
        """Make what an integrator fetches from, one message at a time: so the order holds over repetitions, too."""
        begin = self.tails[county].marks.get(FROM + name)
        config = ConsumerConfig(
            durable_name=name,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE if begin else DeliverPolicy.ALL,
            opt_start_seq=int(begin) if begin else None,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK,
            max_ack_pending=1,
        )
        try:
            await self.js.consumer_info(stream_of(county), name)
        except NotFoundError:
            await self.js.add_consumer(stream_of(county), config)


def describe_stream(
    name: str, root: str, first: int, servers: NatsServers, kept: timedelta, marks: Mapping[str, str] | None = None
) -> StreamConfig:
    """Describe a stream; nobody can change or remove a message of it, and age alone takes it away."""
    return StreamConfig(
        name=name,
        subjects=[f"{root}.>"],
        storage=StorageType.FILE,
        num_replicas=servers.replicas,
        max_age=kept.total_seconds(),
        duplicate_window=TWICE,
        first_seq=first,
        deny_delete=True,
        metadata=dict(marks or {}),
    )


def report_foreign() -> ForeignStreams:
    """Say what is wrong with streams, and what to do."""
    return ForeignStreams(
        f"the streams {STREAM} and {STREAM}_… hold events that this database does not know; remove them, or name "
        "other servers in GONGZHI_NATS"
    )
