"""The application: the schema, its engine and its gateway, over one database."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from gongzhi.commands import Command
from gongzhi.context import Context
from gongzhi.extend import Extension
from gongzhi.sealing import KeyRing
from gongzhi.viewer import Viewer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from tortoise.models import Model

from . import commands, database, files
from .clock import clock
from .door import Door
from .engine import Engine
from .execution import Fetch
from .files.archive import Archive
from .files.desk import Desk
from .files.scan import scanner
from .files.vault import Vault
from .gateway import Documents, Gateway, Published, Rates, Traits
from .gateway import Settings as Shell
from .gateway.documents import load
from .plugins import Plugins
from .publishing import published
from .schema import Schema, build
from .settings import Settings
from .tokens import Tokens

DISCOVER = "schema.explore"

T = TypeVar("T")


def keyring(settings: Settings) -> KeyRing:
    """The keys that protected values are sealed with, derived from the deployment's secret."""
    return KeyRing({"main": hashlib.sha256(b"gongzhi keys " + settings.secret.encode()).digest()})


def receipts(settings: Settings) -> bytes:
    """The secret behind receipt codes and idempotency MACs."""
    return hashlib.sha256(b"gongzhi receipts " + settings.secret.encode()).digest()


class Space:
    """Where Tortoise knows its connections, whichever task a request came in."""

    def __init__(self, fetch: Fetch, keys: KeyRing, secret: bytes, told: str, schema: Schema) -> None:
        self._variables = contextvars.copy_context()
        self.fetch, self.keys, self.secret, self.told, self.schema = fetch, keys, secret, told, schema

    def context(self, viewer: Viewer) -> Context:
        """What everything that runs for this viewer has at hand."""

        async def perform(command: Command, given: Any) -> Any:
            work = commands.perform(context, command, given, self.schema.owner(command))
            return await self.run(work)

        context = Context(viewer, self.keys, self.secret, perform, self.value, self.told)
        return context

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something where the tables are known."""
        return await asyncio.get_running_loop().create_task(work, context=self._variables.copy())

    async def value(self, model: type[Model], column: str, key: Any) -> Any:
        meta = model._meta
        [[found]] = await self.fetch(
            f'select "{column}" from "{meta.schema}"."{meta.db_table}" where "{meta.db_pk_column}"=$1', key
        )
        return found


def create_app(
    settings: Settings,
    dsn: str,
    now: Callable[[], datetime] = clock,
    plugins: Plugins | None = None,
    contributions: Iterable[tuple[str, Extension]] = (),
) -> Starlette:
    """An ASGI application with these plugins; `contributions` are further fields, for tests and benchmarks.

    Raises Problem, naming the plugin, if the schema cannot be built.
    """
    plugins = plugins or Plugins()
    schema = build(plugins, contributions)
    keys, secret, told = keyring(settings), receipts(settings), published(plugins, schema)
    documents = Documents(load(settings.manifest), settings.allow_list)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        pool = await database.readers(dsn, settings.pool)
        async with database.connected(database.config(dsn, plugins.apps, settings.pool)):
            space = Space(pool.fetch, keys, secret, told, schema)
            engine = Engine(schema, pool.fetch, space.context)
            door = Door(Tokens(settings.secret), pool, plugins, now)
            gateway = Gateway(engine, door, shell(settings), traits(settings, door), documents)
            app.router.routes += [Route("/graphql", gateway), WebSocketRoute("/graphql", gateway)]
            archive = Archive(Vault.at(settings.store), keys)
            desk = Desk(gateway.operations, archive, scanner(settings.scan), secret, now, space.run)
            app.router.routes += files.routes(desk, settings.origins, settings.proxies)
            async with files.swept(archive, now):
                yield
        await pool.close()

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    routes: list[BaseRoute] = [Route("/health", health)]
    if settings.publish:
        routes.append(Route("/schema.graphql", Published(schema.as_str() + "\n")))
    return Starlette(routes=routes, lifespan=lifespan)


def shell(settings: Settings) -> Shell:
    """What of the settings is the gateway's."""
    limited = not settings.development if settings.rates is None else settings.rates
    return Shell(
        status=settings.status,
        batch=settings.batch,
        origins=settings.origins,
        proxies=settings.proxies,
        page=settings.development,
        rates=Rates() if limited else None,
    )


def traits(settings: Settings, door: Door) -> Traits:
    """What the gateway may know of a viewer. The schema is explored in development, or by who keeps the deployment."""
    return Traits(
        account=lambda viewer: viewer.account.name,
        expiry=door.expiry,
        discover=lambda viewer: settings.development or viewer.can(DISCOVER),
    )
