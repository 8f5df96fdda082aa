"""Status: how far the copy in NATS and those who fetch from it are, as GraphQL tells it.

Whoever is asked looks for themselves, over a connection of their own that is closed again: what the process that
copies knows is in another process. That NATS cannot be reached is an answer, and never takes longer than `PATIENCE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Query
from gongzhi.runtime.commands import payload_field
from gongzhi.runtime.context import Context, Info

from ..settings import IntegrationSettings, Integrators

PATIENCE = 3.0
"""Seconds for all of it: somebody waits for the answer."""
OVERSEE = "webhooks.oversee"
COUNTER = "select given, gone from events.counter"
# Numbered events by their position, which has no holes; what has no number yet is last.
WAITING = (
    "select (select given from events.counter)-$1+count(*) filter (where position is null) as count, "
    "coalesce((select at from events.outbox where position > $1 order by position limit 1), min(at)) as oldest "
    "from events.outbox where position is null"
)


class NatsState(Enum):
    """Whether events are copied to NATS."""

    CONNECTED = "CONNECTED"
    EMPTY = "EMPTY"
    FOREIGN = "FOREIGN"
    UNREACHABLE = "UNREACHABLE"


describe_enum(
    NatsState,
    "NatsState",
    "Whether events are copied to NATS (消息总线状态).",
    CONNECTED="Connected, and has our streams (已连接)",
    EMPTY="Empty, with no stream of ours yet (尚无消息流)",
    FOREIGN="Foreign streams, ahead of our events: another database's, or a backup was restored (消息流不属于本库)",
    UNREACHABLE="Unreachable: it did not answer in time, or does not let us in (无法连接)",
)
set_tones(NatsState, CONNECTED="GREEN", EMPTY="AMBER", FOREIGN="RED", UNREACHABLE="RED")


@strawberry.type(description="Who fetches events from a stream of NATS, and how far they are (消费者).")
class NatsConsumer:
    name: str = strawberry.field(description="Its name (名称).")
    pending: int | None = strawberry.field(
        description="How many messages it has yet to fetch; null where NATS does not tell (待取消息数).", default=None
    )
    unacknowledged: int | None = strawberry.field(
        description="How many it has fetched and not acknowledged (待确认消息数).", default=None
    )
    acknowledged: int | None = strawberry.field(
        description="Up to which sequence it has acknowledged all (已确认序号).", default=None
    )
    active_at: datetime | None = strawberry.field(
        description="When it last acknowledged one; null if never (最近确认时间).", default=None
    )


@strawberry.type(description="A stream of NATS that events are copied to (消息流).")
class NatsStream:
    name: str = strawberry.field(description="Its name (名称).")
    county: str | None = strawberry.field(
        description="The code of the county whose events it has; null: all events (县级区划代码)."
    )
    messages: int = strawberry.field(description="How many messages it has (消息数).")
    last_sequence: int = strawberry.field(description="The sequence of its last message (末条序号).")
    consumers: list[NatsConsumer] = strawberry.field(description="Who fetches from it (消费者).")


@strawberry.type(description="How far NATS is behind our events (消息总线运行状况).")
class NatsStatus:
    state: NatsState = strawberry.field(description="Whether events are copied (状态).")
    unpublished: int | None = strawberry.field(
        description="How many events it has yet to get; null where nobody knows (未发布事件数).", default=None
    )
    oldest_at: datetime | None = strawberry.field(
        description="When the oldest of these happened (最早未发布事件时间).", default=None
    )
    streams: list[NatsStream] = strawberry.field(
        description="Its streams, that of all events first (消息流).", default_factory=list
    )


@dataclass(frozen=True)
class Found:
    """What NATS told of itself: streams by their names, each with its durable consumers."""

    streams: Mapping[str, Any]
    consumers: Mapping[str, list[Any]] = field(default_factory=dict)


async def find_status(info: Info) -> NatsStatus | None:
    """Return how far NATS is; none where the operator names no servers."""
    context = info.context
    settings: IntegrationSettings | None = context.settings.get(IntegrationSettings)
    if settings is None or not settings.nats:
        return None
    # First NATS, and then the database: no connection of it waits for a broker.
    found = await look(settings)
    return NatsStatus(state=NatsState.UNREACHABLE) if found is None else await tell_status(context, settings, found)


async def look(settings: IntegrationSettings) -> Found | None:
    """Look at NATS for as long as patience lasts; none if it does not answer."""
    from .connection import CUT, NatsServers  # the client of NATS is loaded by what uses it
    from .publisher import ANSWER

    # The client tries again for ever, so the time is ours to end.
    try:
        async with asyncio.timeout(PATIENCE), NatsServers.of(settings).connect() as client:
            return await read_streams(client.jetstream(timeout=ANSWER))
    except CUT:
        return None


async def read_streams(js: Any) -> Found:
    """Read our streams and their durable consumers. Raises one of CUT."""
    from .messages import STREAM

    # Other streams of this account are not ours to tell of.
    streams = {str(one.config.name): one for one in await js.streams_info() if one.config.name.startswith(STREAM)}
    listed = await asyncio.gather(*(js.consumers_info(name) for name in streams))
    # Others are of somebody who looks once, as `gongzhi nats verify` does.
    durable = [[one for one in each if one.config.durable_name] for each in listed]
    return Found(streams, dict(zip(streams, durable, strict=True)))


async def tell_status(context: Context, settings: IntegrationSettings, found: Found) -> NatsStatus:
    """Tell what was found, beside what our own events are."""
    from .messages import STREAM

    everything = found.streams.get(STREAM)
    last = everything.state.last_seq if everything else 0
    streams = [describe(name, found, settings.nats_integrators) for name in sorted(found.streams)]
    [counter] = await context.fetch(COUNTER)
    if last > counter["given"]:
        return NatsStatus(state=NatsState.FOREIGN, streams=streams)
    # What was thrown away before it was copied never will be.
    [waiting] = await context.fetch(WAITING, max(last, counter["gone"]))
    return NatsStatus(
        state=NatsState.CONNECTED if everything else NatsState.EMPTY,
        unpublished=waiting["count"],
        oldest_at=waiting["oldest"],
        streams=streams,
    )


def describe(name: str, found: Found, integrators: Integrators) -> NatsStream:
    """Describe a stream; integrators of its county who have no consumer there are named without figures."""
    from .messages import STREAM

    county = name.removeprefix(f"{STREAM}_") if name != STREAM else None
    state = found.streams[name].state
    # What NATS has stands before what the settings want: whoever was taken off the list still has a consumer.
    consumers = {one.name: describe_consumer(one) for one in found.consumers[name]}
    wanted = {one: NatsConsumer(name=one) for of, one in integrators if of == county}
    return NatsStream(
        name=name,
        county=county,
        messages=state.messages,
        last_sequence=state.last_seq,
        consumers=[one for _, one in sorted((wanted | consumers).items())],
    )


def describe_consumer(info: Any) -> NatsConsumer:
    """Describe a consumer as NATS tells of it."""
    floor = info.ack_floor
    return NatsConsumer(
        name=info.name,
        pending=info.num_pending,
        unacknowledged=info.num_ack_pending,
        acknowledged=floor.stream_seq if floor else 0,
        active_at=floor.last_active if floor else None,
    )


EXTENSIONS = (
    extend(
        Query,
        nats_status=payload_field(
            "How far NATS is behind our events, and integrators behind NATS; null where the operator names no servers. "
            "That it cannot be reached is told within three seconds (消息总线运行状况).",
            find_status,
            requires=OVERSEE,
        ),
    ),
)
