"""Waivers: one plugin would refuse, another grants an exception, and that it was used stays on record."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import CORE_PLUGINS
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import ESSENTIAL, Server, codes_of, serve_application

from .conftest import Market
from .test_reference import PAGE

ASKING, GRANTING = re.findall(r"```python\n(.*?)```", PAGE.split("## Waivers")[1].split("\n## ")[0], re.DOTALL)
WORDS = """
import strawberry
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, result_field, problems
from gongzhi.runtime.waivers import Grantor, Waiver, WaiverRequest, grantor
from gongzhi.values.errors import Refusal, Text
"""
RUBBISH = f"""{WORDS}

@strawberry.input(description="A collection (清运).")
class CallCollectionInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where (网格编码).")


@strawberry.type(description="What came of it (结果).")
class CallCollectionPayload:
    called: bool | None = result_field("Whether it was called (是否呼叫).")
    errors: list[Problem] = problems()

{ASKING}

@hookimpl
def graphql():
    return [extend(Mutation, call_collection=call_collection)]
"""
GRANT = (
    WORDS
    + """
@grantor("rubbish.night_collection")
async def grant(call, request):
    {body}

@hookimpl
def permissions():
    return [grant]
"""
)
COUNTY = "610921"


async def collected(server: Server, key: str) -> Any:
    payload = await server.as_("grid_worker").do("callCollection", "called", grid=COUNTY, idempotencyKey=key)
    return payload["called"] or codes_of(payload["errors"])


async def audited(dsn: str) -> list[list[str]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select codes from access.act where mutation='call_collection' order by at, id")
    await connection.close()
    return [row["codes"] for row in rows]


async def test_one_plugin_refuses_and_another_grants(market: Market, filled: str, tmp_path: Path) -> None:
    """As the reference has it; only where the one that grants is on."""
    market.ship("rubbish", RUBBISH)
    market.ship("festivals", WORDS + GRANTING)
    assert load_plugins(without=["rubbish"], entries=market.entries).grantors.keys() == CORE_PLUGINS.grantors.keys()
    async with serve_application(
        filled, tmp_path, plugins=load_plugins(without=["festivals"], entries=market.entries)
    ) as server:
        assert await collected(server, "nobody grants") == ["AT_NIGHT"]
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        assert await collected(server, "granted") is True
        off = {"plugin": "festivals", "county": COUNTY, "active": False}
        payload = await server.as_("administrator").do("setPluginActivation", "activation { id }", **off)
        assert payload["errors"] == []
        assert await collected(server, "switched off") == ["AT_NIGHT"]
    assert await audited(filled) == [["AT_NIGHT"], ["rubbish.night_collection"], ["AT_NIGHT"]]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ValueError", "the plugin 'festivals' failed to answer for rubbish.night_collection"),
        ("await call.fetch('update people.household set number=number returning id')", "which is the core's"),
    ],
)
async def test_a_grantor_that_fails_fails_the_command(
    market: Market, filled: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, body: str, told: str
) -> None:
    """It acts as the plugin whose it is, and what is not answered is not granted."""
    market.ship("rubbish", RUBBISH)
    market.ship("festivals", GRANT.format(body=body))
    caplog.set_level(logging.ERROR, "gongzhi")
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        query = "mutation($i: CallCollectionInput!) { callCollection(input: $i) { called errors { code } } }"
        answer = await server.as_("grid_worker").ask(query, i={"idempotencyKey": "x" * 20, "grid": COUNTY})
    assert answer.body["data"] == {"callCollection": None} and told in caplog.text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("Waiver('night', 'callCollection', Text('x', 'x'))", "the waiver 'night' must begin with 'shop.'"),
        ("*[Waiver('shop.night', 'a', Text('x', 'x'))] * 2", "two waivers are called 'shop.night'"),
        ("grantor('shop.nigth')(None)", "grants the waiver 'shop.nigth', which nobody declares"),
        ("grantor()(None)", "a grantor names the waivers that it grants"),
    ],
)
def test_wrong_waivers_name_the_plugin(market: Market, source: str, told: str) -> None:
    market.ship("shop", f"{WORDS}\n@hookimpl\ndef permissions():\n    return [{source}]\n")
    with pytest.raises(Problem, match="plugin 'shop'") as problem:
        market.load()
    assert told in str(problem.value)


def test_waivers_are_in_the_reference() -> None:
    """What somebody may write a grantor for is on the page, with its mutation."""
    listed = set(
        re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|", PAGE.split("## Waivers")[1].split("\n## ")[0], re.MULTILINE)
    )
    assert listed == {(one.name, one.mutation) for one in ESSENTIAL.waivers}
