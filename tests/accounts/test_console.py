"""Accounts from the command line, as an operator types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server import clock
from gongzhi_server.cli import app as console
from gongzhi_server.errors import Problem
from gongzhi_server.testing import SECRET, Clock, Server, serve_application
from typer.testing import CliRunner

from .conftest import PASSWORD
from .test_second_factor import add_factor

Type = Callable[..., Any]
LATER = "an entirely different one"


@pytest.fixture
def typed(filled: str, tmp_path: Path) -> Type:
    """Run `gongzhi account …`."""
    environ = {
        "DATABASE_URL": filled,
        "GONGZHI_SECRET": SECRET,
        "GONGZHI_DATA": str(tmp_path),
        "GONGZHI_MODE": "development",
    }
    return lambda *words, **more: CliRunner().invoke(console, ["account", *words], env=environ, **more)


@pytest.fixture
def with_server(filled: str, tmp_path: Path) -> Callable[[Callable[[Server], Coroutine[Any, Any, None]]], None]:
    """Do something with a server over the same database."""

    async def done(work: Callable[[Server], Coroutine[Any, Any, None]]) -> None:
        async with serve_application(filled, tmp_path, Clock(clock.clock())) as server:
            await work(server)

    return lambda work: asyncio.run(done(work))


def test_first_administrator(typed: Type, with_server: Any) -> None:
    """From no accounts at all to somebody who is signed in with what they were granted."""
    code = typed("add", "Wang.Li", "--role", "administrator").output.strip()
    assert typed("grant", "wang.li", "county_dispatcher", "--grid", "610921", "--until", "2030-12-31").exit_code == 0
    assert typed("add", "sync", "--kind", "machine", "--grid", "610921").exit_code == 0
    listed = typed("list").output.splitlines()
    assert listed == ["sync  machine  610921  -", "wang.li  person  administrator, county_dispatcher 610921"]

    async def sign_in(server: Server) -> None:
        tokens = await server.post("invitation", code=code, password=PASSWORD)
        me = (await server.with_token(tokens.body["accessToken"]).ask("{ me { grants { role until } } }")).data["me"]
        assert me["grants"][1] == {"role": "county_dispatcher", "until": "2030-12-31T16:00:00+00:00"}

    with_server(sign_in)


def test_password_and_suspension(typed: Type, with_server: Any) -> None:
    typed("add", "li.wei")
    assert typed("password", "li.wei", input=f"{LATER}\n").exit_code == 0
    assert typed("suspend", "li.wei").exit_code == 0
    assert "suspended" in typed("list").output

    async def refused(server: Server) -> None:
        assert (await server.post("sign-in", name="li.wei", password=LATER)).status == 401

    async def let_in(server: Server) -> None:
        assert (await server.post("sign-in", name="li.wei", password=LATER)).status == 200

    with_server(refused)
    assert typed("suspend", "li.wei", "--restore").exit_code == 0
    with_server(let_in)


def test_second_factor_is_taken_away(typed: Type, with_server: Any) -> None:
    """For whoever has lost it; who it was stays on record, and the owner is told."""
    typed("add", "li.wei")
    typed("password", "li.wei", input=f"{LATER}\n")

    async def add(server: Server) -> None:
        await add_factor(server, (await server.post("sign-in", name="li.wei", password=LATER)).body, password=LATER)
        assert (await server.post("sign-in", name="li.wei", password=LATER)).status == 401

    async def go_on(server: Server) -> None:
        opened = await server.post("sign-in", name="li.wei", password=LATER)
        me = await server.with_token(opened.body["accessToken"]).ask("{ me { notices { nodes { kind } } } }")
        assert {"kind": "account.second_factor_removed"} in me.data["me"]["notices"]["nodes"]

    with_server(add)
    assert typed("remove-second-factor", "Li.Wei").exit_code == 0
    with_server(go_on)


def test_identity_of_elsewhere(typed: Type, with_server: Any) -> None:
    """It belongs to one account; whoever is linked to it is listed as before."""
    for name in ("li.wei", "wang.li"):
        typed("add", name)
    identity = "https://id.county.example", "8c1f0a52"
    assert typed("link", "li.wei", *identity).exit_code == 0
    for name in ("wang.li", "nobody"):
        assert isinstance(typed("link", name, *identity).exception, Problem), name


def test_mistakes_are_named(typed: Type) -> None:
    typed("add", "li.wei")
    for words, said in (
        (("add", "li.wei"), "This name is taken"),
        (("add", "two words"), "letters, digits"),
        (("grant", "nobody", "auditor"), "account: There is no such thing"),
        (("grant", "li.wei", "deity"), "no such role"),
        (("grant", "li.wei", "auditor", "--grid", "1"), "no grid"),
        (("suspend", "nobody"), "account: There is no such thing"),
        (("password", "nobody"), "no person's account"),
        (("remove-second-factor", "li.wei"), "no account with this name and a second factor"),
    ):
        result = typed(*words, input=f"{LATER}\n")
        assert isinstance(result.exception, Problem) and said in str(result.exception), (words, result.exception)
