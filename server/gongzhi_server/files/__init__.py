"""Files (附件): taken in beside GraphQL, looked at by content, made harmless, sealed, stored, and given out by link."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from gongzhi.core.attachments import links
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gongzhi_server.endpoints.uploads import Desk

from .archive import Archive

__all__ = ["routes", "swept"]

logger = logging.getLogger(__name__)

HOUR = 3600
SENDABLE = ("Authorization", "Content-Type", "X-Client-Id")


def routes(desk: Desk, origins: Sequence[str], proxies: Sequence[str]) -> list[Route]:
    """Where files are handed in and given out, behind what is needed for other origins and for proxies."""
    app: ASGIApp = desk
    if origins:
        app = CORSMiddleware(app, list(origins), ("GET", "HEAD", "POST"), SENDABLE)
    if proxies:
        app = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type,assignment]
    return [Route(path, app) for path in (links.PATH, links.PATH + "/{rest:path}")]


@asynccontextmanager
async def swept(archive: Archive, now: Callable[[], datetime]) -> AsyncIterator[None]:
    """Remove once an hour what is left over, for as long as the block lasts."""
    task = asyncio.create_task(sweeping(archive, now))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def sweeping(archive: Archive, now: Callable[[], datetime]) -> None:
    while True:
        await asyncio.sleep(HOUR)
        try:
            await archive.sweep(now())
        except Exception as error:  # the store or the database is away; there is another hour
            logger.error("uploads were not swept: %s", type(error).__name__)
