"""What an operation would cost and how it would run, asked beside it, without running it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from gongzhi_server.app import create_app
from gongzhi_server.testing import Clock, Server, settings_for_tests

ASKED = "query($code: String!) { cases(filter: { grid: { within: $code } }, first: 7) { nodes { number } } }"
DECLINE = "mutation($input: ReasonedCaseInput!) { declineCase(input: $input) { case { number } errors { code } } }"


async def explain(server: Server, query: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables, "extensions": {"explain": True}}
    return (await server.client.post("/graphql", json=body, headers=server.headers)).json()


async def test_cost_and_plan_come_without_running(server: Server) -> None:
    """And the values that it is asked with are in neither."""
    answer = await explain(server.as_("administrator"), ASKED, code="610921101222")
    assert answer["data"] is None and "errors" not in answer
    told = answer["extensions"]["explain"]
    assert told["cost"]["limit"] == 10_000 and 7 <= told["cost"]["objects"] < 100
    assert told["statement"].startswith("select") and told["plan"]["plans"]
    assert "610921101222" not in str(answer)


async def test_mutation_is_not_carried_out(server: Server) -> None:
    """It has a cost, and no single statement."""
    given = {"idempotencyKey": str(uuid4()), "number": "1", "expectedVersion": 1, "reason": "—"}
    told = (await explain(server.as_("county_dispatcher", grid="610921"), DECLINE, input=given))["extensions"][
        "explain"
    ]
    assert told.keys() == {"cost"}


async def test_costly_one_is_refused_as_if_it_ran(server: Server) -> None:
    query = "{ grids(first: 100) { nodes { cases(first: 100) { nodes { timeline { type } } } } } }"
    [error] = (await explain(server.as_("administrator"), query))["errors"]
    assert error["extensions"]["code"] == "COST_EXCEEDED" and error["extensions"]["limit"] == 10_000


async def test_production_shows_the_cost_alone(filled: str, tmp_path: Path) -> None:
    """To a stranger; statements are for accounts that may explore the schema."""
    app = create_app(replace(settings_for_tests(filled, tmp_path), mode="production", rates=False), filled, Clock())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        answer = await explain(Server(client, Clock()), "{ grids(first: 3) { nodes { name } } }")
        assert answer["extensions"]["explain"].keys() == {"cost"}
