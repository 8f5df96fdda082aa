"""Following applications as their state changes, over a socket: the applicant, their lender, and nobody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from gongzhi_server.app import create_app
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, read_epochs
from gongzhi_server.gateway.uvicorn_protocols import WebSocketProtocol
from gongzhi_server.testing import settings_for_tests
from websockets.asyncio.client import ClientConnection, connect

pytestmark = pytest.mark.asyncio(loop_scope="session")
CHANGED = """subscription ApplicationChanged($after: String) {
  applicationChanged(after: $after) { cursor application { id state } } }"""


async def subscribe(wire: ClientConnection, headers: dict[str, str], after: str) -> None:
    await wire.send(json.dumps({"type": "connection_init", "payload": headers}))
    await wire.recv()
    payload = {"query": CHANGED, "variables": {"after": after}}
    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


async def next_message(wire: ClientConnection, id: str) -> Any:
    """What is told of an application, the first time."""
    async with asyncio.timeout(20):
        while True:
            message = json.loads(await wire.recv())
            assert message["type"] in ("ping", "next"), message
            if message["type"] == "next":
                found = message["payload"]["data"]["applicationChanged"]["application"]
                if found and found["id"] == id:
                    return found


async def test_change_is_told_to_both_sides(town: Any, plugins: Any, tmp_path: Path) -> None:
    """A rival lender hears of its own application first, though another's was sent before."""
    # Not from the beginning: the county is others', too, and what they told long ago may be thrown away by now.
    [[start]] = await town.fetch("select given from events.counter")
    application, chosen = await town.send(36), settings_for_tests(town.dsn, tmp_path)
    other = await town.send(37)
    await town.fetch(
        "update credit.application set lender_id=(select id from units.unit where code=$1) where id=$2",
        town.other_bank,
        town.key(other),
    )
    app = create_app(chosen, town.dsn, town.server.clock, plugins)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws=WebSocketProtocol))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    cursors = Cursors(receipts_secret(chosen))
    [[epochs]] = await town.fetch(OPEN_EPOCH)
    cursors.epochs = read_epochs(json.loads(epochs))
    begin = cursors.seal(start)
    options: Any = {"subprotocols": ["graphql-transport-ws"]}
    try:
        async with connect(url, **options) as mine, connect(url, **options) as bank, connect(url, **options) as rival:
            for wire, caller in ((mine, town.resident(36)), (bank, town.lender), (rival, town.rival)):
                await subscribe(wire, caller.headers, begin)
            assert (await next_message(mine, application))["state"] == "SENT"
            assert (await next_message(bank, application))["state"] == "SENT"
            async with asyncio.timeout(20):
                while (message := json.loads(await rival.recv()))["type"] != "next":
                    assert message["type"] == "ping", message
            assert message["payload"]["data"]["applicationChanged"]["application"] == {"id": other, "state": "SENT"}
    finally:
        server.should_exit = True
        await task
