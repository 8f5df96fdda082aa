"""The gateway as the application runs it: its settings, its documents, its sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from gongzhi_server.app import create_app
from gongzhi_server.cli import app as console
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.testing import SECRET, settings_for_tests
from typer.testing import CliRunner
from websockets.asyncio.client import connect

from .conftest import running

LARGE = "query Large { " + " ".join(f"a{n}: __typename" for n in range(700)) + " }"


@pytest.fixture
def open_app(empty: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run the application with settings of the test's own; returns its address."""
    with ExitStack() as stack:

        def build(**changed: Any) -> str:
            chosen = replace(settings_for_tests(empty, tmp_path), **changed)
            return stack.enter_context(running(create_app(chosen, empty), "on"))

        yield build


def ask(address: str, query: str, **more: Any) -> httpx.Response:
    return httpx.post(f"{address}/graphql", json={"query": query, **more})


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


def test_production_is_closed(open_app: Callable[..., str]) -> None:
    address = open_app(mode="production")
    assert code(ask(address, "{ __schema { queryType { name } } }")) == "FORBIDDEN"
    assert "Did you mean" not in ask(address, "{ gird }").text
    assert {httpx.get(f"{address}/{path}").status_code for path in ("schema.graphql", "labels.json")} == {404}
    page = httpx.get(f"{address}/graphql", headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("application/json")
    assert ask(address, "{ __typename }").headers["ratelimit-policy"].startswith('"address";')


def test_production_shows_the_schema_to_whoever_may_explore(open_app: Callable[..., str]) -> None:
    """With pages the schema is there, and neither a stranger nor a credential that is none gets it."""
    address = open_app(mode="production", pages=True)
    assert "<h1>" in httpx.get(f"{address}/graphql", headers={"accept": "text/html,*/*"}).text
    for headers in ({}, {"authorization": "Bearer wrong"}):
        for path in ("schema.graphql", "labels.json"):
            reply = httpx.get(f"{address}/{path}", headers=headers)
            assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
            assert "Query" not in reply.text
    assert httpx.get(f"{address}/").status_code == 404


def test_development_is_open(open_app: Callable[..., str]) -> None:
    address = open_app(publish=True, batch=2)
    assert ask(address, "{ __schema { queryType { name } } }").json()["data"]
    assert "type Query" in httpx.get(f"{address}/schema.graphql").text
    assert "<h1>" in httpx.get(f"{address}/graphql", headers={"accept": "text/html,*/*"}).text
    assert len(httpx.post(f"{address}/graphql", json=[{"query": "{ __typename }"}] * 2).json()) == 2
    assert "ratelimit" not in ask(address, "{ __typename }").headers


def test_documents_are_trusted(open_app: Callable[..., str], tmp_path: Path) -> None:
    """From the command line to the answer: a document far too large for anybody else."""
    file = tmp_path / "large.graphql"
    file.write_text(LARGE)
    environ = {"GONGZHI_DATA": str(tmp_path), "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET}
    done = CliRunner().invoke(console, ["documents", "add", str(file)], env=environ)
    name = f"sha256:{sha256(LARGE.encode()).hexdigest()}"
    assert (done.exit_code, done.stdout) == (0, f"{name}\n")
    address = open_app(allow_list=True)
    response = httpx.post(f"{address}/graphql", json={"documentId": name})
    assert response.json()["data"]["a699"] == "Query"
    assert code(ask(address, "{ __typename }")) == "QUERY_NOT_IN_SAFELIST"
    assert code(ask(open_app(documents=tmp_path / "none.json"), LARGE)) == "LIMIT_EXCEEDED"


async def test_socket_is_open(open_app: Callable[..., str]) -> None:
    address = open_app().replace("http", "ws")
    async with connect(f"{address}/graphql", subprotocols=["graphql-transport-ws"]) as wire:  # type: ignore
        await wire.send('{"type":"connection_init"}')
        await wire.send('{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}')
        received = [json.loads(await wire.recv()) for _ in range(3)]
    assert [message["type"] for message in received] == ["connection_ack", "next", "complete"]
    assert received[1]["payload"]["data"] == {"__typename": "Query"}


async def test_a_socket_has_a_language(open_app: Callable[..., str]) -> None:
    """A page can set no header at the handshake, so it says the language where it says the token."""
    address, told = open_app().replace("http", "ws"), []
    for payload in ({}, {"Accept-Language": "zh-CN,zh;q=0.9"}):
        async with connect(f"{address}/graphql", subprotocols=["graphql-transport-ws"]) as wire:  # type: ignore
            await wire.send(json.dumps({"type": "connection_init", "payload": payload}))
            await wire.send(
                '{"type":"subscribe","id":"1","payload":{"query":"{ cases(first: 1, last: 1) { totalCount } }"}}'
            )
            received = [json.loads(await wire.recv()) for _ in range(2)]
        told.append(received[1]["payload"][0]["message"])
    english, chinese = told
    assert english.isascii() and "只能取其一" in chinese


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("GONGZHI_ORIGINS", "desk.example", "no list of origins"),
        ("GONGZHI_ORIGINS", "https://a.example/,https://b.example", "no list of origins"),
        ("GONGZHI_PROXIES", "10.0.0.0/33", "no list of addresses"),
        ("GONGZHI_RATES", "1", "neither yes nor no"),
        ("GONGZHI_ALLOW_LIST", "true", "neither yes nor no"),
        ("GONGZHI_HTTP_STATUS", "strict", "neither audit nor release"),
        ("GONGZHI_BATCH", "11", "no whole number from 0 to 10"),
    ],
)
def test_bad_setting_named(variable: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=f"{variable} is {said}"):
        Settings.read({"GONGZHI_DATA": str(tmp_path), variable: text})


def test_lists_are_read(tmp_path: Path) -> None:
    given = {"GONGZHI_ORIGINS": "https://a.example, http://b.example:8080", "GONGZHI_PROXIES": "10.0.0.1,fd00::/8"}
    read = Settings.read({"GONGZHI_DATA": str(tmp_path), **given})
    assert (read.origins, read.proxies) == (("https://a.example", "http://b.example:8080"), ("10.0.0.1", "fd00::/8"))


def test_limits_are_set(open_app: Callable[..., str]) -> None:
    address = open_app(limits=(("depth", 3), ("cost", 7)))
    deep = ask(address, '{ grid(code: "61") { parent { parent { name } } } }')
    assert deep.json()["errors"][0]["extensions"]["allowed"] == 3
    assert code(ask(address, "{ grids(first: 8) { nodes { name } } }")) == "COST_EXCEEDED"


@pytest.mark.parametrize("limits", [(("deepness", 3),), (("depth", 0),)])
def test_odd_limits_stop_the_start(empty: str, tmp_path: Path, limits: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(Problem, match="GONGZHI_LIMITS: dee?p"):
        create_app(replace(settings_for_tests(empty, tmp_path), limits=limits), empty)
