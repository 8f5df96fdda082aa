"""Following points as they move, over a socket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import uvicorn
from gongzhi_server.app import create_app
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.events.cursors import Cursors
from gongzhi_server.gateway.uvicorn_protocols import WebSocketProtocol
from gongzhi_server.testing import settings_for_tests
from websockets.asyncio.client import ClientConnection, connect

POSTED = """subscription Posted($after: String) {
  pointsPosted(after: $after) { cursor entry { amount reason account { balance } } } }"""


async def subscribe(wire: ClientConnection, headers: dict[str, str], after: str) -> None:
    await wire.send(json.dumps({"type": "connection_init", "payload": headers}))
    await wire.recv()
    payload = {"query": POSTED, "variables": {"after": after}}
    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


async def next_message(wire: ClientConnection) -> Any:
    async with asyncio.timeout(20):
        while (message := json.loads(await wire.recv()))["type"] != "next":
            assert message["type"] == "ping", message
        return message["payload"]["data"]["pointsPosted"]


async def test_points_are_told_to_their_holder(village: Any, database: str, plugins: Any, tmp_path: Path) -> None:
    """And to nobody else: the neighbour hears of their own entry first, though another's came before."""
    rule = await village.rule()
    app = create_app(settings_for_tests(database, tmp_path), database, village.server.clock, plugins)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws=WebSocketProtocol))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    begin = Cursors(receipts_secret(settings_for_tests(database, tmp_path))).seal(0)
    options: Any = {"subprotocols": ["graphql-transport-ws"]}
    try:
        async with connect(url, **options) as mine, connect(url, **options) as neighbour:
            await subscribe(mine, village.resident(0).headers, begin)
            await subscribe(neighbour, village.resident(1).headers, begin)
            await village.earn(rule, "2026-06-30", at=0)
            await village.earn(rule, "2026-06-30", at=1)
            first, other = await next_message(mine), await next_message(neighbour)
    finally:
        server.should_exit = True
        await task
    assert first["entry"] == {"amount": 5, "reason": "庭院整洁", "account": {"balance": 5}}
    assert other["entry"]["account"] == {"balance": 5} and other["cursor"] != first["cursor"]
