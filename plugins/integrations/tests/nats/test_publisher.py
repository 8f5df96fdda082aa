"""Every event is copied once and in order, whatever breaks on the way."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from contextlib import suppress

import orjson
import pytest
from gongzhi_integrations.nats.publisher import ForeignStreams, Term
from nats.js.errors import APIError

from .conftest import CURSORS, HANYIN, HOTLINE, SOURCE, Cluster, Consumer, Outbox, complete, ids, passed

pytestmark = pytest.mark.slow


async def test_event_arrives_as_cloudevent(outbox: Outbox, cluster: Cluster) -> None:
    [written] = await outbox.write(case=outbox.cases[0])
    async with outbox.copying(cluster), cluster.servers.connect() as client:
        await passed(cluster, position := await outbox.given())
        message = (await Consumer(client).fetch(1))[-1]
        body = orjson.loads(message.data)
        town = body["grid"][:9]
        assert message.subject == f"gongzhi.county.{HANYIN}.{town}.case.accepted"
        assert body == {
            "specversion": "1.0", "id": written, "source": SOURCE, "type": "case.accepted",
            "subject": outbox.cases[0].hex, "time": body["time"], "datacontenttype": "application/json",
            "dataversion": 1, "actor": "STAFF", "county": HANYIN, "grid": body["grid"],
            "caseid": str(outbox.cases[0]), "data": {"number": outbox.cases[0].hex, "step": 1},
        }  # fmt: skip
        assert CURSORS.open(message.headers["Gongzhi-Cursor"]) == position
        assert set(message.headers) == {"Content-Type", "Nats-Msg-Id", "Nats-Expected-Last-Sequence", "Gongzhi-Cursor"}


async def test_tip_offs_stay_inside(outbox: Outbox, cluster: Cluster) -> None:
    sealed = await outbox.connection.fetchval(
        "update cases.case set series = 'SEALED' where id = $1 returning id", outbox.cases.pop()
    )
    await outbox.write(case=sealed)
    await outbox.connection.execute(
        "update events.outbox set internal = true where id = $1::uuid", (await outbox.write())[0]
    )
    [told] = await outbox.write()
    async with outbox.copying(cluster), cluster.servers.connect() as client:
        await passed(cluster, await outbox.given())
        assert ids(await Consumer(client).fetch(1)) == [told]
        state = (await client.jetstream().stream_info(f"GONGZHI_{HANYIN}")).state
        assert (state.messages, state.last_seq) == (1, 1)  # no hole either


async def test_nothing_lost_over_crashes(outbox: Outbox, cluster: Cluster) -> None:
    """The leader is cut off at any moment; the next one begins with what JetStream has."""
    luck, written = random.Random(8), []
    for _ in range(12):
        written += await outbox.write(luck.randrange(1, 120))
        async with outbox.copying(cluster):
            for _ in range(luck.randrange(0, 400)):
                await asyncio.sleep(0)
    async with outbox.copying(cluster):
        await passed(cluster, await outbox.given())
    async with cluster.servers.connect() as client:
        await complete(client, outbox, written)


async def test_replaced_leader_is_refused(outbox: Outbox, cluster: Cluster) -> None:
    await outbox.write(3)
    async with cluster.servers.connect() as client:
        terms = [Term(outbox.publisher(cluster), outbox.connection, client.jetstream()) for _ in range(2)]
        for term in terms:
            await term.begin()
        await terms[0].copy()
        written = await outbox.write(2)
        await terms[0].copy()
        terms[1].position = await outbox.given() - 3  # thinks that less is there
        with pytest.raises((APIError, TimeoutError)):
            await terms[1].copy()
        await terms[1].begin()
        await terms[1].copy()
        info = await client.jetstream().stream_info("GONGZHI")
        assert info.state.messages == 5
        assert (await client.jetstream().get_msg("GONGZHI", seq=5)).headers["Nats-Msg-Id"] == written[-1]


async def test_foreign_streams_are_left_alone(outbox: Outbox, cluster: Cluster) -> None:
    await outbox.write(3)
    async with cluster.servers.connect() as client:
        await (term := Term(outbox.publisher(cluster), outbox.connection, client.jetstream())).begin()
        await term.copy()
        await outbox.connection.execute("update events.outbox set id = gen_random_uuid() where position = 3")
        with pytest.raises(ForeignStreams, match="another|does not know"):
            await Term(outbox.publisher(cluster), outbox.connection, client.jetstream()).begin()
        assert (await client.jetstream().stream_info("GONGZHI")).state.messages == 3


async def test_late_start_skips_what_is_gone(outbox: Outbox, cluster: Cluster) -> None:
    await outbox.write(5)
    await outbox.connection.execute("delete from events.outbox where position <= 3")
    await outbox.connection.execute("update events.counter set gone = 3")
    async with cluster.servers.connect() as client:
        await (term := Term(outbox.publisher(cluster), outbox.connection, client.jetstream())).begin()
        await term.copy()
        state = (await client.jetstream().stream_info("GONGZHI")).state
        assert (state.first_seq, state.last_seq) == (4, 5)


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
async def test_cluster_outlives_servers(outbox: Outbox, three: Cluster, kills: int) -> None:
    luck, written, done = random.Random(kills), list[str](), asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            written.extend(await outbox.write(luck.randrange(1, 20)))
            await asyncio.sleep(0.02)

    await outbox.write()
    written += [row["id"] for row in await outbox.connection.fetch("select id::text from events.outbox")]
    async with outbox.copying(three), three.servers.connect() as client:
        await passed(three, 1)
        writing, consumer = asyncio.create_task(write()), Consumer(client)
        for _ in range(kills):
            await consumer.fetch(len(consumer.got) + luck.randrange(1, 20), 60)
            await three.kill(at := luck.randrange(3))
            await consumer.fetch(len(consumer.got) + 20, 60)  # two of three go on
            await three.launch(at)
            await settled(three)
        done.set()
        await writing
        await passed(three, len(written), 60)
        while ids(consumer.got)[-1] != written[-1]:
            await consumer.fetch(len(consumer.got) + 1, 60)
    assert list(dict.fromkeys(ids(consumer.got))) == written
    steps = defaultdict(list)
    for body in {one.headers["Nats-Msg-Id"]: orjson.loads(one.data) for one in consumer.got}.values():
        steps[body["caseid"]].append(body["data"]["step"])
    assert all(each == list(range(1, len(each) + 1)) for each in steps.values())
    async with three.servers.connect() as client:
        await complete(client, outbox, written)


async def settled(cluster: Cluster) -> None:
    """Wait until every server has caught up: losing a second one before would stop the cluster, by design."""
    async with cluster.servers.connect() as client, asyncio.timeout(60):
        js = client.jetstream(timeout=1)
        while True:
            with suppress(TimeoutError, APIError):
                infos = [await js.stream_info(name) for name in ("GONGZHI", f"GONGZHI_{HOTLINE[0]}")]
                peers = [peer for one in infos for peer in (one.cluster and one.cluster.replicas) or ()]
                if len(peers) == 4 and all(peer.current for peer in peers):
                    return
            await asyncio.sleep(0.05)  # other processes are at it
