"""Whoever asks now and then gets each event once, and what is not theirs never."""

from __future__ import annotations

import asyncio
from typing import Any

from .conftest import Station

WHERE = "/x/integrations/events"


async def poll(station: Station, **given: Any) -> Any:
    reply = await station.client.get(WHERE, params=given, headers=station.headers, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def poll_until(station: Station, number: str, cursor: str) -> tuple[list[Any], str]:
    """Ask until there is an event of this case; all events that came, and the cursor behind them."""
    found: list[Any] = []
    while number not in [one.get("subject") for one in found]:
        page = await poll(station, after=cursor, wait=5)
        found, cursor = found + page["events"], page["cursor"]
    return found, cursor


async def begin(station: Station) -> str:
    answer = await station.ask("{ eventCursor }")
    return str(answer.data["eventCursor"])


async def test_each_event_comes_once(station: Station) -> None:
    """The cursor of a query, of an answer and of an event lead on alike, here and in a subscription."""
    hotline = station.as_("integrator", grid="610921")
    cursor = await begin(hotline)
    first, second = [await station.report() for _ in range(2)]
    found, behind = await poll_until(hotline, second, cursor)
    told = [one["subject"] for one in found if one["type"] == "case.reported"]
    assert told == [first, second] and len({one["id"] for one in found}) == len(found)
    event = next(one for one in found if one["subject"] == first)
    assert event["county"] == "610921" and event["data"]["number"] == first and event["specversion"] == "1.0"
    # The case's own timeline has the event's id, so that what was loaded and what is told can be joined.
    answer = await station.as_("county_dispatcher", grid="610921").ask(
        "query($n: String!) { case(number: $n) { timeline { id type } } }", n=first
    )
    assert {"id": f"CaseEvent:{event['id']}", "type": "case.reported"} in answer.data["case"]["timeline"]
    # One at a time leads through the same events.
    singly = await poll_until(hotline, second, event["cursor"])
    assert [one["id"] for one in singly[0]] == [one["id"] for one in found[found.index(event) + 1 :]]
    small = await poll(hotline, after=cursor, first=1)
    assert [one["id"] for one in small["events"]] == [found[0]["id"]]
    assert (await poll_until(hotline, second, small["cursor"]))[0][0]["id"] == found[1]["id"]
    third = await station.report()
    follower = await hotline.follow(
        "subscription($after: String) { caseEvents(after: $after) { type case { number } } }", after=behind
    )
    assert (await follower.of(third))["type"] == "case.reported"
    since = await poll(hotline, since=event["time"], first=200)
    assert event["id"] in [one["id"] for one in since["events"]]


async def test_an_answer_that_is_known_is_not_sent(station: Station) -> None:
    hotline = station.as_("integrator", grid="610921")
    start = await begin(hotline)
    _, cursor = await poll_until(hotline, await station.report(), start)
    one, all = [{"after": start, "first": first} for first in (1, 200)]
    known = hotline.headers | {"if-none-match": f"{await tag_of(hotline, one)}, {await tag_of(hotline, all)}"}
    assert (await hotline.client.get(WHERE, params=one, headers=known, timeout=60)).status_code == 304
    await poll_until(hotline, await station.report(), cursor)
    assert (await hotline.client.get(WHERE, params=all, headers=known, timeout=60)).status_code == 200


async def tag_of(station: Station, given: dict[str, Any]) -> str:
    reply = await station.client.get(WHERE, params=given, headers=station.headers, timeout=60)
    return str(reply.headers["etag"])


async def test_who_waits_is_answered_when_it_happens(station: Station) -> None:
    hotline = station.as_("integrator", grid="610921")
    waiting = asyncio.create_task(poll(hotline, after=await begin(hotline), wait=8))
    number = await station.report()
    page = await waiting
    told = [one.get("subject") for one in page["events"]]
    # What the clocks tell of other cases may come first.
    assert told and (number in told or await poll_until(hotline, number, page["cursor"]))


async def test_others_hear_nothing(station: Station) -> None:
    """Who serves another town, and who has no account."""
    cursor = await begin(station.as_("integrator", grid="610921"))
    await poll_until(station.as_("integrator", grid="610921"), await station.report(), cursor)
    worker = station.as_("grid_worker", grid="610921103")
    elsewhere = [await poll(worker, after=cursor) for _ in range(2)]
    assert [one for page in elsewhere for one in page["events"] if one["data"].get("number")] == []
    # Nor do cursors say that there was something: of one moment there are many.
    assert len({await begin(worker), await begin(worker), *(page["cursor"] for page in elsewhere)}) == 4
    assert (await station.client.get(WHERE)).status_code == 401


BAD = (
    ({"after": "nonsense"}, 410),
    ({"after": ""}, 410),
    ({"since": "2026-06-30T08:00:00"}, 400),
    ({"since": "yesterday"}, 400),
    ({"after": "a", "since": "2026-06-30T08:00:00+08:00"}, 400),
    ({"first": "0"}, 400),
    ({"first": "9" * 5000}, 400),
    ({"wait": "-1"}, 400),
    ({"from": "1"}, 400),
)
CODES = {400: "BAD_USER_INPUT", 410: "CURSOR_EXPIRED"}


async def test_bad_input_is_refused(station: Station) -> None:
    headers = station.as_("integrator", grid="610921").headers
    for given, status in BAD:
        reply = await station.client.get(WHERE, params=given, headers=headers, timeout=60)
        code = reply.json()["errors"][0]["extensions"]["code"]
        assert (reply.status_code, code) == (status, CODES[status]), given
