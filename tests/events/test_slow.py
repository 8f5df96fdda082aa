"""A subscriber that stops reading is dropped, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from gongzhi_server import app
from gongzhi_server.gateway import CloseCode, Limits
from websockets.exceptions import ConnectionClosed

from .conftest import Station, station

COPIES = 12
HEAVY = (
    "subscription($after: String) { caseEvents(after: $after) { id "
    + " ".join(f"c{at}: case {{ description }}" for at in range(COPIES))
    + " } }"
)
ROOM = 65_536
"""Bytes that the deaf one's side takes without anybody reading; how many it takes by itself differs by machine."""


@pytest.fixture
def narrow() -> Iterator[socket.socket]:
    with closing(socket.socket()) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        yield made


def reach(server: Station, wire: socket.socket) -> dict[str, Any]:
    """Connect a socket; how websockets is told to take it, and to keep one message at most."""
    parts = urlsplit(server.url)
    wire.connect((parts.hostname, parts.port))
    return {"sock": wire, "max_queue": 1}


async def test_who_does_not_read_is_dropped(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: socket.socket
) -> None:
    shell = app.gateway_settings

    def strict(settings: Any) -> Any:
        return replace(shell(settings), limits=Limits(stalling=0.3))

    monkeypatch.setattr(app, "gateway_settings", strict)
    async with station(filled, tmp_path) as server:
        integrator = server.as_("integrator", grid="610921")
        deaf, keen = await integrator.follow(HEAVY, reach(server, narrow)), await integrator.follow(HEAVY)
        told = 0
        async with asyncio.timeout(20):
            while server.open() == 2:
                await server.report(description="水" * 9_000)
                assert (await keen.event())["id"]
                told += 1
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(told):
                await deaf.next()
        assert closed.value.rcvd is None or closed.value.rcvd.code == CloseCode.SLOW
