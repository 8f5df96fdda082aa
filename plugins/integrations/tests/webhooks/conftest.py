"""A system with an account and an API key, a receiver, and a server whose worker goes when it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from gongzhi.core.accounts.secrets import key_digest
from gongzhi_integrations.webhooks.delivery_worker import CONNECTIONS, DeliveryWorker, make_sender
from gongzhi_server.app import create_app
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.testing import ESSENTIAL, TODAY, Clock, Server, create_database, drop_database, settings_for_tests

from .receivers import Receiver, receiving

KEY = "gzk_" + "k" * 43
MATTER = {
    "kind": "HELP",
    "channel": "WEB",
    "category": "roads.lighting",
    "title": "路灯不亮",
    "description": "村口路灯不亮",
    "grid": "610921101222-020202",
}
ROLE = ("cases.view", "cases.intake", "webhooks.edit")


async def enrol(connection: Any, name: str = "hotline", key: str = KEY, grid: str = "610921") -> None:
    """An integrator's account with a key, for long."""
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
    [place] = await connection.fetch("select id from grids.grid where code = $1 and valid_to is null", grid)
    account = uuid4()
    await connection.execute(
        "insert into accounts.account (id, name, kind, grid_id, created_at, created_by, version) "
        "values ($1, $2, 'MACHINE', $3, $4, 'console', 1)",
        *(account, name, place["id"], begin),
    )
    await connection.execute(
        "insert into accounts.holding (id, account_id, role, grid_id, since, granted_by) "
        "values ($1, $2, 'integrator', $3, $4, 'console')",
        *(uuid4(), account, place["id"], begin),
    )
    await connection.execute(
        "insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at) "
        "values ($1, $2, 'test', $3, $4, $5, 'console', $6)",
        *(uuid4(), account, key_digest(key), list(ROLE), begin, end),
    )


INSIDE = {"GONGZHI_WEBHOOK_NETWORKS": "127.0.0.0/8"}
LEFTOVERS = (
    "webhooks.webhook", "intake.entry", "notices.notice where kind like 'webhook%'",
    "accounts.account where name = 'hotline'",
)  # fmt: skip
"""What another test has left in the database that all of them share."""


@pytest.fixture(scope="package")
def database(postgres: str, small_county: str) -> Iterator[str]:
    """The address of one copy of the demo county for all tests of this folder."""
    name = f"test_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, small_county))
    asyncio.run(drop_database(postgres, name))


@dataclass
class Desk:
    """The server, the system's view of it, its receiver, and the database beneath."""

    server: Server
    system: Server
    receiver: Receiver
    worker: Any
    connection: Any
    clock: Clock

    async def create(self, **more: Any) -> dict[str, Any]:
        """An endpoint for the county; its payload."""
        asked = {"url": self.receiver.url, "grid": "610921", "selection": "{ number status }", **more}
        payload = await self.system.do("createWebhook", "webhook { id url types state version } secret", **asked)
        assert payload["errors"] == [], payload
        return payload

    async def report(self, **more: Any) -> str:
        payload = await self.server.as_("county_dispatcher", grid="610921").do(
            "reportCase", "case { number }", **{**MATTER, **more}
        )
        assert payload["errors"] == [], payload
        return str(payload["case"]["number"])

    async def accept(self, number: str) -> None:
        dispatcher = self.server.as_("county_dispatcher", grid="610921")
        payload = await dispatcher.do("acceptCase", "case { id }", number=number, expectedVersion=1)
        assert payload["errors"] == [], payload

    async def deliver(self) -> None:
        """Number what happened, and deliver what is due."""
        await self.connection.execute("select events.number(1000)")
        with acting_as("integrations"):
            await self.worker.drain()

    async def log(self, webhook: str) -> list[dict[str, Any]]:
        """The deliveries of an endpoint, the last first."""
        fields = "id event type state attempts status error nextAttemptAt"
        query = f"query($id: ID!) {{ node(id: $id) {{ ... on Webhook {{ url state reason failingSince deliveries(first: 20, orderBy: AT_DESC) {{ nodes {{ {fields} }} }} }} }} }}"  # noqa: E501
        answer = await self.system.ask(query, id=webhook)
        self.state = (answer.data["node"]["state"], answer.data["node"]["reason"])
        found: list[dict[str, Any]] = answer.data["node"]["deliveries"]["nodes"]
        return found


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest_asyncio.fixture
async def desk(database: str, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Desk]:
    async with opened(database, tmp_path, receiver) as made:
        yield made


@asynccontextmanager
async def opened(dsn: str, data: Path, receiver: Receiver, plugins: Plugins | None = None) -> AsyncIterator[Desk]:
    """A desk over this database, with plugins that are on everywhere."""
    clock = Clock(TODAY)
    plugins = plugins or ESSENTIAL
    await plugin_activation.switch_plugins(dsn, plugins.switchable, clock())
    app = create_app(settings_for_tests(dsn, data), dsn, clock, plugins, background=False, environ=INSIDE)
    connection = await asyncpg.connect(dsn)
    for leftover in LEFTOVERS:
        await connection.execute(f"delete from {leftover}")
    await connection.execute("select events.number(100000)")  # what is not numbered yet is news for an endpoint
    await enrol(connection)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        server = Server(client, clock, worker=app.state.worker)
        run = app.state.services.process_run(plugins.plugin("integrations"), asyncio.Event())
        async with run.open_pool(CONNECTIONS + 1) as pool:
            worker = DeliveryWorker(run.context, pool, make_sender(run.context()))
            worker.chance.seed(7)
            yield Desk(server, server.with_token(KEY), receiver, worker, connection, clock)
            await worker.sender.close()
    await connection.close()
