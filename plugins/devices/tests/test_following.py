"""Following alarms over a socket, as a wall does: in the places that one serves, and by nobody else."""

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

from .conftest import ELSEWHERE, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGED = """subscription($after: String) { deviceAlarmChanged(after: $after) {
  cursor alarm { id state times device { code } } } }"""


async def subscribe(wire: ClientConnection, headers: dict[str, str], after: str) -> None:
    await wire.send(json.dumps({"type": "connection_init", "payload": headers}))
    await wire.recv()
    payload = {"query": CHANGED, "variables": {"after": after}}
    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


async def next_alarm(wire: ClientConnection) -> Any:
    """The alarm that is told of next."""
    async with asyncio.timeout(20):
        while (message := json.loads(await wire.recv()))["type"] != "next":
            assert message["type"] == "ping", message
    return message["payload"]["data"]["deviceAlarmChanged"]["alarm"]


async def test_alarms_are_told_where_one_serves(network: Network, plugins: Any, tmp_path: Path) -> None:
    """Who serves elsewhere hears of the alarm there first, though another was raised before."""
    kind = await network.kind()
    (first, code), (_, second) = await network.register(kind), await network.register(kind, grid=ELSEWHERE)
    await network.define(kind)
    for one in (code, second):
        await network.report(one, 9.0)
    [alarm] = await network.alarms(first)
    chosen = settings_for_tests(network.dsn, tmp_path)
    app = create_app(chosen, network.dsn, network.server.clock, plugins)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws=WebSocketProtocol))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    begin = Cursors(receipts_secret(chosen)).seal(0)
    options: Any = {"subprotocols": ["graphql-transport-ws"]}
    elsewhere = network.server.as_("grid_worker", grid=ELSEWHERE, sub="elsewhere")
    try:
        async with connect(url, **options) as wall, connect(url, **options) as other:
            await subscribe(wall, network.manager.headers, begin)
            await subscribe(other, elsewhere.headers, begin)
            told = {"id": alarm["id"], "state": "ACTIVE", "times": 1, "device": {"code": code}}
            assert await next_alarm(wall) == told
            assert (await next_alarm(wall))["device"] == (await next_alarm(other))["device"] == {"code": second}
    finally:
        server.should_exit = True
        await task
