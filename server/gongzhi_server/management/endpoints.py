"""Endpoints of management: `/live`, `/ready` and `/metrics`, for probes and Prometheus, never for people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gongzhi_server.storage.availability import LOST
from gongzhi_server.storage.database import connect_database

from .backlog import Backlog
from .metrics import OperationMetrics, StateCollector, open_registry

PATIENCE = 2.0
"""Seconds that a probe waits for the database; probes themselves wait for some three."""
CHECKING = 8.0
"""Seconds that checks may take; Prometheus itself waits for ten."""
STUCK = 15.0
"""Seconds after which an event that nobody is told of means that no process leads."""


async def fetch_alone(dsn: str, sql: str) -> Sequence[Any]:
    """Fetch over a connection made for it. All places of a share may be taken just when somebody has to know."""
    async with connect_database(dsn) as connection:
        return list(await connection.fetch(sql))


class Management:
    """What a process answers to machines about itself. `state` is its application's."""

    def __init__(self, state: Any, dsn: str) -> None:
        self.registry, self.backlog = open_registry(), Backlog(partial(fetch_alone, dsn), state.checks)
        self.registry.register(StateCollector(state, self.backlog))
        state.operations.observers.append(OperationMetrics(self.registry).observe)

    def app(self) -> Starlette:
        """Return the application that answers on the management port."""
        return Starlette(
            routes=[
                Route("/live", self.live),
                Route("/ready", self.ready),
                Route("/metrics", self.metrics),
            ]
        )

    async def live(self, request: Request) -> Response:
        """Say that the event loop turns: an orchestrator restarts a process that does not answer this."""
        return PlainTextResponse("live\n")

    async def ready(self, request: Request) -> Response:
        """Say whether requests may be sent here, 200 or 503, and what is in the way."""
        failing = await self.examine()
        status = {"status": "not ready", "failing": failing} if failing else {"status": "ready"}
        return JSONResponse(status, 503 if failing else 200)

    async def metrics(self, request: Request) -> Response:
        """Answer Prometheus, also while the database is away: then without what waits there."""
        if not await self.examine():
            with suppress(*LOST):
                async with asyncio.timeout(CHECKING):
                    await self.backlog.check()
        # In a thread: thousands of lines take longer to write than a request may wait for the loop.
        text = await asyncio.to_thread(generate_latest, self.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def examine(self) -> dict[str, str]:
        """Return what is in the way of serving, by part."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self.backlog.refresh()
        except LOST as error:
            self.backlog.forget()
            return {"database": f"does not answer ({type(error).__name__})"}
        if found["oldest"] > STUCK:
            return {"events": f"{found['unnumbered']} are told to nobody, the oldest for {found['oldest']:.0f} s"}
        return {}
