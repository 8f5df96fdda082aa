"""Serving: one process that serves the schema over HTTP until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from .app import create_app
from .clock import clock
from .configuration import read_limits
from .deployment.surroundings import refuse_bad_surroundings
from .errors import Problem
from .gateway.limits import Limits
from .gateway.uvicorn_protocols import WebSocketProtocol, protocol_with_timeout
from .plugins import loader
from .plugins.contributions import Plugins
from .settings import Settings
from .startup import fast_startup, freeze_garbage
from .storage import database, embedded_postgres, fingerprints
from .storage.key_ring import load_key_ring
from .telemetry.logs import set_up_logging

GRACE = 10  # seconds that running requests get when the server stops
UNACKNOWLEDGED = 30
"""Seconds after which the kernel gives up a client that takes nothing. uvicorn waits for it for ever."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


class GreetingServer(uvicorn.Server):
    """uvicorn's server, which prints a greeting once it answers."""

    def __init__(
        self, app: ASGIApp, greeting: str, limits: Limits, beside: AbstractAsyncContextManager[None] | None = None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=protocol_with_timeout(limits.arriving),
                ws=WebSocketProtocol,
                ws_max_size=limits.message,
                proxy_headers=False,  # the gateway reads forwarded addresses, from the proxies it is told of alone
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self.greeting, self.beside = greeting, beside or nullcontext()
        self._held = AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then settle and greet."""
        await super().startup(sockets)
        if self.started:  # what is beside it asks about what the application's own start has made
            await self._held.enter_async_context(self.beside)
        freeze_garbage()
        if self.greeting:
            print(self.greeting, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as uvicorn does, and what is beside it first."""
        # uvicorn would wait for event streams until it cuts them off; they are told to end, and where to go on.
        app: Any = self.config.app
        app.state.stopping.set()
        await self._held.aclose()
        await super().shutdown(sockets)


def serve_forever(
    settings: Settings,
    fill: Callable[[str, Plugins], None] | None = None,
    without: Collection[str] = (),
    *,
    only_core: bool = False,
    workers: int = 1,
) -> None:
    """Serve until Ctrl-C or SIGTERM, bringing the tables up to date first; `fill` gets the DSN and the plugins before.

    The port is taken first, so that a second server stops before it touches the database.
    """
    set_up_logging(settings)
    installed = Plugins() if only_core else loader.load_plugins(without)
    # Port first, database second: a second server must not touch the tables of the first.
    with ExitStack() as stack:
        listeners = [stack.enter_context(bind_socket(settings.host, settings.port))] if settings.answers else []
        dsn = stack.enter_context(embedded_postgres.run_cluster(settings))
        with fast_startup():
            keys = load_key_ring(settings)
            # Before migrating: what is refused leaves no tables.
            app = create_app(settings, dsn, plugins=installed, keys=keys)
        asyncio.run(database.migrate_apps(dsn, installed.apps))
        asyncio.run(fingerprints.confirm_secrets(dsn, settings, keys))
        asyncio.run(refuse_bad_surroundings(dsn, settings, clock, workers))
        if fill:
            fill(dsn, installed)
        greeting = startup_message(settings, server_url(listeners[0])) if listeners else "Gongzhi 共治 works."
        with suppress(KeyboardInterrupt):  # uvicorn has stopped in good order and raises the signal once more
            if workers > 1:
                from .workers import run_workers  # what most deployments do not need

                make = partial(make_worker, settings, dsn, tuple(without), only_core, workers)
                run_workers(make, workers, listeners, greeting)
            else:
                make_server(settings, dsn, app, greeting).run(listeners)


def make_worker(
    settings: Settings, dsn: str, without: Collection[str], only_core: bool, workers: int
) -> GreetingServer:
    """Make the server of one of several processes, in that process. Raises Problem."""
    set_up_logging(settings)
    with fast_startup():
        app = create_app(settings, dsn, plugins=Plugins() if only_core else loader.load_plugins(without))
    return make_server(settings, dsn, app, ports=workers)


def make_server(settings: Settings, dsn: str, app: Starlette, greeting: str = "", ports: int = 1) -> GreetingServer:
    """Make a server of an application, with what answers machines beside it: on one of so many ports in a row."""
    beside = None
    if settings.management:
        from .management.serving import answer_probes  # few processes are measured, and it takes its time

        beside = answer_probes(app, dsn, take_port(*settings.management, ports))
    return GreetingServer(app, greeting, read_limits(settings), beside)


def take_port(host: str, port: int, ports: int) -> socket.socket:
    """Listen on the first port that nobody has, of so many in a row. Raises Problem."""
    for number in range(port, port + ports - 1):
        with suppress(Problem):
            return bind_socket(host, number, listen=True)
    return bind_socket(host, port + ports - 1, listen=True)


def bind_socket(host: str, port: int, listen: bool = False) -> socket.socket:
    """Take the port. One that is not listened on yet can be taken twice. Raises Problem."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # Otherwise a server that was just stopped would keep the port for a minute.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":  # accepted sockets inherit it; elsewhere the proxy in front has to do it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * UNACKNOWLEDGED)
    try:
        listener.bind((host, port))
        if listen:
            listener.listen()
    except OSError as error:
        listener.close()
        raise Problem(
            f"cannot listen on {host} port {port} ({error.strerror}); "
            "stop what uses it, or choose another: PORT=8001 make run (GONGZHI_MANAGEMENT for probes)"
        ) from None
    return listener


def server_url(listener: socket.socket) -> str:
    """Return the URL at which this machine reaches the server."""
    # Read from the socket: with port 0 the system has chosen one.
    host, port = listener.getsockname()[:2]
    return f"http://{EVERYWHERE.get(host) or (f'[{host}]' if ':' in host else host)}:{port}"


def startup_message(settings: Settings, url: str) -> str:
    """Write what is printed once the server answers."""
    if not settings.development:
        return f"Gongzhi 共治 answers at {url}/graphql"
    return f"""\
Gongzhi 共治 answers at {url}/graphql. Try it (试一试):

  curl {url}/graphql -H 'content-type: application/json' \\
    -d '{{"query": "{{ grid(code: \\"610921\\") {{ name children {{ totalCount }} }} }}"}}'

A token to try things out (令牌):

  {program_path()} token --role administrator

Ctrl-C stops it."""


def program_path() -> str:
    """Return how to call this program from here."""
    path = Path(sys.executable).with_name("gongzhi")
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
