"""Following activities as they change, over a socket."""

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

CHANGED = """subscription Changed($grid: String!, $after: String) {
  activityChanged(grid: $grid, after: $after) { cursor activity { title state } } }"""
PLANNED = {"form": "VOLUNTEERING", "place": "村口", "startsAt": "2026-07-01T09:00:00+08:00"}


async def subscribe(wire: ClientConnection, headers: dict[str, str], **variables: str) -> None:
    await wire.send(json.dumps({"type": "connection_init", "payload": headers}))
    await wire.recv()
    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": CHANGED, "variables": variables}}))


async def next_message(wire: ClientConnection) -> Any:
    async with asyncio.timeout(20):
        while (message := json.loads(await wire.recv()))["type"] != "next":
            assert message["type"] == "ping", message
        return message["payload"]["data"]["activityChanged"]["activity"]


async def test_activities_are_told_where_they_are(town: Any, database: str, plugins: Any, tmp_path: Path) -> None:
    """Only those of the grid, and an organisation's own to nobody else."""
    app = create_app(settings_for_tests(database, tmp_path), database, town.server.clock, plugins)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws=WebSocketProtocol))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    begin = Cursors(receipts_secret(settings_for_tests(database, tmp_path))).seal(0)
    options: Any = {"subprotocols": ["graphql-transport-ws"]}
    elsewhere = town.server.as_("grid_worker", grid="610921102")
    own = {**PLANNED, "audience": "BRANCH", "branch": town.branch, "title": "支委会", "grid": "610921100"}
    open_ = {**PLANNED, "audience": "PUBLIC"}
    try:
        async with connect(url, **options) as resident, connect(url, **options) as secretary:
            await subscribe(resident, town.resident().headers, grid="610921100", after=begin)
            await subscribe(secretary, town.secretary.headers, grid="610921100", after=begin)
            for caller, planned in (
                (town.secretary, own),
                (elsewhere, {**open_, "title": "邻镇活动", "grid": "610921102"}),
                (town.worker, {**open_, "title": "清洁家园", "grid": "610921100"}),
            ):
                made = await caller.do("arrangeActivity", "activity { id }", activity=planned)
                assert made["errors"] == [], made
            assert await next_message(resident) == {"title": "清洁家园", "state": "PLANNED"}
            assert await next_message(secretary) == {"title": "支委会", "state": "PLANNED"}
    finally:
        server.should_exit = True
        await task
