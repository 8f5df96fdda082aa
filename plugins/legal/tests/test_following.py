"""Following mediations as they go on, over a socket: told to those who sit there, and to nobody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from gongzhi_server.app import create_app
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.events.cursors import Cursors
from gongzhi_server.gateway.uvicorn_protocols import WebSocketProtocol
from gongzhi_server.testing import settings_for_tests
from websockets.asyncio.client import ClientConnection, connect

CHANGED = "subscription($after: String) { mediationChanged(after: $after) { cursor mediation { id state } } }"


async def subscribe(wire: ClientConnection, headers: dict[str, str], after: str) -> None:
    await wire.send(json.dumps({"type": "connection_init", "payload": headers}))
    await wire.recv()
    payload = {"query": CHANGED, "variables": {"after": after}}
    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


async def next_message(wire: ClientConnection) -> Any:
    async with asyncio.timeout(60):
        while (message := json.loads(await wire.recv()))["type"] != "next":
            assert message["type"] == "ping", message
        return message["payload"]["data"]["mediationChanged"]["mediation"]


@pytest.mark.slow
async def test_mediation_is_told_to_its_own(town: Any, database: str, plugins: Any, tmp_path: Path) -> None:
    """Somebody else hears of their own mediation first, though another began before."""
    app = create_app(settings_for_tests(database, tmp_path), database, town.server.clock, plugins)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws=WebSocketProtocol))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    begin = Cursors(receipts_secret(settings_for_tests(database, tmp_path))).seal(0)
    options: Any = {"subprotocols": ["graphql-transport-ws"]}
    try:
        async with connect(url, **options) as party, connect(url, **options) as other:
            await subscribe(party, town.resident(1).headers, begin)
            await subscribe(other, town.resident(3).headers, begin)
            first = (await town.request(at=0, other=1))["mediation"]["id"]
            second = (await town.request(at=2, other=3))["mediation"]["id"]
            heard, elsewhere = await next_message(party), await next_message(other)
    finally:
        server.should_exit = True
        await task
    assert heard == {"id": first, "state": "REQUESTED"}
    assert elsewhere == {"id": second, "state": "REQUESTED"}
