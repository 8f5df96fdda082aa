"""Each integrator gets the events of their county and nothing else, with the configuration that we print."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import nats
import pytest
from gongzhi_integrations.nats.accounts import write_configuration
from nats.js.api import ConsumerConfig

from .conftest import CUT, HANYIN, Cluster, Consumer, Outbox, ids, passed

PAIRS = ((HANYIN, "hotline"), (HANYIN, "province"), ("610922", "hotline"))
PASSWORDS = {
    "NATS_GONGZHI": "own-word",
    "NATS_COUNTY_610921_HOTLINE": "first-word",
    "NATS_COUNTY_610921_PROVINCE": "second-word",
    "NATS_COUNTY_610922_HOTLINE": "third-word",
}


async def test_credentials_end_at_the_county(outbox: Outbox, tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, write_configuration(PAIRS), PASSWORDS, "gongzhi:own-word@")
    await cluster.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cluster.stop)
        await stack.enter_async_context(outbox.copying(cluster, PAIRS))
        written = await outbox.write(3)
        await passed(cluster, 3)
        for user in ("610921-hotline:first-word@", "610921-province:second-word@"):
            client = await nats.connect(list(cluster.known_as(user)))
            if "province" in user:
                client_sub = await client.jetstream().pull_subscribe_bind("province", "GONGZHI_610921")
                assert ids(await client_sub.fetch(1, timeout=5)) == written[:1]
            else:
                assert ids(await Consumer(client).fetch(3)) == written  # fetched and acknowledged
                await confined(cluster, client)
            await client.close()
        other = await nats.connect(list(cluster.known_as("610922-hotline:third-word@")))
        with pytest.raises((nats.errors.NoRespondersError, nats.errors.TimeoutError, nats.js.errors.APIError)):
            subscription = await other.jetstream(timeout=1).pull_subscribe_bind("hotline", "GONGZHI_610921")
            await subscription.fetch(1, timeout=1)
        await other.close()


async def confined(cluster: Cluster, client: nats.aio.client.Client) -> None:
    """A county's integrator makes no consumer, reads no other stream, writes nothing, and overhears nobody."""
    js = client.jetstream(timeout=0.5)
    for attempt in (
        js.add_consumer("GONGZHI_610921", ConsumerConfig(durable_name="mine", deliver_subject="gongzhi.all.x.y.z")),
        js.stream_info("GONGZHI"),
        js.get_msg("GONGZHI", seq=1),
        js.purge_stream("GONGZHI_610921"),
        js.publish("gongzhi.county.610921._.case.closed", b"{}"),
    ):
        with pytest.raises((*CUT, nats.js.errors.Error)):
            await attempt
    overheard = await client.subscribe(">")
    async with cluster.servers.connect() as own:
        before = (await own.jetstream().stream_info("GONGZHI_610921")).state.messages
        await own.publish("gongzhi.news", b"for our own account")
        await own.flush()
    with pytest.raises(nats.errors.TimeoutError):
        await overheard.next_msg(timeout=0.2)
    assert before == 3
