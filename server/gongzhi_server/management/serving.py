"""Serving of management: a second server in the process, on its own port, which no caller of the API can keep busy."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from .endpoints import Management


class ProbeServer(uvicorn.Server):
    """A server beside another one of the process, which is the one that signals stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the other one."""
        yield


@asynccontextmanager
async def answer_probes(app: Starlette, dsn: str, listener: socket.socket) -> AsyncIterator[None]:
    """Answer about an application that has started, for as long as the block lasts."""
    management = Management(app.state, dsn).app()
    server = ProbeServer(uvicorn.Config(management, lifespan="off", log_config=None, access_log=False))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        # Forced: whoever asks keeps its connection open, and would be waited for.
        server.should_exit = server.force_exit = True
        await task
