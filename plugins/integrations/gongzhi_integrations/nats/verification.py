"""Verification: compares streams with the outbox, and has those made anew in which something is missing in the midst.

JetStream takes messages at the end alone, so a hole is mended by a new stream: it begins where the old one would have,
so that messages keep their numbers, and says by its metadata how far it is to be filled and where its consumers go on.
Who fills it is the publisher, as always.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gongzhi.runtime.commands import Call
from nats.js import JetStreamContext
from nats.js.api import Header, StreamInfo
from nats.js.errors import NotFoundError

from ..settings import IntegrationSettings, Integrators
from .connection import CUT, NatsServers
from .messages import COUNTY, STREAM, stream_of
from .publisher import ANSWER, CHUNK, FROM, IS_OPEN, UNTIL, describe_stream

POSITIONS = "select id::text, position from events.outbox where id = any($1::uuid[])"
WANTED = f"""
select o.position from events.outbox o left join grids.grid c on c.id = o.county_id
left join cases."case" k on k.id = o.case_id
where o.position <= $1 and o.position > (select gone from events.counter)
  and ($2::text is null or c.code = $2 and {IS_OPEN})
order by o.position
"""
TOGETHER = 1000
"""Messages whose positions are looked up together."""
ON_DISK = (
    "NATS tells no client when it writes to the disk, and by default it answers up to two minutes earlier: see that "
    "every server has jetstream { sync_interval: always }, or events come again after a loss of power (断电后可能重发)."
)

Fetch = Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True)
class Comparison:
    """A stream beside what it should hold: positions of events, and for those that are there the sequence."""

    info: StreamInfo
    wanted: list[int]
    kept: dict[int, int]

    @property
    def missing(self) -> list[int]:
        """The positions that are not there."""
        return [position for position in self.wanted if position not in self.kept]

    @property
    def first(self) -> int:
        """The sequence that the first of all has, so that those that are there keep theirs."""
        for at, position in enumerate(self.wanted):
            if position in self.kept:
                return max(self.kept[position] - at, 1)
        return max(self.info.state.last_seq - len(self.wanted) + 1, 1)

    def resume(self, acknowledged: int) -> int:
        """Find where a consumer goes on: behind what it has acknowledged, or where it may never have had something."""
        passed = max((position for position, sequence in self.kept.items() if sequence <= acknowledged), default=0)
        behind = bisect_right(self.wanted, passed)
        return self.first + min([behind, *(self.wanted.index(position) for position in self.missing[:1])])


@dataclass(frozen=True)
class Verifier:
    """Compares, and heals. `fetch` reads the outbox."""

    js: JetStreamContext
    fetch: Fetch
    servers: NatsServers
    retention: timedelta
    integrators: Integrators

    async def verify(self, heal: bool) -> bool:
        """Print how each stream stands, and mend those that lack something; tell whether all are whole then."""
        whole = True
        try:
            end = (await self.js.stream_info(STREAM)).state.last_seq
        except NotFoundError:
            print(f"{STREAM}: there is no such stream; start a server that has a broker set (事件流不存在)")
            return False
        # The stream of all events last: how far the others are to be filled is told by it.
        for county in [*dict.fromkeys(county for county, _ in self.integrators), None]:
            compared = await self.compare(county, end)
            missing = compared.missing
            found = f"{len(missing)} missing, the first at {missing[0]} (缺失)" if missing else "all there (完整)"
            print(f"{compared.info.config.name}: {len(compared.wanted)} events, {found}")
            consumers = await self.print_consumers(county)
            if missing and heal:
                await self.make_anew(compared, county, consumers)
                print("  made anew; the process that copies fills it now (已重建，正在补齐)")
            whole &= heal or not missing
        return whole

    async def compare(self, county: str | None, end: int) -> Comparison:
        """Compare a county's stream, or that of all events, up to a position."""
        info = await self.js.stream_info(stream_of(county) if county else STREAM)
        wanted = [row["position"] for row in await self.fetch(WANTED, end, county)]
        return Comparison(info, wanted, await self.read_positions(info))

    async def read_positions(self, info: StreamInfo) -> dict[int, int]:
        """Read the positions of a stream's events, each with the sequence of its message; by the ids of the outbox."""
        found: dict[int, int] = {}
        batch: dict[str, int] = {}
        assert info.config.subjects
        messages = await self.js.subscribe(
            info.config.subjects[0], stream=info.config.name, ordered_consumer=True, headers_only=True
        )
        for left in reversed(range(info.state.messages)):
            message = await messages.next_msg(timeout=ANSWER)
            batch[(message.headers or {}).get(Header.MSG_ID.value, "")] = message.metadata.sequence.stream
            if not left or len(batch) == TOGETHER:
                ids = [one for one in batch if one]
                found |= {row["position"]: batch[row["id"]] for row in await self.fetch(POSITIONS, ids)}
                batch = {}
        await messages.unsubscribe()
        return found

    async def print_consumers(self, county: str | None) -> dict[str, int]:
        """Print how integrators of a county stand; return up to where each has acknowledged."""
        acknowledged = {}
        for name in [name for of, name in self.integrators if of == county]:
            try:
                info = await self.js.consumer_info(stream_of(str(county)), name)
            except NotFoundError:
                continue
            print(f"  {name}: {info.num_pending} to come, {info.num_ack_pending} not acknowledged (待取、待确认)")
            acknowledged[name] = info.ack_floor.stream_seq if info.ack_floor else 0
        return acknowledged

    async def make_anew(self, compared: Comparison, county: str | None, acknowledged: Mapping[str, int]) -> None:
        """Replace a stream by an empty one that the publisher fills."""
        name = str(compared.info.config.name)
        await self.js.delete_stream(name)
        if county is None:
            return  # its sequences are positions: the publisher makes it as it did the first time
        end = (await self.js.stream_info(STREAM)).state.last_seq + CHUNK
        marks = {UNTIL: str(end), **{FROM + one: str(compared.resume(floor)) for one, floor in acknowledged.items()}}
        root = f"{COUNTY}.{county}"
        await self.js.add_stream(describe_stream(name, root, compared.first, self.servers, self.retention, marks))


async def verify(call: Call, heal: bool) -> int:
    """Verify the streams that the operator's settings name; return the exit code."""
    settings: IntegrationSettings = call.context.settings[IntegrationSettings]
    if not settings.nats:
        print("No broker is set: name its servers in the settings (未设置消息服务器).")
        return 1
    servers, kept = NatsServers.of(settings), call.context.events.retention
    try:
        async with servers.connect() as client:
            js = client.jetstream(timeout=ANSWER)
            whole = await Verifier(js, call.fetch, servers, kept, settings.nats_integrators).verify(heal)
    except CUT as problem:
        print(f"The broker cannot be reached: {type(problem).__name__}; look at its servers (无法连接消息服务器).")
        return 1
    print(ON_DISK)
    return 0 if whole else 1
