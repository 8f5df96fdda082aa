"""Several operations in one request, within one budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gongzhi_server.gateway import GatewaySettings, Limits, Rate, Rates

HELLO = {"query": "{ hello }"}


async def send(desk: Any, *requests: Any) -> Any:
    return await desk.client.post("/graphql", json=list(requests))


def codes(response: Any) -> list[str | None]:
    return [each["errors"][0]["extensions"]["code"] if "errors" in each else None for each in response.json()]


async def test_answers_in_order(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(GatewaySettings(batch=10))
    response = await send(desk, HELLO, {"query": "{ unknown }"}, {"query": "mutation { touch }"}, {"query": "{ part }"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")
    hello, unknown, touched, part = response.json()
    assert hello == {"data": {"hello": "hello world"}}
    assert set(unknown) == {"errors"}
    assert touched == {"data": {"touch": 1}}
    assert set(part) == {"data", "errors"}


@pytest.mark.parametrize("requests", [[], [HELLO] * 4, [HELLO, 7], [HELLO, []], [[HELLO]], [HELLO, {"query": 7}]])
async def test_bad_batch_400(open_desk: Callable[..., Any], requests: list[Any]) -> None:
    """Refused as a whole, before anything runs."""
    response = await send(open_desk(GatewaySettings(batch=3)), *requests)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_batch_is_off(desk: Any) -> None:
    assert (await send(desk, HELLO)).status_code == 400


async def test_budget_is_common(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(GatewaySettings(batch=10, limits=Limits(cost=100)))
    costly = {**HELLO, "variables": {"cost": 60}}
    assert codes(await send(desk, costly, costly, costly, HELLO)) == [None, None, "COST_EXCEEDED", "COST_EXCEEDED"]


async def test_time_is_common(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(GatewaySettings(batch=10, limits=Limits(running=0.5)))
    # Prepared before: on a busy machine the first time of a document may take all that they have together.
    assert codes(await send(desk, HELLO)) == [None]
    assert codes(await send(desk, HELLO, {"query": "{ stuck }"}, {"query": "{ stuck }"})) == [
        None,
        "TIMEOUT",
        "TIMEOUT",
    ]


async def test_each_is_paid(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(GatewaySettings(batch=10, rates=Rates(address=Rate(2, 1_000), second=0)))
    assert codes(await send(desk, HELLO, HELLO, HELLO)) == [None, None, "RATE_LIMITED"]


async def test_fault_stays_single(open_desk: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    response = await send(open_desk(GatewaySettings(batch=10)), {"query": "{ crash }"}, HELLO)
    assert codes(response) == ["INTERNAL_SERVER_ERROR", None]
    assert "password" not in response.text
    assert len(caplog.records) == 1


async def test_subscription_stays_out(open_desk: Callable[..., Any]) -> None:
    response = await send(open_desk(GatewaySettings(batch=10)), {"query": "subscription { quiet }"})
    assert codes(response) == ["OPERATION_NOT_ALLOWED"]
