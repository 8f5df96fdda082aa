"""Whoever asks now and then gets each event once, and what is not theirs never."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

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


PAGE = """
query($after: String, $since: DateTime, $first: Int! = 100) {
  events(after: $after, since: $since, first: $first) {
    cursor
    events {
      cursor specversion id source type subject time datacontenttype dataversion actor county grid caseid data
      case { number status }
    }
  }
}
"""


async def test_a_query_answers_the_same(station: Station) -> None:
    """In the same form, with the case as it is now beside it; its cursors lead on like all others."""
    hotline = station.as_("integrator", grid="610921")
    cursor = await begin(hotline)
    number = await station.report()
    polled, _ = await poll_until(hotline, number, cursor)
    page = (await hotline.ask(PAGE, after=cursor, first=len(polled))).data["events"]
    told = [{name: value for name, value in one.items() if value is not None} for one in page["events"]]
    cases = [one.pop("case", None) for one in told]
    assert [without_cursor(one) for one in told] == [without_cursor(one) for one in polled]
    assert {"number": number, "status": "REPORTED"} in cases
    assert {one["id"] for one in page["events"]}.isdisjoint(
        one["id"] for one in (await poll(hotline, after=page["cursor"]))["events"]
    )
    since = (await hotline.ask(PAGE, since=polled[-1]["time"], first=200)).data["events"]
    assert polled[-1]["id"] in [one["id"] for one in since["events"]]
    # Who serves another town is told nothing, and neither is a stranger.
    for other in (station.as_("grid_worker", grid="610921103"), station):
        pages = [(await other.ask(PAGE, after=cursor)).data["events"] for _ in range(2)]
        assert [one for page in pages for one in page["events"] if one["subject"]] == []
        assert pages[0]["cursor"] != pages[1]["cursor"]


def without_cursor(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "cursor"}


async def test_a_bad_query_is_refused(station: Station) -> None:
    hotline = station.as_("integrator", grid="610921")
    for given, code in (
        ({"after": "nonsense"}, "CURSOR_EXPIRED"),
        ({"after": ""}, "CURSOR_EXPIRED"),
        ({"since": "2026-06-30T08:00:00"}, "BAD_USER_INPUT"),
        ({"after": "a", "since": "2026-06-30T08:00:00+08:00"}, "BAD_USER_INPUT"),
        ({"first": 0}, "BAD_USER_INPUT"),
        ({"first": 201}, "BAD_USER_INPUT"),
    ):
        answer = await hotline.ask(PAGE, **given)
        assert answer.body["data"]["events"] is None, given
        assert [one["extensions"]["code"] for one in answer.body["errors"]] == [code], given


async def test_what_a_query_leads_to_has_its_price(station: Station) -> None:
    """The cases of a page are counted before it is read, as those of a list are."""
    hotline = station.as_("integrator", grid="610921")
    body = {"query": "{ events { events { case { number } } } }", "extensions": {"cost": True}}
    reply = await hotline.client.post("/graphql", json=body, headers=hotline.headers)
    assert reply.json()["extensions"]["cost"]["objects"] >= 200
    dear = await hotline.client.post(
        "/graphql", json={"query": "{ events { events { case { timeline { id } } } } }"}, headers=hotline.headers
    )
    assert dear.json()["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"


SINCE = """
subscription($after: String, $since: DateTime) { caseEvents(after: $after, since: $since) { type case { number } } }
"""


async def test_a_subscription_begins_at_a_time(station: Station, filled: str) -> None:
    """And says so where what happened then has been thrown away."""
    hotline = station.as_("integrator", grid="610921")
    cursor = await begin(hotline)
    number = await station.report()
    found, _ = await poll_until(hotline, number, cursor)
    [time] = [one["time"] for one in found if one.get("subject") == number and one["type"] == "case.reported"]
    follower = await hotline.follow(SINCE, after=None, since=time)
    assert (await follower.of(number))["type"] == "case.reported"
    for bad in ({"after": cursor, "since": time}, {"after": None, "since": "2026-06-30T08:00:00"}):
        assert await (await hotline.follow(SINCE, **bad)).code() == "BAD_USER_INPUT"
    connection = await asyncpg.connect(filled)
    try:
        await connection.execute("update events.counter set gone = 1")
        early = "2020-01-01T00:00:00+08:00"
        assert await (await hotline.follow(SINCE, after=None, since=early)).code() == "CURSOR_EXPIRED"
        answer = await hotline.ask(PAGE, since=early)
        assert answer.body["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
    finally:
        await connection.execute("update events.counter set gone = 0")
        await connection.close()


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
    ({"since": "0001-01-01T00:00:00+23:59"}, 400),
    ({"since": "9999-12-31T23:59:59-23:59"}, 400),
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
