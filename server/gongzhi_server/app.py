"""The application: the schema, its engine and its gateway, over one database."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import asyncpg
from gongzhi.channels import Channel
from gongzhi.commands import Command
from gongzhi.context import Bounds, Context, Look, Wanted
from gongzhi.exports import links
from gongzhi.extend import Extension
from gongzhi.picture_decoding import PictureDecoder
from gongzhi.rights.exports import PATH
from gongzhi.sealing import KeyRing
from gongzhi.viewer import Viewer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from tortoise.models import Model

from . import commands, database, files, road
from .auth.accounts import Accounts
from .auth.desk import Desk as Reception
from .auth.http import Counter
from .auth.opening import entrance
from .bulk import Desk as Bulk
from .bulk import Listings
from .choices import chosen
from .clock import clock
from .door import Door, refused
from .engine import Engine
from .errors import Problem
from .events import Hub, Outbox
from .events.lines import Lines
from .events.resumptions import Resumptions
from .events.work import Worker
from .execution import Fetch
from .exports import Exports
from .feeds import Feeds
from .files.archive import Archive
from .files.desk import Desk
from .files.scan import scanner
from .files.vault import Vault
from .gateway import Documents, Gateway, Published, Rates, Traits
from .gateway import Settings as Shell
from .gateway.documents import load
from .gateway.limits import Limits
from .keys import keyring
from .ledger import Ledger, ledger
from .open311 import Window
from .plugins import Plugins
from .publishing import Published as Told
from .publishing import published
from .schema import Schema, build
from .settings import Settings
from .vitals import Vitals
from .webhooks import Courier, Selections, Tellers
from .webhooks import courier as webhooks
from .webhooks.addresses import Networks
from .webhooks.bodies import Bodies
from .webhooks.post import Post

DISCOVER = "schema.explore"

T = TypeVar("T")


def receipts(settings: Settings) -> bytes:
    """The secret behind receipt codes and idempotency MACs."""
    return hashlib.sha256(b"gongzhi receipts " + settings.secret.encode()).digest()


class Space:
    """Where Tortoise knows its connections, whichever task a request came in."""

    def __init__(
        self,
        fetch: Fetch,
        keys: KeyRing,
        secret: bytes,
        told: Told,
        schema: Schema,
        plugins: Plugins,
        ledger: Ledger,
        outbox: Outbox,
        channels: tuple[Channel, ...] = (),
        choices: Mapping[type, Any] = MappingProxyType({}),
    ) -> None:
        self.choices = choices
        self._variables = contextvars.copy_context()
        self.ledger = ledger
        self.fetch, self.keys, self.secret, self.told, self.schema = fetch, keys, secret, told, schema
        self.outbox, self.plugins, self.channels = outbox, plugins, channels
        self.selections: Selections | None = None
        self.tellers: Tellers | None = None
        self.listings: Listings | None = None
        self.published = told.json()
        self.pictures = PictureDecoder()

    def ail(self, failing: Mapping[str, str]) -> None:
        """Tell of the plugins that are not well."""
        self.published = self.told.json(failing)

    def context(self, viewer: Viewer) -> Context:
        """What everything that runs for this viewer has at hand."""

        async def perform(command: Command, given: Any) -> Any:
            work = commands.perform(context, command, given, self.schema.owner(command), self.outbox)
            done = await self.run(work)
            self.ledger.acted(viewer.now)
            return done

        async def look(seen: Look) -> None:
            await self.ledger.look(viewer, seen)

        def selected(selection: str) -> str:
            assert self.selections
            return self.selections.checked(selection, viewer)

        def deliverable() -> Collection[str]:
            return self.tellers.allowed(viewer) if self.tellers else ()

        async def listed(asking: Viewer, document: str, variables: Mapping[str, Any]) -> Wanted:
            assert self.listings
            return await self.listings.wanted(asking, document, variables)

        context = Context(
            viewer,
            self.keys,
            self.secret,
            perform,
            self.value,
            self.fetch,
            self.published,
            look,
            self.ledger.bounds,
            self.plugins.held,
            self.plugins.guarded,
            self.plugins.registers,
            selected,
            deliverable,
            listed,
            self.channels,
            self.choices,
            self.plugins.registry.feedable,
            self.pictures,
        )
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
    background: bool = True,
    environ: Mapping[str, str] = os.environ,
    schema: Schema | None = None,
) -> Starlette:
    """An ASGI application with these plugins; `contributions` are further fields, for tests and benchmarks.
    A `schema` is one that was built with them before.
    Without `background` nothing is handled by itself, and events get positions only while somebody follows them.

    Raises Problem, naming the plugin, if the schema cannot be built.
    """
    plugins = plugins or Plugins()
    schema = schema or build(plugins, contributions)
    made = Deployment(
        settings,
        dsn,
        now,
        plugins,
        schema,
        background,
        keyring(settings),
        receipts(settings),
        published(plugins, schema),
        plugins.chosen(settings.channels),
        chosen(plugins, environ, settings.data),
        Documents(load(settings.manifest), settings.allow_list),
        bounds(settings),
    )
    routes: list[BaseRoute] = [Route("/health", health)]
    if settings.publish:
        routes.append(Route("/schema.graphql", Published(schema.as_str() + "\n")))
    return Starlette(routes=routes, lifespan=made.lifespan)


async def health(request: Request) -> Response:
    """Whether the server answers, and which plugins are not well."""
    failing = await request.app.state.vitals.examine()
    return JSONResponse({"status": "ok", **({"plugins": dict.fromkeys(failing, "failing")} if failing else {})})


@dataclass(frozen=True)
class Deployment:
    """What is known before anything is opened."""

    settings: Settings
    dsn: str
    now: Callable[[], datetime]
    plugins: Plugins
    schema: Schema
    background: bool
    keys: KeyRing
    secret: bytes
    told: Told
    channels: tuple[Channel, ...]
    choices: Mapping[type, Any]
    documents: Documents
    limits: Limits

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Open all that is held while the application answers, and close it in turn."""
        settings, dsn, plugins, now = self.settings, self.dsn, self.plugins, self.now
        allowed = Bounds(settings.reveals, settings.bulk, settings.neighbours, settings.exported, settings.alone)
        async with (
            await database.readers(dsn, settings.pool) as pool,
            database.connected(database.config(dsn, plugins.apps, settings.pool, short=True)),
            ledger(dsn, allowed) as kept,
            entrance(settings, dsn, pool, plugins, self.secret, now) as (door, desk),
        ):
            hub = Hub(dsn, pool.fetch, self.secret, now, timedelta(days=settings.retention))
            road.join(hub, settings, dsn)
            outbox = Outbox(plugins.registry, {one.name for _, one in plugins.jobs}, hub.wake)
            space = self.space(pool.fetch, kept, outbox)
            worker = Worker(plugins, space.context, outbox, now)
            vitals = Vitals(plugins, lambda name: space.context(worker.acting(name)), now, space.ail)
            engine = Engine(self.schema, pool.fetch, space.context, self.limits, hub, current(door), now, vitals.blame)
            bodies, listings = Bodies(engine, settings.issuer), Listings(engine)
            space.selections, space.tellers, space.listings = bodies.selections, bodies.tellers, listings
            memory = Resumptions(desk.pool, now)
            gateway = Gateway(engine, door, shell(settings), traits(settings, door), self.documents, memory)
            archive = Archive(Vault.at(settings.store), self.keys)
            await worker.open()
            app.router.routes += self.routes(pool, space, worker, gateway, door, desk, archive)
            app.state.worker, app.state.hub, app.state.vitals, app.state.space = worker, hub, vitals, space
            lines = Lines(worker, max(1, settings.pool // 2))
            async with (
                delivering(dsn, Networks(settings.webhook_networks), door.accounts, bodies, self.keys, now) as courier,
                vitals.held(),
                files.swept(archive, now),
                working(hub, space, (lines, courier) if self.background else ()),
            ):
                app.state.courier = courier
                yield

    def space(self, fetch: Fetch, kept: Ledger, outbox: Outbox) -> Space:
        """Where what runs finds all of this."""
        return Space(
            fetch,
            self.keys,
            self.secret,
            self.told,
            self.schema,
            self.plugins,
            kept,
            outbox,
            self.channels,
            self.choices,
        )

    def routes(
        self,
        pool: asyncpg.Pool[Any],
        space: Space,
        worker: Worker,
        gateway: Gateway[Any],
        door: Door,
        desk: Reception,
        archive: Archive,
    ) -> list[BaseRoute]:
        """What is answered: GraphQL, signing in, Open311, what is fetched as a file, uploads, and plugins' feeds."""
        settings, secret, now = self.settings, self.secret, self.now
        operations, till = gateway.operations, gateway.operations.till
        assert space.listings
        exports = Exports(pool, self.keys, secret, self.plugins.registers.holdings, now)
        bulk = Bulk(space.listings, pool, door, space, secret, now)
        uploads = Desk(operations, archive, scanner(settings.scan), secret, now, space.run, space.pictures)
        acting: Callable[[str], Context] = lambda name: space.context(worker.acting(name))  # noqa: E731
        return [
            *(Route("/graphql", gateway), WebSocketRoute("/graphql", gateway)),
            *Counter(desk, door, gateway.settings, till).routes,
            *Window(operations, gateway.settings, settings.issuer, now).routes,
            Route(f"{PATH}{{ticket}}", exports.answer, methods=["GET"]),
            Route(f"{links.PATH}{{ticket}}", bulk.answer, methods=["GET"]),
            *files.routes(uploads, settings.origins, settings.proxies),
            *Feeds(self.plugins, acting, pool.fetch, gateway.settings, till).routes,
        ]


@asynccontextmanager
async def delivering(
    dsn: str, networks: Networks, accounts: Accounts, bodies: Bodies, keys: KeyRing, now: Callable[[], datetime]
) -> AsyncIterator[Courier]:
    """Who takes events to webhooks, with connections of their own."""
    async with await database.writers(dsn, webhooks.ENDPOINTS + 1) as pool:
        post = Post(networks)
        try:
            yield Courier(pool, accounts, bodies, post, keys, now)
        finally:
            await post.close()


@asynccontextmanager
async def working(hub: Hub, space: Space, work: Sequence[Lines | Courier]) -> AsyncIterator[None]:
    """These at work. Without any, the hub starts once somebody follows events; it is stopped in any case."""
    for one in work:
        hub.heard.append(one.call)
        hub.work.append(partial(running, space, one))
    try:
        if work:
            await hub.start()
        yield
    finally:
        await hub.stop()


async def running(space: Space, one: Lines | Courier) -> None:
    await space.run(one.run())


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
        limits=bounds(settings),
    )


def current(door: Door) -> Callable[[Viewer], Awaitable[Viewer]]:
    """The same viewer with what they are granted now. Raises Unauthenticated once that is over."""

    async def look_again(viewer: Viewer) -> Viewer:
        found = await door.current(viewer)
        if found is None:
            raise refused()
        return found

    return look_again


def bounds(settings: Settings) -> Limits:
    """The limits of requests. Raises Problem for a name that is none, or nothing at all."""
    known = [each.name for each in fields(Limits)]
    if wrong := sorted(name for name, most in settings.limits if name not in known or not most):
        raise Problem(f"GONGZHI_LIMITS: {wrong[0]} is no limit, or is 0; the limits are {', '.join(known)}")
    return Limits(**dict(settings.limits))


def traits(settings: Settings, door: Door) -> Traits:
    """What the gateway may know of a viewer. The schema is explored in development, or by who keeps the deployment."""
    return Traits(
        account=lambda viewer: viewer.account.name,
        key=lambda viewer: str(viewer.account.api_key) if viewer.account.api_key else None,
        expiry=door.expiry,
        discover=lambda viewer: settings.development or viewer.can(DISCOVER),
    )
