"""Subscriptions over the end of a token: closed at once, and gone on with where they had come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.events.resumptions import WINDOW
from gongzhi_server.testing import SECRET
from websockets.exceptions import ConnectionClosed

from .conftest import Follower, Station

EVENTS = "subscription { caseEvents { type case { number } } }"


def dispatcher(station: Station, name: str = "county.desk") -> Station:
    """An account with a token for ten minutes."""
    claims = {"sub": name, "role": "county_dispatcher", "grid": "610921"}
    token = Tokens(SECRET).issue(claims, station.clock(), timedelta(minutes=10))
    return replace(station, headers={"authorization": f"Bearer {token}"})


async def first(station: Station, follower: Follower) -> str:
    """Report cases until the follower is told of one; its number. Nobody says when a subscription has begun."""
    for _ in range(100):
        await station.report()
        try:
            return str((await follower.next(0.3))["data"]["caseEvents"]["case"]["number"])
        except TimeoutError:
            continue
    raise AssertionError("the follower is told of nothing")


async def expired(station: Station) -> str:
    """A case that is reported when a follower's token is over, which is the end of their socket."""
    follower = await dispatcher(station).follow(EVENTS)
    await first(station, follower)
    station.clock.move(minutes=11)
    number = await station.report()
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await follower.event()
    assert closed.value.rcvd and closed.value.rcvd.code == 4403
    return number


async def test_nothing_is_lost_over_a_token(station: Station) -> None:
    """A client of plain graphql-ws sends what it sent before, without a cursor."""
    missed = await expired(station)
    again = await dispatcher(station).follow(EVENTS)
    assert (await again.of(missed))["type"] == "case.reported"


async def test_others_begin_with_what_comes(station: Station) -> None:
    """Another account, another subscription, and a client that comes too late are told nothing of before."""
    missed = await expired(station)
    others = [
        await dispatcher(station, "somebody.else").follow(EVENTS),
        await dispatcher(station).follow(EVENTS + " "),
    ]
    seen = [await first(station, other) for other in others]
    station.clock.move(seconds=WINDOW.total_seconds() + 1)
    seen.append(await first(station, await dispatcher(station).follow(EVENTS)))
    assert missed not in seen
