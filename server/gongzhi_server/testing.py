"""Testing: what tests need, throw-away databases and an application to ask things of."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from gongzhi.core.events.outbox_reading import event_of_row
from gongzhi.declare.events import Occurrence
from gongzhi.declare.plans import PLUGIN
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import COMMAND, Command
from gongzhi.runtime.event_access import EventAccess
from graphql import DefinitionNode, GraphQLSchema, get_named_type

from . import demo
from ._compat import graphql_schema
from .app import create_app
from .auth.development_tokens import Tokens, TrialAccounts
from .deployment import plugin_activation
from .deployment.rehearsal import sample_value
from .events.feed import EVENT
from .graphql import explain
from .graphql.engine import GraphQLEngine
from .graphql.plugin_additions import find_additions
from .graphql.schema import Schema, build_schema
from .graphql.view_checks import SAMPLES, check_views
from .graphql.view_layout import find_unlabelled
from .plugins.contributions import Plugins
from .plugins.installed import Plugin, empty_manager
from .plugins.loader import HookModule, check_plugins
from .plugins.loader import load_plugins as load_plugins
from .recycled_databases import copy_database as copy_database
from .settings import Settings
from .storage.database import migrate_apps as migrate_apps
from .storage.database import open_readers
from .storage.embedded_postgres import throwaway_cluster as throwaway_cluster
from .storage.key_ring import load_key_ring
from .storage.template_databases import create_database as create_database
from .storage.template_databases import drop_database as drop_database
from .storage.template_databases import open_template as open_template
from .storage.template_databases import open_test_cluster as open_test_cluster
from .storage.template_databases import sibling_dsn as sibling_dsn

SECRET = "a secret for tests, as long as it must be"
TODAY = datetime(2026, 6, 30, 2, 0, tzinfo=UTC)
PATIENCE = 60
"""Seconds for which operations run and wait in line here: what a test is about is not how busy the machine is."""


@dataclass
class Clock:
    """A clock that stands still until somebody moves it."""

    time: datetime = TODAY

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


def settings_for_tests(dsn: str, data: Path) -> Settings:
    """Return settings for tests over a database."""
    return Settings(data=data, database=dsn, mode="development", secret=SECRET, pool=4)


async def load_demo_database(dsn: str, people: int, data: Path) -> None:
    """Fill a database with the demo county as it is on the tests' day."""
    keys = load_key_ring(settings_for_tests(dsn, data))
    await demo.load_county(dsn, people=people, today=TODAY.date(), keys=keys, apps=ESSENTIAL.apps)


@dataclass
class ServerAnswer:
    """An answer over HTTP."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body.get("errors", [])
        return found

    @property
    def codes(self) -> list[str]:
        return [one["extensions"]["code"] for one in self.errors]

    def problems(self, mutation: str) -> list[tuple[str, Any]]:
        """Return what is wrong with the mutation, as a whole or by its payload: codes with their paths."""
        if self.errors:
            return [(one["extensions"]["code"], one["path"]) for one in self.errors]
        return [(one["code"], one["path"]) for one in self.data[mutation]["errors"]]


@dataclass(frozen=True)
class ManualWorker:
    """What handles events and runs jobs, in the place of the background. It knows the tables of its own application,
    whichever others this process has."""

    runtime: Any
    worker: Any

    @property
    def plugins(self) -> Plugins:
        return self.worker.plugins  # type: ignore[no-any-return]

    async def drain(self) -> Any:
        """Do everything that is due, one thing after the other; the worker's tally."""
        return await self.runtime.run(self.worker.drain())


@dataclass
class Server:
    """An application over HTTP. `as_` makes a caller of it; a stranger is one without a role."""

    client: httpx.AsyncClient
    clock: Clock
    headers: dict[str, str] = field(default_factory=dict)
    worker: Any = None
    """What handles events and runs jobs; nothing does so by itself here."""
    database: Any = None
    """A pool of connections to look at rows with; each is opened once, for that takes ten times as long as to ask."""

    def as_(self, role: str, **claims: str) -> Server:
        """Return a caller with a role, in a `grid`, for a `unit`, who is a `person`."""
        claims = {"sub": "-".join([role, *claims.values()]), "role": role, **claims}
        token = Tokens(SECRET).issue(claims, self.clock())
        return replace(self, headers={"authorization": f"Bearer {token}"})

    def with_token(self, token: str) -> Server:
        """Return a caller with this access token or API key."""
        return Server(self.client, self.clock, {"authorization": f"Bearer {token}"})

    async def post(self, path: str, **body: Any) -> ServerAnswer:
        """Post to `/auth/` and return what it says."""
        reply = await self.client.post(f"/auth/{path}", json=body, headers=self.headers)
        return ServerAnswer(reply.status_code, reply.json())

    async def ask(self, query: str, **variables: Any) -> ServerAnswer:
        """Ask a document over HTTP."""
        body = {"query": query, "variables": variables}
        reply = await self.client.post("/graphql", json=body, headers=self.headers)
        return ServerAnswer(reply.status_code, reply.json())

    async def give(self, mutation: str, given: Mapping[str, Any], kind: str = "") -> ServerAnswer:
        """Give a mutation its input, of this kind if it is not called after it, and return the whole answer."""
        kind = kind or SHARED.get(mutation, f"{mutation[0].upper()}{mutation[1:]}Input")
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ errors {{ code path }} }} }}"
        return await self.ask(query, input=dict(given))

    async def do(self, mutation: str, selection: str, /, **given: Any) -> dict[str, Any]:
        """Carry out a mutation by its name and give back its payload."""
        name = mutation[0].upper() + mutation[1:]
        kind = SHARED.get(mutation, f"{name}Input")
        asked = f"{selection} errors {{ code message path }}"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {asked} }} }}"
        answer = await self.ask(query, input={"idempotencyKey": str(uuid4()), **given})
        payload: dict[str, Any] = answer.data[mutation]
        return payload


def put_ids(value: Any, ids: Mapping[str, Any]) -> Any:
    """Return an input with ids in the place of names that begin with a colon, however deep they lie."""
    match value:
        case str() if value.startswith(":"):
            return ids[value[1:]]
        case list():
            return [put_ids(one, ids) for one in value]
        case dict():
            return {name: put_ids(one, ids) for name, one in value.items()}
    return value


SHARED = {
    **dict.fromkeys(("withdrawCase", "handleCase", "closeCase"), "CaseInput"),
    **dict.fromkeys(("contactRequester", "resumeCase"), "CaseInput"),
    **dict.fromkeys(("declineCase", "reopenCase", "requestVoiding", "requestClosing"), "ReasonedCaseInput"),
    **dict.fromkeys(("testWebhook", "deleteWebhook"), "WebhookInput"),
    **dict.fromkeys(("requestExport", "requestDeletion", "requestRestriction"), "DataRequestInput"),
}
"""Mutations that share an input."""


HOUSEHOLDERS = """
with made as (insert into people.person (id, name, grid_id, birth_date, residence, created_at, gender, version, needs)
  select gen_random_uuid(), '演示' || n, g.id, '1980-01-01', 'RESIDENT', now(), 'UNKNOWN', 1, '{}'
  from grids.grid g, generate_series(1, $2) n where g.code = $1 returning id, grid_id),
homes as (insert into people.household
  (id, number, address, grid_id, needs, income_band, tier, visit_due_on, created_at, version)
  select gen_random_uuid(), id::text, '村口', grid_id, '{}', 'UNKNOWN', 'UNCLASSIFIED', 'infinity', now(), 1 from made
  returning id, number),
living as (insert into people.membership (id, household_id, person_id, relation, since)
  select gen_random_uuid(), id, number::uuid, 'HEAD', '2020-01-01' from homes)
select id from made
"""


async def settle_people(dsn: str, grid: str, number: int) -> list[UUID]:
    """Add so many grown people who live there, each in a household of their own, and return their keys."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row["id"] for row in await connection.fetch(HOUSEHOLDERS, grid, number)]
    finally:
        await connection.close()


async def published_events(dsn: str) -> list[Occurrence]:
    """Return the events in the outbox in the order in which they were written; those without a position have 0."""
    event = EVENT.replace("o.position,", "coalesce(o.position, 0) as position,")
    connection = await asyncpg.connect(dsn)
    try:
        return [event_of_row(row) for row in await connection.fetch(f"{event} order by o.seq")]
    finally:
        await connection.close()


class AnySelection(EventAccess):
    """What stands for the server's own answers about events: any selection will do, and nobody is told anything."""

    def check_selection(self, selection: str, viewer: Viewer) -> str:
        return selection

    async def check_condition(self, condition: str, viewer: Viewer) -> str:
        return condition

    async def find_position(self, since: datetime) -> int:
        return 0

    def seal_cursor(self, position: int | None = None) -> str:
        return "a cursor"


INSTALLED = load_plugins()
ESSENTIAL = load_plugins(without=INSTALLED.switchable)
"""What tests run with unless they say otherwise: the core, and the plugins that are always on."""


def essential_with(name: str, hooks: object) -> Plugins:
    """Return the essential plugins, and one more plugin that is an object with hooks of its own."""
    manager = empty_manager()
    for one in ESSENTIAL.found:
        manager.register(ESSENTIAL.manager.get_plugin(one.name), name=one.name)
    manager.register(hooks, name=name)
    return check_plugins(Plugins((*ESSENTIAL.found, Plugin(name, name, "1")), manager))


@dataclass(frozen=True)
class Composition:
    """Plugins that are told apart by the modules they are: loaded anew, they compose the same schema."""

    modules: tuple[object, ...]
    plugins: Plugins = field(compare=False)

    @classmethod
    def of(cls, plugins: Plugins) -> Composition:
        """Return what these plugins compose; objects that a test has as plugins compose something else each time."""
        modules = tuple((one.name, module_of(plugins.manager.get_plugin(one.name))) for one in plugins.found)
        lasting = all(module is not None for _, module in modules)
        return cls(modules if lasting else (plugins,), plugins)


def module_of(registered: object) -> ModuleType | None:
    """Return the module that a plugin was loaded from; None for an object of a test."""
    if not isinstance(registered, HookModule):
        return None
    # It has what its module has, so it says of itself which one that is.
    module = sys.modules.get(vars(registered)["__name__"])
    return module if module and module.__spec__ is vars(registered)["__spec__"] else None


@lru_cache(maxsize=6)
def compose_schema(composition: Composition) -> Schema:
    """Build a schema once, however often it is asked for."""
    return build_schema(composition.plugins)


def built_schema(plugins: Plugins | None) -> Schema:
    """Return the schema with these plugins; it takes longer to build than most tests to run."""
    return compose_schema(Composition.of(plugins or ESSENTIAL))


def plugin_additions(plugins: Plugins, name: str) -> list[DefinitionNode]:
    """Return what a plugin adds to the schema."""
    return find_additions(built_schema(plugins), plugins, name)


def built_graphql_schema(plugins: Plugins) -> GraphQLSchema:
    """Return the same as graphql-core has it."""
    return graphql_schema(built_schema(plugins))


def sample_calls(plugins: Plugins, plugin: str) -> Iterator[tuple[str, str, Any]]:
    """Yield a plugin's mutations that need a permission, each with the name of its input and a value made up for it."""
    mutations = built_graphql_schema(plugins).mutation_type
    for name, mutation in mutations.fields.items() if mutations else ():
        declared = mutation.extensions["strawberry-definition"]
        command: Command | None = declared.metadata.get(COMMAND)
        if command and command.requires and declared.metadata.get(PLUGIN) == plugin:
            kind = get_named_type(mutation.args["input"].type)
            yield name, kind.name, sample_value(kind)


@dataclass(frozen=True)
class SampleView:
    """A view as it is asked, with values made up for its variables, and the paths of what has no Chinese label."""

    name: str
    document: str
    variables: Mapping[str, Any]
    unlabelled: list[str]


def sample_views(plugins: Plugins, plugin: str) -> Iterator[SampleView]:
    """Yield the views of a plugin."""
    for one in (found.told for found in check_views(plugins, built_schema(plugins)).offered):
        if one["plugin"] == plugin:
            variables = {name: SAMPLES[name] for name in one["variables"] if name in SAMPLES}
            yield SampleView(one["name"], one["document"], variables, list(find_unlabelled(one)))


@asynccontextmanager
async def serve_application(
    dsn: str,
    data: Path,
    clock: Clock | None = None,
    plugins: Plugins | None = None,
    active: bool = True,
    channels: tuple[str, ...] = (),
) -> AsyncIterator[Server]:
    """Serve the application over this database; unless not `active`, plugins are on in undecided counties.

    Notices go out by these channels.
    """
    clock = clock or Clock()
    plugins = plugins or ESSENTIAL
    names = plugins.switchable if active else []
    await plugin_activation.switch_plugins(dsn, names, clock(), undecided=True)
    chosen = replace(settings_for_tests(dsn, data), channels=channels)
    chosen = replace(chosen, limits=(("running", PATIENCE),), strangers_seconds=PATIENCE)
    # No background work: tests say themselves when events are handled.
    app = create_app(chosen, dsn, clock, plugins, background=False, schema=built_schema(plugins))
    async with app.router.lifespan_context(app):
        for share in app.state.shares.every:
            share.patience = PATIENCE
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            asyncpg.create_pool(dsn, min_size=0, max_size=4) as database,
        ):
            yield Server(client, clock, worker=ManualWorker(app.state.runtime, app.state.worker), database=database)


def codes_of(errors: Sequence[dict[str, Any]]) -> list[str]:
    """Return the codes of a payload's errors."""
    return [one["code"] for one in errors]


async def explain_query(
    dsn: str, plugins: Plugins, text: str, variables: Mapping[str, Any], claims: Mapping[str, str], form: str = "text"
) -> str:
    """Return how PostgreSQL runs the one statement of a query for somebody with these claims; `form` may be json."""
    pool = await open_readers(dsn, 1)
    try:
        account = await TrialAccounts(Tokens(SECRET), pool, plugins).build_account({"sub": "somebody", **claims})
        viewer = Viewer(account, TODAY)
        engine = GraphQLEngine(built_schema(plugins), pool.fetch, explain.build_context)
        statement, values = explain.plan_query(engine, engine.prepare(text, None), dict(variables), viewer)
        options = f"analyze, costs off, timing off, format {form}"
        return "\n".join(line for (line,) in await pool.fetch(f"explain ({options}) {statement.sql}", *values))
    finally:
        await pool.close()
