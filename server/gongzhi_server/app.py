"""Application: the schema, its engine and its gateway, over one database."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from gongzhi.declare.extend import Extension
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.channels import Channel
from gongzhi.runtime.commands import Command
from gongzhi.runtime.context import Bounds, Context, Look
from gongzhi.runtime.event_access import EventAccess
from gongzhi.runtime.jobs import Job
from gongzhi.runtime.lists import Lists, NoLists
from gongzhi.runtime.picture_decoding import PictureDecoder
from gongzhi.runtime.sealing import KeyRing
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from tortoise.models import Model

from .auth.assembly import entrance
from .auth.authentication import Door, refused
from .auth.service import Desk as Reception
from .clock import clock
from .commands import mutations as commands
from .commands.reactions import ReactionTable
from .endpoints.feeds import Feeds
from .endpoints.plain_http import Mounted, Toll
from .endpoints.routes import PluginRoutes
from .endpoints.sign_in import Counter
from .endpoints.uploads import Desk, upload_routes
from .errors import Problem
from .events import Hub, Outbox
from .events.access import EngineEventAccess
from .events.outbox import Told as Pending
from .events.resumptions import Resumptions
from .files.archive import Archive, sweep_hourly
from .files.malware_scan import scanner
from .files.vault import Vault
from .gateway import Documents, Gateway, Guard, Published, Rates, Traits
from .gateway import Settings as Shell
from .gateway.application import wrapped
from .gateway.limits import Limits
from .gateway.overload import LEVELS
from .gateway.trusted_documents import load
from .graphql.engine import Engine, value_of
from .graphql.published_registers import Published as Told
from .graphql.published_registers import published
from .graphql.schema import Schema, build
from .jobs.services import Services
from .jobs.worker import Worker
from .jobs.worker_tasks import Lines
from .list_queries import ListReader
from .plugins.choices import chosen
from .plugins.health import Vitals
from .plugins.loader import Plugins
from .settings import Settings
from .storage import database
from .storage.access_log import Ledger, ledger
from .storage.connection_shares import Shares, open_shares, writers
from .storage.key_ring import keyring

DISCOVER = "schema.explore"

T = TypeVar("T")


def receipts(settings: Settings) -> bytes:
    """Derive the secret behind receipt codes and idempotency MACs."""
    # Not the secret itself: what one purpose shows of its key must tell nothing of another's.
    return hashlib.sha256(b"gongzhi receipts " + settings.secret.encode()).digest()


class Space:
    """The context in which Tortoise knows its connections, whichever task a request came in."""

    def __init__(
        self,
        shares: Shares,
        keys: KeyRing,
        secret: bytes,
        told: Told,
        schema: Schema,
        plugins: Plugins,
        ledger: Ledger,
        outbox: Outbox,
        channels: tuple[Channel, ...] = (),
        choices: Mapping[type, Any] = MappingProxyType({}),
        address: str = "",
    ) -> None:
        self.address = address
        self.choices = choices
        # Tortoise keeps its connections in a context variable, which
        # requests do not inherit: they come in tasks of the server.
        self._variables = contextvars.copy_context()
        self.ledger = ledger
        self.shares, self.keys, self.secret, self.told, self.schema = shares, keys, secret, told, schema
        self.outbox, self.plugins, self.channels = outbox, plugins, channels
        self.reactions = ReactionTable(plugins.reactions)
        self.events = EventAccess()
        self.lists: Lists = NoLists()
        self.published = told.json()
        self.pictures = PictureDecoder()
        self.archive: Archive | None = None

    def ail(self, failing: Mapping[str, str]) -> None:
        """Tell of the plugins that are not well."""
        self.published = self.told.json(failing)

    def context(self, viewer: Viewer) -> Context:
        """Build what everything that runs for a viewer has at hand."""

        async def perform(command: Command, given: Any) -> Any:
            work = commands.perform(context, command, given, self.schema.owner(command), self.outbox)
            done = await self.run(work)
            # The chain of acts is extended soon after, not in the
            # command's transaction, where all would queue for its end.
            self.ledger.acted(viewer.now)
            return done

        async def look(seen: Look) -> None:
            await self.ledger.look(viewer, seen)

        async def enqueue(
            job: Job, key: str, *, at: datetime | None = None, row: Model | None = None, **arguments: Any
        ) -> None:
            told = Pending(self.outbox, viewer)
            told.enqueue(job, key, at, row, arguments)
            await self.run(told.commit())

        async def stored(row: Any) -> bytes | None:
            assert self.archive
            return await self.archive.read(row)

        # Read within the viewer's share, so that what plugins read for a stranger takes a stranger's place.
        fetch = self.shares.reader(viewer, "query")
        context = Context(
            viewer,
            self.keys,
            self.secret,
            perform,
            partial(value_of, fetch),
            fetch,
            self.published,
            look,
            self.ledger.bounds,
            self.plugins.held,
            self.plugins.holders,
            self.plugins.guarded,
            self.plugins.registers,
            self.events,
            self.lists,
            self.channels,
            self.choices,
            self.plugins.registry.feedable,
            self.pictures,
            self.plugins.civic,
            self.plugins.naming,
            self.plugins.grantors,
            self.reactions,
            self.address,
            self.plugins.timeline,
            enqueue,
            stored,
        )
        return context

    async def transact(
        self, plugin: str, viewer: Viewer, action: str, objects: Sequence[str], work: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Do something as a plugin for a viewer, in one transaction with the act that is kept of it."""
        done = await self.run(commands.transact(self.context(viewer), plugin, action, objects, work, self.outbox))
        self.ledger.acted(viewer.now)
        return done

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something where the tables are known."""
        return await asyncio.get_running_loop().create_task(work, context=self._variables.copy())


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
    """Build an ASGI application with these plugins; `contributions` are further fields, for tests and benchmarks.

    A `schema` is one that was built with them before.
    Without `background` nothing is handled by itself, and events get positions only while somebody follows them.

    Raises Problem, naming the plugin, if the schema cannot be built.
    """
    plugins = plugins or Plugins()
    # All that can fail by configuration fails here, before anything is opened.
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
    # The other routes are added when the application starts, since they need the database.
    return Starlette(routes=[Route("/health", health)], lifespan=made.lifespan)


async def health(request: Request) -> Response:
    """Report whether the server answers, which plugins are not well, and what is refused while it is behind."""
    state = request.app.state
    # Plugins are named, and what they fail in is not: anybody may ask.
    failing, guard = await state.vitals.examine(), state.guard
    body: dict[str, Any] = {"status": "ok"}
    if failing:
        body["plugins"] = dict.fromkeys(failing, "failing")
    if guard and guard.level:
        body["refused"] = LEVELS[guard.level]
    return JSONResponse(body)


@dataclass(frozen=True)
class Deployment:
    """A deployment as far as it is known before anything is opened."""

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
        allowed = Bounds(
            settings.reveals,
            settings.bulk,
            settings.neighbours,
            settings.exported,
            settings.alone,
            settings.appointed,
            settings.proposed,
        )
        # Opened in the order in which the later need the earlier; closed the other way round.
        async with (
            open_shares(dsn, settings) as shares,
            database.connected(database.config(dsn, plugins.apps, writers(settings), short=True)),
            ledger(dsn, allowed) as kept,
            entrance(settings, dsn, shares.sessions, plugins, self.secret, now) as (door, desk),
        ):
            hub = Hub(dsn, shares.background.fetch, self.secret, now, timedelta(days=settings.retention))
            outbox = Outbox(plugins.registry, {one.name for _, one in plugins.jobs}, hub.wake)
            space = self.space(shares, kept, outbox)
            worker = Worker(plugins, space.context, outbox, now)
            vitals = Vitals(plugins, acting_for(space, worker), now, space.ail)
            engine = Engine(
                self.schema,
                shares.accounts.fetch,
                space.context,
                self.limits,
                hub,
                current(door),
                now,
                vitals.blame,
                shares,
            )
            space.events = EngineEventAccess(
                engine, door.accounts, hub.cursors, timedelta(days=settings.retention), now
            )
            space.lists = ListReader(engine, shares.background)
            memory = Resumptions(desk.sessions.pool, now)
            guard = Guard(shares.waited) if enforced(settings, settings.guard) else None
            gateway = Gateway(engine, door, shell(settings), traits(settings, door), self.documents, memory, guard)
            archive = space.archive = Archive(Vault.at(settings.store), self.keys)
            await worker.open()
            answering = PluginRoutes(
                plugins,
                gateway.operations,
                space.context,
                shares.background.fetch,
                gateway.settings,
                vitals.blame,
                door.accounts.load,
                space.transact,
            )
            own = self.routes(shares, space, worker, gateway, door, desk, archive)
            app.router.routes[:0] = [*own, *answering.routes]  # GraphQL first
            services = Services(plugins, dsn, acting_for(space, worker), space.run, vitals.blame, hub.feed)
            # Services wait for events, so they are woken when positions have been given.
            hub.heard.append(services.call)
            app.state.worker, app.state.hub, app.state.vitals, app.state.space = worker, hub, vitals, space
            app.state.shares, app.state.guard, app.state.till = shares, guard, gateway.operations.till
            app.state.services = services
            lines = Lines(worker, settings.background_pool)
            # Background work starts last, when everything that it may call is there, and stops first.
            async with (
                vitals.held(),
                sweep_hourly(archive, now),
                watching(guard),
                working(hub, space, lines if self.background else None),
                services.running() if self.background else nullcontext(),
            ):
                yield

    def space(self, shares: Shares, kept: Ledger, outbox: Outbox) -> Space:
        """Build what everything that runs finds the deployment's parts by."""
        return Space(
            shares,
            self.keys,
            self.secret,
            self.told,
            self.schema,
            self.plugins,
            kept,
            outbox,
            self.channels,
            self.choices,
            self.settings.issuer,
        )

    def routes(
        self,
        shares: Shares,
        space: Space,
        worker: Worker,
        gateway: Gateway[Any],
        door: Door,
        desk: Reception,
        archive: Archive,
    ) -> list[BaseRoute]:
        """Return the routes: GraphQL, signing in, what is fetched as a file, uploads, and plugins' feeds."""
        settings, secret, now = self.settings, self.secret, self.now
        operations, till = gateway.operations, gateway.operations.till
        scan = scanner(settings.scan)
        uploads = Desk(operations, archive, scan, secret, now, space.run, space.pictures, shares.files)
        acting = acting_for(space, worker)

        def tolled(path: str, app: ASGIApp) -> Route:
            return Route(path, Mounted(wrapped(Toll(app, till), gateway.settings)), methods=["GET"])

        published = [tolled("/schema.graphql", Published(self.schema.as_str() + "\n"))] if settings.publish else []
        return [
            *(Route("/graphql", gateway), WebSocketRoute("/graphql", gateway)),
            *Counter(desk, door, gateway.settings, till).routes,
            *published,
            *upload_routes(uploads, settings.origins, settings.proxies),
            *Feeds(self.plugins, acting, shares.background.fetch, gateway.settings, till, operations.guard).routes,
        ]


@asynccontextmanager
async def working(hub: Hub, space: Space, lines: Lines | None) -> AsyncIterator[None]:
    """Have handlers and jobs at work. Without, the hub starts once somebody follows events; it is stopped anyway."""
    if lines:
        hub.heard.append(lines.call)
        hub.work.append(partial(running, space, lines))
    try:
        if lines:
            await hub.start()
        yield
    finally:
        await hub.stop()


@asynccontextmanager
async def watching(guard: Guard | None) -> AsyncIterator[None]:
    """Measure how far behind the server is, for as long as the block lasts."""
    task = asyncio.create_task(guard.watch()) if guard else None
    try:
        yield
    finally:
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def running(space: Space, lines: Lines) -> None:
    """Run handlers and jobs where the tables are known."""
    await space.run(lines.run())


def acting_for(space: Space, worker: Worker) -> Callable[[str], Context]:
    """Return what makes the context of a plugin that acts by itself."""
    return lambda name: space.context(worker.acting(name))


def shell(settings: Settings) -> Shell:
    """Return the gateway's settings."""
    limited = enforced(settings, settings.rates)
    return Shell(
        status=settings.status,
        batch=settings.batch,
        origins=settings.origins,
        proxies=settings.proxies,
        page=settings.development,
        rates=Rates() if limited else None,
        limits=bounds(settings),
    )


def enforced(settings: Settings, chosen: bool | None) -> bool:
    """Return whether something holds that is for production if nothing else is chosen."""
    return not settings.development if chosen is None else chosen


def current(door: Door) -> Callable[[Viewer], Awaitable[Viewer]]:
    """Return what brings a viewer up to date. It raises Unauthenticated once their credential is over."""

    async def look_again(viewer: Viewer) -> Viewer:
        found = await door.current(viewer)
        if found is None:
            raise refused()
        return found

    return look_again


def bounds(settings: Settings) -> Limits:
    """Read the limits of requests. Raises Problem for a name that is none, or nothing at all."""
    known = [each.name for each in fields(Limits)]
    # 0 would refuse everything, which is never meant.
    if wrong := sorted(name for name, most in settings.limits if name not in known or not most):
        raise Problem(f"GONGZHI_LIMITS: {wrong[0]} is no limit, or is 0; the limits are {', '.join(known)}")
    return Limits(**dict(settings.limits))


def traits(settings: Settings, door: Door) -> Traits:
    """Return what the gateway may know of a viewer.

    The schema is explored in development, or by whoever keeps the deployment.
    """
    return Traits(
        account=lambda viewer: viewer.account.name,
        key=lambda viewer: str(viewer.account.api_key) if viewer.account.api_key else None,
        expiry=door.expiry,
        discover=lambda viewer: settings.development or viewer.can(DISCOVER),
    )
