"""Token buckets: what callers may spend, and what they are told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from gongzhi_server.gateway import GatewaySettings, Rate, Rates, Traits
from gongzhi_server.gateway.rate_limits import RateLimited, RateLimiter, network_of
from hypothesis import given
from hypothesis import strategies as st

HOUR = 3_600


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


spending = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 500)), max_size=60)


@given(spending, st.integers(1, 50), st.integers(1, 100))
def test_spending_is_bounded(acts: Sequence[tuple[float, int]], points: int, seconds: int) -> None:
    """Over any time nobody spends more than a full bucket, what flowed in, and the one operation that overdrew it."""
    clock = Clock()
    limiter = RateLimiter(Rates(account=Rate(points, seconds), objects=100), clock)
    spent = largest = 0.0
    for wait, objects in acts:
        clock.time += wait
        budget = limiter.budget("wang", None, "")
        try:
            budget.consume()
        except RateLimited as limited:
            assert limited.after >= 1
            continue
        budget.charge(objects)
        spent += 1 + objects / 100
        largest = max(largest, objects / 100)
    assert spent <= points + (clock.time - 1_000) * points / seconds + largest + 1e-6


@given(st.integers(0, 5_000))
def test_waiting_is_enough(objects: int) -> None:
    """Who waits for as long as was said gets in."""
    clock = Clock()
    limiter = RateLimiter(Rates(account=Rate(5, 60)), clock)
    budget = limiter.budget("wang", None, "")
    budget.consume()
    budget.charge(objects)
    for _ in range(5):
        try:
            budget.consume()
        except RateLimited as limited:
            clock.time += limited.after
            budget.consume()


def test_callers_are_apart() -> None:
    limiter = RateLimiter(Rates(account=Rate(1, HOUR), key=Rate(1, HOUR), address=Rate(1, HOUR)), Clock())
    for caller in (("wang", None, "a"), ("li", None, "a"), (None, None, "a"), (None, None, "b"), (None, "k", "a")):
        limiter.budget(*caller).consume()
    for caller in (("wang", None, "z"), (None, None, "a"), ("zhao", "k", "a")):
        with pytest.raises(RateLimited):
            limiter.budget(*caller).consume()
    limiter.budget("zhao", None, "a").consume()  # the key that had nothing left took nothing from the account


def test_memory_is_bounded() -> None:
    limiter = RateLimiter(Rates(), Clock(), size=3)
    for number in range(10):
        limiter.budget(None, None, f"10.0.0.{number}").consume()
    assert len(limiter._buckets) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("a:b", "a:c", False),
    ],
)
def test_addresses_are_grouped(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def desk_of(open_desk: Callable[..., Any], points: int = 3, **more: Any) -> Any:
    rate = Rate(points, HOUR)
    traits = Traits(account=lambda viewer: viewer, **more)
    # Seconds are free, or what is left would depend on how busy the machine is.
    return open_desk(GatewaySettings(rates=Rates(account=rate, address=rate, second=0, refused=1)), traits=traits)


async def ask(desk: Any, token: str = "", **body: Any) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return await desk.client.post("/graphql", json={"query": "{ hello }", **body}, headers=headers)


async def test_too_many_429(open_desk: Callable[..., Any]) -> None:
    desk = desk_of(open_desk)
    left = [(await ask(desk, "wang")).headers["ratelimit"] for _ in range(3)]
    assert left == [f'"account";r={r};t={t}' for r, t in ((2, 1200), (1, 2400), (0, 3600))]
    response = await ask(desk, "wang")
    assert response.status_code == 429
    assert response.headers["ratelimit-policy"] == '"account";q=3;w=3600'
    assert response.headers["ratelimit"] == '"account";r=0;t=3600'
    assert 1_100 < int(response.headers["retry-after"]) <= 1_200
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryAfter"] == int(response.headers["retry-after"])
    assert (await ask(desk, "li")).status_code == 200


async def test_cost_is_charged(open_desk: Callable[..., Any]) -> None:
    desk = desk_of(open_desk, 10)
    response = await ask(desk, "wang", variables={"cost": 900})
    assert (response.status_code, response.headers["ratelimit"]) == (200, '"account";r=0;t=3600')
    assert (await ask(desk, "wang")).status_code == 429


async def test_refusals_cost_too(open_desk: Callable[..., Any]) -> None:
    desk = desk_of(open_desk)
    statuses = [(await ask(desk, "wang", query=query)).status_code for query in ("{", "{ nope }", "{ hello }", "{")]
    assert statuses == [200, 200, 200, 429]


async def test_guessing_is_slowed(open_desk: Callable[..., Any]) -> None:
    """Wrong tokens are counted for the address; whoever has a right one comes in from there all the same."""
    desk = desk_of(open_desk)
    statuses = [(await ask(desk, "bad")).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert (await ask(desk, "wang")).status_code == 200


@pytest.mark.parametrize(("proxies", "apart"), [((), False), (("10.9.0.0/16",), False), (("127.0.0.1",), True)])
async def test_forwarded_when_trusted(open_desk: Callable[..., Any], proxies: tuple[str, ...], apart: bool) -> None:
    """Only a proxy that was named may say where a request comes from."""
    desk = open_desk(GatewaySettings(rates=Rates(address=Rate(1, HOUR)), proxies=proxies))
    statuses = []
    for address in ("203.0.113.1", "203.0.113.2", "203.0.113.2"):
        headers = {"x-forwarded-for": f"198.51.100.7, {address}"}
        response = await desk.client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
        statuses.append(response.status_code)
    assert statuses == [200, 200 if apart else 429, 429]


async def test_no_rates_no_headers(desk: Any) -> None:
    assert "ratelimit" not in (await ask(desk)).headers
