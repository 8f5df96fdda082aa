"""Application: the schema, its engine and its gateway, over one database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from gongzhi.declare.extend import Extension
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.channels import NoticeChannel
from gongzhi.runtime.context import Context
from gongzhi.runtime.sealing import KeyRing
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .auth.assembly import PROVIDERS, build_factor_service, build_provider_sign_ins, open_authentication
from .auth.authentication import Authenticator
from .auth.read_positions import HEADER as POSITION
from .auth.read_positions import ReadPositions
from .auth.service import AuthenticationService
from .background_tasks import run_beside
from .clock import clock
from .configuration import (
    gateway_settings,
    is_enforced,
    may_explore,
    read_bounds,
    read_limits,
    receipts_secret,
    refresh_viewer_with,
    viewer_traits,
)
from .endpoints.feeds import Feeds
from .endpoints.plain_http import MountedApp, RateLimitedApp
from .endpoints.routes import PluginRoutes
from .endpoints.second_factor import SecondFactorEndpoint
from .endpoints.sign_in import AuthEndpoint, json_response
from .endpoints.uploads import FileService, upload_routes
from .event_access.reader import EngineEventAccess
from .events import Hub, Outbox
from .events.cursors import Cursors
from .events.epochs import EpochWatch
from .events.resumptions import Resumptions
from .files.archive import Archive, sweep_hourly
from .files.malware_scan import make_scanner
from .files.vault import Vault
from .gateway import DocumentStore, Gateway, Guard, PublishedSchema
from .gateway.application import wrap_application
from .gateway.interfaces import Unauthenticated
from .gateway.limits import Limits
from .gateway.negotiation import fold_headers
from .gateway.operations import Operations
from .gateway.overload import LEVELS
from .gateway.trusted_documents import load_documents
from .graphql.engine import GraphQLEngine
from .graphql.published_registers import PublishedPlugins, publish_plugins
from .graphql.schema import Schema, build_schema
from .graphql.view_checks import Views, check_views
from .jobs.services import Services
from .jobs.worker import Worker
from .jobs.worker_tasks import WorkerTasks
from .labels.collection import Labels
from .list_queries import ListReader
from .management.operation_lines import logging_operations
from .performance.counting import counting
from .plugins.choices import read_choices
from .plugins.contributions import Plugins
from .plugins.health import PluginHealth
from .replicas.routing import Replicas, open_replicas
from .runtime import Runtime
from .settings import Settings
from .storage import database
from .storage.access_log import AccessLog, open_access_log
from .storage.connection_shares import Shares, open_shares, writers_pool_size
from .storage.key_ring import load_key_ring
from .telemetry.requests import HEADER as REQUEST_ID
from .telemetry.requests import begin_request
from .telemetry.traces import Tracing, open_tracing

PATH = "/graphql"
"""Where GraphQL is answered."""

T = TypeVar("T")


def create_app(
    settings: Settings,
    dsn: str,
    now: Callable[[], datetime] = clock,
    plugins: Plugins | None = None,
    contributions: Iterable[tuple[str, Extension]] = (),
    background: bool = True,
    environ: Mapping[str, str] = os.environ,
    schema: Schema | None = None,
    keys: KeyRing | None = None,
) -> Starlette:
    """Build an ASGI application with these plugins; `contributions` are further fields, for tests and benchmarks.

    A `schema` is one that was built with them before, and `keys` a ring that was loaded before.
    Without `background` nothing is handled by itself, and events get positions only while somebody follows them.

    Raises Problem, naming the plugin, if the schema cannot be built.
    """
    plugins = plugins or Plugins()
    # All that can fail by configuration fails here, before anything is opened.
    schema = schema or build_schema(plugins, contributions)
    made = Deployment(
        settings,
        dsn,
        now,
        plugins,
        schema,
        background,
        keys or load_key_ring(settings),
        receipts_secret(settings),
        publish_plugins(plugins, schema),
        # What serves refuses to start with views that do not fit; a command shows none.
        check_views(plugins, schema) if background else Views(plugins, schema),
        plugins.choose_channels(settings.channels),
        {
            **read_choices(plugins, environ, settings.data),
            CountySetting: {name: one for name, (_, one) in plugins.county_settings.items()},
        },
        DocumentStore(load_documents(settings.manifest), settings.allow_list),
        read_limits(settings),
    )
    # The other routes are added when the application starts, since they need the database.
    return Application(routes=[Route("/health", answer_health)], lifespan=made.lifespan)


def provider_routes(
    settings: Settings,
    service: AuthenticationService,
    authenticator: Authenticator,
    limit: Callable[[str, ASGIApp], Route],
) -> list[Route]:
    """Return the routes by which browsers sign in at identity providers; where there are none, httpx is not loaded."""
    if not settings.clients:
        # Every page of sign-in asks, and a browser writes down what is not found as a fault of the page.
        return [limit(PROVIDERS, json_response(200, {"providers": []}))]
    from .endpoints.provider_pages import ProviderEndpoint

    sign_ins = build_provider_sign_ins(service, authenticator, settings)
    return ProviderEndpoint(sign_ins, service, authenticator, limit).routes


class Application(Starlette):
    """Starlette's application, with the gateway before its middleware and router, which cost as much as parsing."""

    gateway: Gateway[Any] | None = None
    tracing: Tracing | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GraphQL at once, and leave everything else to the routes."""
        if self.tracing is not None and scope["type"] != "lifespan":
            self.tracing.begin(dict(scope["headers"]))
        # A path below a prefix is for the router to find out.
        if (
            self.gateway is not None
            and scope["type"] == "http"
            and scope["path"] == PATH
            and not scope.get("root_path")
        ):
            await self.gateway(scope, receive, send)
        else:
            await super().__call__(scope, receive, name_replies(scope, send, getattr(self.state, "replicas", None)))


def name_replies(scope: Scope, send: Send, replicas: Replicas | None = None) -> Send:
    """Begin a request, and return what sends its reply with the id in the headers, and the position behind a write."""
    if scope["type"] != "http":
        return send
    note = begin_request(dict(scope["headers"]).get(REQUEST_ID))
    writes = replicas is not None and scope["method"] not in ("GET", "HEAD", "OPTIONS")

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault(REQUEST_ID.decode(), note.id)
            if writes and replicas is not None:
                headers[POSITION.decode()] = str(await replicas.find_position_or_beyond())
        await send(message)

    return send_named


async def answer_health(request: Request) -> Response:
    """Report whether the server answers, which plugins are not well, and what is refused while it is behind."""
    state = request.app.state
    # Plugins are named, and what they fail in is not: anybody may ask.
    failing, guard = await state.health.examine(), state.guard
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
    published_plugins: PublishedPlugins
    views: Views
    channels: tuple[NoticeChannel, ...]
    choices: Mapping[type, Any]
    documents: DocumentStore
    limits: Limits

    @asynccontextmanager
    async def lifespan(self, app: Application) -> AsyncIterator[None]:
        """Trace what goes on, if that is wanted, and open all that is held while the application answers."""
        with open_tracing(self.settings.traces) as app.tracing:
            # What is held of the log's lines is written in the end.
            async with self.open_parts(app), logging_operations(app.state.operations, self.settings):
                yield

    @asynccontextmanager
    async def open_parts(self, app: Application) -> AsyncIterator[None]:
        """Open all that is held while the application answers, and close it in turn."""
        settings, dsn, now = self.settings, self.dsn, self.now
        epochs = EpochWatch(Cursors(self.secret))
        async with self.open_storage(epochs) as (shares, replicas, ledger, authenticator, auth_service):
            hub = Hub(dsn, shares.background.fetch, epochs, now, self.retention)
            outbox = Outbox(self.plugins.registry, {one.name for _, one in self.plugins.jobs}, hub.wake)
            runtime = self.build_runtime(shares, ledger, outbox)
            worker = Worker(self.plugins, runtime.context, outbox, now)
            acting = acting_for(runtime, worker)
            health = PluginHealth(self.plugins, acting, now, runtime.report_failing)
            engine = self.build_engine(runtime, hub, authenticator, health, replicas)
            guard = Guard(shares.seconds_waited) if is_enforced(settings, settings.guard) else None
            gateway = self.build_gateway(engine, authenticator, Resumptions(auth_service.sessions.pool, now), guard)
            await worker.open()
            own = self.build_routes(runtime, acting, gateway, authenticator, auth_service)
            others = self.build_plugin_routes(runtime, gateway, authenticator, health)
            # What is ours goes before what plugins answer, GraphQL first of all.
            app.router.routes[:0] = [*own, *others.routes]
            app.gateway, gateway.page = gateway, others.page
            services = Services(self.plugins, dsn, acting, runtime.run, health.record_failure, hub, settings.works)
            # Services wait for events, so they are woken when positions have been given.
            hub.heard.append(services.call)
            app.state.worker, app.state.hub, app.state.health, app.state.runtime = worker, hub, health, runtime
            app.state.shares, app.state.guard, app.state.limiter = shares, guard, gateway.operations.limiter
            app.state.services, app.state.operations = services, gateway.operations
            app.state.stopping, app.state.archive, app.state.now = gateway.stopping, runtime.archive, now
            app.state.checks, app.state.replicas = self.plugins.registers.checks, replicas
            tasks = WorkerTasks(worker, settings.background_pool, partial(leads_work, hub, settings))
            # Background work starts last, when everything that it may call is there, and stops first.
            async with (
                health.run_lifespans(),
                run_beside(sweep_hourly(runtime.archive, now)) if settings.works else nullcontext(),
                # Measures how far behind the server is.
                run_beside(guard.watch()) if guard else nullcontext(),
                # On connections that the access log keeps open anyway: two short statements a minute.
                counting(gateway.operations, ledger.pool.execute, now) if self.background else nullcontext(),
                run_work(hub, runtime, tasks, settings.role) if self.background else stop_at_end(hub),
                services.running() if self.background else nullcontext(),
            ):
                yield

    @asynccontextmanager
    async def open_storage(
        self, epochs: EpochWatch
    ) -> AsyncIterator[tuple[Shares, Replicas | None, AccessLog, Authenticator, AuthenticationService]]:
        """Open what holds connections to the database."""
        settings, dsn = self.settings, self.dsn
        # In the order in which the later need the earlier; closed the other way round.
        async with (
            open_shares(dsn, settings, epochs.connect) as shares,
            database.open_tortoise(
                database.tortoise_config(dsn, self.plugins.apps, writers_pool_size(settings), short=True)
            ),
            open_replicas(settings, shares) as replicas,
            open_access_log(dsn, read_bounds(settings)) as ledger,
            open_authentication(settings, dsn, shares.sessions, self.plugins, self.secret, self.keys, self.now) as (
                authenticator,
                auth_service,
            ),
        ):
            yield shares, replicas, ledger, authenticator, auth_service

    @property
    def retention(self) -> timedelta:
        """How long events are kept."""
        return timedelta(days=self.settings.retention)

    def build_runtime(self, shares: Shares, ledger: AccessLog, outbox: Outbox) -> Runtime:
        """Build what everything that runs finds the deployment's parts by."""
        return Runtime(
            shares,
            self.keys,
            self.secret,
            self.published_plugins,
            self.views,
            self.schema,
            self.plugins,
            ledger,
            outbox,
            Archive(Vault.open_at(self.settings.store), self.keys),
            self.channels,
            self.choices,
            self.settings.issuer,
            make_scanner(self.settings.scan),
        )

    def build_engine(
        self,
        runtime: Runtime,
        hub: Hub,
        authenticator: Authenticator,
        health: PluginHealth,
        replicas: Replicas | None,
    ) -> GraphQLEngine:
        """Build the engine, which everything that asks by GraphQL finds in the runtime."""
        shares = runtime.shares
        engine = GraphQLEngine(
            self.schema,
            shares.accounts.fetch,
            runtime.context,
            self.limits,
            hub,
            refresh_viewer_with(authenticator),
            self.now,
            health.record_failure,
            shares,
            partial(may_explore, self.settings),
            replicas,
        )
        runtime.events = EngineEventAccess(engine, authenticator.accounts, hub, self.retention, self.now)
        runtime.lists = ListReader(engine, shares.background)
        return engine

    def build_gateway(
        self, engine: GraphQLEngine, authenticator: Authenticator, memory: Resumptions, guard: Guard | None
    ) -> Gateway[Any]:
        """Build the gateway to the engine."""
        settings = self.settings
        traits = viewer_traits(settings, authenticator)
        positions = ReadPositions(authenticator.browsers) if settings.replicas else None
        return Gateway(
            engine, authenticator, gateway_settings(settings), traits, self.documents, memory, guard, positions
        )

    def build_plugin_routes(
        self, runtime: Runtime, gateway: Gateway[Any], authenticator: Authenticator, health: PluginHealth
    ) -> PluginRoutes:
        """Build what answers for plugins."""
        return PluginRoutes(
            self.plugins,
            gateway.operations,
            runtime.context,
            runtime.shares.background.fetch,
            gateway.settings,
            health.record_failure,
            authenticator.accounts.load,
            runtime.transact,
        )

    def build_routes(
        self,
        runtime: Runtime,
        acting: Callable[[str], Context],
        gateway: Gateway[Any],
        authenticator: Authenticator,
        auth_service: AuthenticationService,
    ) -> list[BaseRoute]:
        """Return the routes: GraphQL, signing in, what is fetched as a file, uploads, and plugins' feeds."""
        settings, secret, now, shares = self.settings, self.secret, self.now, runtime.shares
        operations, limiter = gateway.operations, gateway.operations.limiter
        uploads = FileService(
            operations, runtime.archive, runtime.files.scan, secret, now, runtime.run, runtime.pictures, shares.files
        )

        def rate_limited(path: str, app: ASGIApp) -> Route:
            # OPTIONS, too: a page of another origin that sends a token with it asks before.
            mounted = MountedApp(wrap_application(RateLimitedApp(app, limiter), gateway.settings))
            return Route(path, mounted, methods=["GET", "OPTIONS"])

        factors = SecondFactorEndpoint(build_factor_service(auth_service, settings), authenticator)
        # A page that explores needs the schema, too.
        shown = settings.publish or gateway.settings.page
        return [
            *(Route(PATH, gateway), WebSocketRoute(PATH, gateway)),
            *AuthEndpoint(auth_service, authenticator, gateway.settings, limiter, factors).routes,
            *provider_routes(settings, auth_service, authenticator, rate_limited),
            *(self.publish_schema(operations, runtime.labels, rate_limited) if shown else []),
            *upload_routes(uploads, settings.origins, settings.proxies),
            *Feeds(self.plugins, acting, shares.background.fetch, gateway.settings, limiter, operations.guard).routes,
        ]

    def publish_schema(
        self, operations: Operations[Any], labels: Labels, rate_limited: Callable[[str, ASGIApp], Route]
    ) -> list[Route]:
        """Build what serves the schema and its labels.

        They are for everybody in development or where the schema is public, else for whoever may explore.
        """

        async def admit(scope: Scope) -> int:
            try:
                caller = await operations.enter(fold_headers(scope["headers"]), scope)
            except Unauthenticated:
                return 401
            return 200 if caller.discovers else 401 if caller.stranger else 403

        is_open = self.settings.publish or self.settings.development
        admitted = None if is_open else admit
        return [
            rate_limited("/schema.graphql", PublishedSchema(lambda: self.schema.as_str() + "\n", admitted)),
            rate_limited("/labels.json", PublishedSchema(labels.write, admitted, "application/json")),
        ]


def leads_work(hub: Hub, settings: Settings) -> bool:
    """Return whether handlers, jobs and the audit's chain are this process's to look after, at this moment."""
    return settings.role == "work" or hub.sequencer.leads


@asynccontextmanager
async def run_work(hub: Hub, runtime: Runtime, tasks: WorkerTasks, role: str) -> AsyncIterator[None]:
    """Have events numbered, and handlers and jobs at work, as the role of the process says."""

    async def work() -> None:
        # Not made before it runs: a process that stops at once would leave a coroutine that nobody has awaited.
        await runtime.run(tasks.run())

    hub.sequencer.may_lead = role != "web"
    ledger = runtime.ledger
    ledger.chains = tasks.may_work
    if role != "web":
        hub.heard += [tasks.call, lambda: ledger.note_act(tasks.worker.now())]
        hub.work.append(work)
    async with stop_at_end(hub):
        await hub.start()
        with hub.listening() if role == "work" else nullcontext():
            yield


@asynccontextmanager
async def stop_at_end(hub: Hub) -> AsyncIterator[None]:
    """Stop what runs for events at the end, which the first follower may have started."""
    try:
        yield
    finally:
        await hub.stop()


def acting_for(runtime: Runtime, worker: Worker) -> Callable[[str], Context]:
    """Return what makes the context of a plugin that acts by itself."""
    return lambda name: runtime.context(worker.acting(name))
