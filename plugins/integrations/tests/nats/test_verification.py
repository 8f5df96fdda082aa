"""Streams that lack something in the midst are made anew, and nobody misses or repeats more than they must."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from gongzhi_integrations.nats.connection import NatsServers
from gongzhi_integrations.nats.verification import ON_DISK, Verifier, verify
from gongzhi_integrations.settings import IntegrationSettings

from .conftest import HANYIN, HOTLINE, Cluster, Consumer, Outbox, complete, ids, passed

COUNTY = f"GONGZHI_{HANYIN}"


def verifier(client: Any, outbox: Outbox, cluster: Cluster) -> Verifier:
    return Verifier(
        client.jetstream(timeout=5), outbox.connection.fetch, cluster.servers, timedelta(days=90), (HOTLINE,)
    )


async def filled(cluster: Cluster, stream: str, last: int) -> None:
    async with cluster.servers.connect() as client, asyncio.timeout(30):
        while (await find_last(client, stream)) < last:
            await asyncio.sleep(0.02)  # the publisher is at it


async def find_last(client: Any, stream: str) -> int:
    try:
        return int((await client.jetstream(timeout=2).stream_info(stream)).state.last_seq)
    except Exception:  # between the old one and the new one
        return 0


async def test_hole_in_a_county_is_mended(outbox: Outbox, cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """Messages keep their numbers; a consumer goes on at the first that it may never have had."""
    before = await outbox.write(4)
    lost = await outbox.write(2, type="case.reported")
    after = await outbox.write(5)
    async with outbox.copying(cluster), cluster.servers.connect() as client:
        await passed(cluster, end := await outbox.given())
        js = client.jetstream(timeout=5)
        last = (await js.stream_info(COUNTY)).state.last_seq
        await Consumer(client).fetch(last - 11 + 2)
        assert await verifier(client, outbox, cluster).verify(heal=False)
        await js.purge_stream(COUNTY, subject="gongzhi.county.*.*.case.reported")
        assert not await verifier(client, outbox, cluster).verify(heal=False)
        said = capsys.readouterr().out
        assert f"{COUNTY}: {last} events, 2 missing, the first at {end - 6}" in said and "hotline: 9 to come" in said
        assert await verifier(client, outbox, cluster).verify(heal=True)
        await filled(cluster, COUNTY, last)
        await outbox.write()
        await filled(cluster, COUNTY, last + 1)
        await complete(client, outbox, [*before, *lost, *after])
        async with asyncio.timeout(30):
            while await find_consumer(client) is None:
                await asyncio.sleep(0.02)  # the publisher makes it
        got = ids(await Consumer(client).fetch(9 + 1))
        assert got[:9] == [*before[2:], *lost, *after]
        assert await verifier(client, outbox, cluster).verify(heal=False)


async def find_consumer(client: Any) -> Any:
    try:
        return await client.jetstream(timeout=2).consumer_info(COUNTY, "hotline")
    except Exception:  # not made yet
        return None


async def test_what_was_acknowledged_and_lost_comes_again(outbox: Outbox, cluster: Cluster) -> None:
    """Whether a consumer has had it nobody can say; it keeps the ids that it has seen."""
    lost = await outbox.write(1, type="case.reported")
    after = await outbox.write(3)
    async with outbox.copying(cluster), cluster.servers.connect() as client:
        await passed(cluster, await outbox.given())
        last = (await client.jetstream().stream_info(COUNTY)).state.last_seq
        await Consumer(client).fetch(last)
        await client.jetstream().purge_stream(COUNTY, subject="gongzhi.county.*.*.case.reported")
        assert await verifier(client, outbox, cluster).verify(heal=True)
        await filled(cluster, COUNTY, last)
        async with asyncio.timeout(30):
            while await find_consumer(client) is None:
                await asyncio.sleep(0.02)  # the publisher makes it
        got = ids(await Consumer(client).fetch(4))
        assert got == [*lost, *after]


async def test_stream_of_all_events_is_mended(outbox: Outbox, cluster: Cluster) -> None:
    """The county's consumer hears nothing of it."""
    written = await outbox.write(6)
    async with outbox.copying(cluster), cluster.servers.connect() as client:
        await passed(cluster, end := await outbox.given())
        last = (await client.jetstream().stream_info(COUNTY)).state.last_seq
        await client.jetstream().purge_stream("GONGZHI", seq=end - 2)
        assert await verifier(client, outbox, cluster).verify(heal=True)
        await passed(cluster, end)
        await complete(client, outbox, written)
        assert (await client.jetstream().stream_info(COUNTY)).state.last_seq == last


async def test_command_says_what_no_client_can_learn(
    outbox: Outbox, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(**settings: Any) -> Any:
        chosen = {IntegrationSettings: IntegrationSettings(**settings)}
        context = SimpleNamespace(settings=chosen, events=SimpleNamespace(retention=timedelta(days=90)))
        return SimpleNamespace(context=context, fetch=outbox.connection.fetch)

    assert await verify(call(), heal=False) == 1
    assert await verify(call(nats=cluster.addresses), heal=False) == 1  # there are no streams yet
    await outbox.write()
    async with outbox.copying(cluster, ()):
        await passed(cluster, await outbox.given())
        assert await verify(call(nats=cluster.addresses), heal=False) == 0
    assert ON_DISK in capsys.readouterr().out
    await cluster.stop()
    assert await verify(call(nats=NatsServers(cluster.addresses).addresses), heal=False) == 1
    assert "cannot be reached" in capsys.readouterr().out
