"""Files that plugins make for whoever has the address: what a token opens, and that nothing else does."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from gongzhi.runtime.feeds import digest_token, feed_path, new_token
from gongzhi_server.app import create_app
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.endpoints import feeds
from gongzhi_server.errors import Problem
from gongzhi_server.testing import TODAY, Clock, settings_for_tests

from .conftest import Market

BELL = """
import asyncio
from gongzhi.runtime.context import Context
from gongzhi.runtime.feeds import Feed, FeedPage

known = {}

async def rings(context, token):
    if token.startswith("fail"):
        raise KeyError("a name nobody must read")
    if token.startswith("hang"):
        await asyncio.Event().wait()
    if token.startswith("write"):
        await context.fetch("delete from plugins.activation")
    [row] = await context.fetch("select id, code from grids.grid where kind='COUNTY' and code=$1", "610921")
    body = f"{context.viewer.account.name} {row['code']}"
    return FeedPage(row["id"], body.encode()) if token in known else None

@hookimpl
def channels():
    return [Feed("rings.ics", "text/calendar; charset=utf-8", rings)]
"""
GUESS = "x" * 32


@pytest_asyncio.fixture
async def bell(market: Market, filled: str, tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """A caller of a server that limits rates, and the plugin's module."""
    package, clock = market.ship("bell", BELL), Clock()
    plugins = market.load()
    await plugin_activation.switch_plugins(filled, ["bell"], clock(), undecided=True)
    chosen = replace(settings_for_tests(filled, tmp_path), rates=True)
    app = create_app(chosen, filled, clock, plugins, background=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client, sys.modules[package]


async def test_token_opens_its_file(bell: tuple[httpx.AsyncClient, Any]) -> None:
    client, module = bell
    secret = new_token()
    module.known[secret] = True
    reply = await client.get(feed_path("bell", secret, "rings.ics"))
    assert (reply.status_code, reply.text) == (200, "system:bell 610921")
    assert reply.headers["content-type"] == "text/calendar; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store" and reply.headers["x-robots-tag"] == "noindex"
    assert (
        len({new_token() for _ in range(9)}) == 9
        and len(digest_token(secret)) == 32
        and secret.encode() not in digest_token(secret)
    )


async def test_all_else_is_absent(bell: tuple[httpx.AsyncClient, Any], filled: str) -> None:
    """Whoever guesses learns nothing: not that a plugin is there, nor that it is switched off."""
    client, module = bell
    secret = new_token()
    module.known[secret] = True
    paths = [
        *(feed_path("bell", GUESS, "rings.ics"), feed_path("bell", secret, "other.ics")),
        *(feed_path("ball", secret, "rings.ics"), "/feeds/bell/short/rings.ics", "/feeds/bell", "/feeds/"),
    ]
    named = {"x-request-id": "guess-0001"}  # all that differs otherwise
    replies = [await client.get(path, headers=named) for path in paths]
    await plugin_activation.switch_plugins(filled, ["bell"], TODAY, "610921", active=False)
    replies.append(await client.get(feed_path("bell", secret, "rings.ics"), headers=named))
    assert {reply.status_code for reply in replies} == {404}
    assert len({(reply.content, tuple(sorted(reply.headers.items()))) for reply in replies}) == 1
    assert (await client.post(feed_path("bell", secret, "rings.ics"))).status_code == 405


async def test_guessing_is_slowed_down(bell: tuple[httpx.AsyncClient, Any]) -> None:
    client, _ = bell
    statuses = [(await client.get(feed_path("bell", f"{GUESS}{n}", "rings.ics"))).status_code for n in range(40)]
    assert statuses[0] == 404 and statuses[-1] == 429 and statuses.index(429) < 31


@pytest.mark.parametrize("way", ["fail", "hang", "write"])
async def test_failing_feed_is_told_discreetly(
    bell: tuple[httpx.AsyncClient, Any], filled: str, monkeypatch: pytest.MonkeyPatch, caplog: Any, way: str
) -> None:
    """What fails, never ends or tries to write is put off; the log says whose it is, and nothing else."""
    client, _ = bell
    monkeypatch.setattr(feeds, "PATIENCE", 0.05)
    reply = await client.get(feed_path("bell", f"{way}-{GUESS}", "rings.ics"))
    assert reply.status_code == 503 and reply.headers["retry-after"]
    assert "the plugin bell failed in its feed rings.ics" in caplog.text
    assert "nobody must read" not in caplog.text + reply.text and GUESS not in caplog.text
    connection = await asyncpg.connect(filled)
    assert await connection.fetchval("select count(*) from plugins.activation") > 0
    await connection.close()


@pytest.mark.parametrize(
    ("names", "told"),
    [(["../a.ics"], "must be named like a file"), (["a.ics", "a.ics"], "two feeds are called 'bell/a.ics'")],
)
def test_wrong_feeds_name_the_plugin(market: Market, names: list[str], told: str) -> None:
    one = 'Feed("rings.ics", "text/calendar; charset=utf-8", rings)'
    market.ship("bell", BELL.replace(one, ", ".join(one.replace("rings.ics", name) for name in names)))
    with pytest.raises(Problem, match="plugin 'bell'") as problem:
        market.load()
    assert told in str(problem.value)
