"""Following cases: what is told, to whom, from where."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gongzhi.declare.plans import LIVE
from gongzhi.declare.viewer import Viewer
from gongzhi_server.events.cursors import Cursors
from gongzhi_server.events.feed import EventFeed
from gongzhi_server.events.visibility import EventVisibility
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.planner.execution import OperationRun
from gongzhi_server.serve import GreetingServer
from gongzhi_server.testing import ESSENTIAL, built_graphql_schema
from graphql import is_required_argument
from websockets.exceptions import ConnectionClosed

from .conftest import EVENTS, MATTER, Station, station

COUNTY, TOWN, OTHER = "610921", "610921101", "610921103"
FILTERED = "subscription($after: String, $filter: EventFilter) { caseEvents(after: $after, filter: $filter) { type } }"
INTEGRATOR = """subscription CaseEvents($county: String!, $after: String) {
  caseEvents(filter: { grid: { within: $county } }, after: $after) {
    cursor
    id type at
    case { number status kind category { code } grid { code } leadUnit { code } rating }
    data
  }
}"""


async def test_events_arrive_in_order(station: Station) -> None:
    county = station.as_("county_dispatcher", grid=COUNTY)
    follower = await county.follow(EVENTS)
    number = await county.report()
    await county.take("acceptCase", number)
    first, second = await follower.of(number), await follower.of(number)
    assert [first["type"], second["type"]] == ["case.reported", "case.accepted"]
    assert second["data"] == {"number": number, "from": "REPORTED", "to": "ACCEPTED"}
    assert first["case"]["number"] == number and first["cursor"] != second["cursor"]


async def test_cursor_survives_restart(filled: str, tmp_path: Path) -> None:
    async with station(filled, tmp_path) as first:
        follower = await first.as_("integrator", grid=COUNTY).follow(EVENTS)
        numbers = [await first.report() for _ in range(3)]
        seen = await follower.event()
    async with station(filled, tmp_path) as second:
        numbers.append(await second.report())
        follower = await second.as_("integrator", grid=COUNTY).follow(EVENTS, after=seen["cursor"])
        told = [seen, *[await follower.event() for _ in range(3)]]
        assert [one["case"]["number"] for one in told] == numbers


async def test_tip_off_is_not_told(station: Station) -> None:
    """Not to an integrator, and not to the unit it is against, not even after the fact."""
    unit = "610921-GDGS"
    county = station.as_("county_dispatcher", grid=COUNTY)
    followers = [
        await viewer.follow(EVENTS)
        for viewer in (station.as_("integrator", grid=COUNTY), station.as_("department_handler", unit=unit))
    ]
    sealed = await county.follow(EVENTS)
    tip_off = await station.report(kind="TIP_OFF", against=unit)
    number = await station.report()
    await county.take("acceptCase", number)
    await county.take("dispatchCase", number, 2, leadUnit=unit)
    await sealed.of(tip_off)
    integrator, handler = [await one.event() for one in followers]
    assert integrator["case"]["number"] == number and integrator["type"] == "case.reported"
    assert handler["case"]["number"] == number
    assert tip_off not in str([integrator, handler])


ARGUMENTS = {"code": COUNTY, "number": "610921202606300000018"}


async def test_tip_off_moves_nothing(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is followed is told, or asked again, for a tip-off alone, if its viewer may not know of it."""
    noticed: list[tuple[str | None, set[str], bool]] = []
    heard, asked = asyncio.Event(), asyncio.Event()
    unit = "610921-GDGS"
    outside = {f"department_handler-{unit}", f"integrator-{COUNTY}"}
    tip_offs: set[str] = set()
    may_know = EventVisibility.may_know

    def alone() -> set[tuple[str | None, bool]]:
        return {(name, found) for name, numbers, found in noticed if numbers and numbers == tip_offs}

    async def watched(self: EventVisibility, rules: Any, events: Any, viewer: Viewer) -> bool:
        found = await may_know(self, rules, events, viewer)
        noticed.append((viewer.account.name, {one.data.get("number") for one in events}, found))
        if found and viewer.account.name == f"grid_leader-{TOWN}":
            heard.set()
        if outside <= {name for name, _ in alone()}:
            asked.set()
        return found

    monkeypatch.setattr(EventVisibility, "may_know", watched)
    county = station.as_("county_dispatcher", grid=COUNTY)
    viewers = {
        "accused": station.as_("department_handler", unit=unit),
        "integrator": station.as_("integrator", grid=COUNTY),
        "leader": station.as_("grid_leader", grid=TOWN),
        "county": county,
        "stranger": station,
    }
    root = built_graphql_schema(ESSENTIAL).subscription_type
    assert root
    followers, live = {}, 0
    for field, of in root.fields.items():
        given = {name: ARGUMENTS[name] for name, one in of.args.items() if is_required_argument(one)}
        written = f"({', '.join(f'{name}: {json.dumps(value)}' for name, value in given.items())})" if given else ""
        for name, viewer in viewers.items():
            followers[field, name] = await viewer.follow(f"subscription {{ {field}{written} {{ __typename }} }}")
            if LIVE in of.extensions["strawberry-definition"].metadata:
                live += 1
                assert "id" not in await followers[field, name].next()  # and no cursor, which would tell of any event
    assert live >= 10
    watching = await county.follow(EVENTS)
    tip_off = await station.report(kind="TIP_OFF", against=unit)
    tip_offs.add(tip_off)
    await watching.of(tip_off)
    await county.take("acceptCase", tip_off)
    await watching.of(tip_off)
    async with asyncio.timeout(20):
        await asked.wait()  # before the next report: what comes within a moment is asked together
    heard.clear()
    await station.report()  # and they do hear of what they may know of
    async with asyncio.timeout(20):
        await heard.wait()
    assert {name for name, found in alone() if found} <= {"county_dispatcher-" + COUNTY}
    assert {name for name, found in alone() if not found} >= outside


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        ({"grid": {"within": TOWN}}, ["case.reported", "case.accepted"]),
        ({"grid": {"within": OTHER}}, []),
        ({"type": {"in": ["case.accepted"]}}, ["case.accepted"]),
        ({"not": {"type": {"equals": "case.accepted"}}}, ["case.reported"]),
    ],
)
async def test_filter_chooses_events(station: Station, filter: Any, told: list[str]) -> None:
    county = station.as_("county_dispatcher", grid=COUNTY)
    follower = await county.follow(FILTERED, filter=filter)
    everything = await county.follow(EVENTS)
    number = await county.report()
    await county.take("acceptCase", number)
    await everything.event(), await everything.event()
    assert [(await follower.event())["type"] for _ in told] == told
    if not told:
        with pytest.raises(TimeoutError):
            await follower.next(0.3)


async def test_operation_of_integrators(station: Station) -> None:
    follower = await station.as_("integrator", grid=COUNTY).follow(INTEGRATOR, county=COUNTY)
    number = await station.report()
    told = await follower.event()
    assert told["case"] | {"number": number, "status": "REPORTED", "rating": None} == told["case"]


async def test_case_is_followed_live(station: Station) -> None:
    county = station.as_("county_dispatcher", grid=COUNTY)
    number = await county.report()
    await county.report()
    follower = await county.follow("subscription($n: String!) { caseChanged(number: $n) { status } }", n=number)
    assert await follower.event() == {"status": "REPORTED"}
    await county.report()
    await county.take("acceptCase", number)
    assert await follower.event() == {"status": "ACCEPTED"}


async def test_own_values_are_opened(station: Station) -> None:
    """A resident who follows a case reads one's own phone in it, as in a query."""
    me = station.as_("resident", person=f"Person:{await reachable(station.dsn)}")
    number = await me.report()
    query = "subscription($n: String!) { caseChanged(number: $n) { number requester { phone } } }"
    told = await (await me.follow(query, n=number)).event()
    asked = await me.ask("query($n: String!) { case(number: $n) { number requester { phone } } }", n=number)
    assert told == asked.data["case"] and told["requester"]["phone"].isdigit()


async def reachable(dsn: str) -> UUID:
    """Somebody with a phone."""
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetchval("select person_id from people.phone where sealed is not null order by id")
        return UUID(str(found))
    finally:
        await connection.close()


async def test_figures_of_grid_move(station: Station) -> None:
    leader = station.as_("grid_leader", grid=TOWN)
    query = "subscription($code: String!) { gridChanged(code: $code) { code openCases } }"
    town, other = [await leader.follow(query, code=code) for code in (TOWN, OTHER)]
    before = await town.event()
    assert (await other.event())["code"] == OTHER
    await station.report()
    assert (await town.event())["openCases"] == before["openCases"] + 1
    with pytest.raises(TimeoutError):
        await other.next(0.3)


async def test_counted_figures_move(own: str, tmp_path: Path) -> None:
    """What is counted after an event is told with it, though nothing else happens. Less than ten is not shown."""
    figures = 'statistics(from: "2026-06-30", to: "2026-06-30") { reported }'
    query = f"subscription($code: String!) {{ gridChanged(code: $code) {{ {figures} }} }}"
    async with station(own, tmp_path) as server:
        follower = await server.as_("county_dispatcher", grid=COUNTY).follow(query, code=COUNTY)
        for _ in range(10):
            await server.report()
        while (await follower.event())["statistics"]["reported"] != 10:
            pass
        for more in (11, 12):
            await server.report()
            assert (await follower.event())["statistics"]["reported"] == more


async def test_stranger_is_told_nothing(station: Station) -> None:
    follower = await station.follow(EVENTS)
    await station.report()
    with pytest.raises(TimeoutError):
        await follower.next(0.3)


async def test_expired_token_ends_stream(station: Station) -> None:
    follower = await station.as_("integrator", grid=COUNTY).follow(EVENTS)
    station.clock.move(days=30)
    await station.report()
    with pytest.raises(ConnectionClosed) as closed:
        await follower.next()
    assert closed.value.rcvd and closed.value.rcvd.code == 4403


async def test_old_cursor_is_refused(station: Station, filled: str) -> None:
    integrator, old = station.as_("integrator", grid=COUNTY), await station.cursor()
    await station.report()
    database = await asyncpg.connect(filled)
    await database.execute("select events.number(100)")
    await database.execute("update events.counter set gone = given")
    await database.close()
    assert await (await integrator.follow(EVENTS, after=old)).code() == "CURSOR_EXPIRED"


async def test_last_event_id_wins(station: Station) -> None:
    """A browser that comes back asks with the address it had, and says beside it where it has come since."""
    integrator, old = station.as_("integrator", grid=COUNTY), await station.cursor()
    known = await station.report()
    await station.position(known)
    headers = {**integrator.headers, "accept": "text/event-stream", "last-event-id": await station.cursor()}
    new = await station.report()
    body = {
        "query": "subscription($after: String) { caseEvents(after: $after) { case { number } } }",
        "variables": {"after": old},
    }
    async with station.client.stream("POST", "/graphql", json=body, headers=headers) as reply:
        text = await anext(one async for one in reply.aiter_text() if "next" in one)
    assert new in text and known not in text


@pytest.mark.parametrize("cursor", ["", "1", "nonsense", "共治", "A" * 22, "e" * 500])
async def test_made_up_cursor_is_refused(station: Station, cursor: str) -> None:
    assert await (await station.as_("integrator", grid=COUNTY).follow(EVENTS, after=cursor)).code() == "BAD_USER_INPUT"


async def test_equal_subscriptions_run_once(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who wait together share what each event means to them: 21 followers of two kinds, two statements."""
    runs, waiting = list[list[str]](), asyncio.Semaphore(0)
    told, wait = OperationRun.fetch_by_keys, EventFeed.after

    async def counted(self: OperationRun, statement: Any, given: Any) -> Any:
        runs.append([str(key) for key in given["@keys"]])
        return await told(self, statement, given)

    async def noticed(self: EventFeed, *given: Any) -> Any:
        waiting.release()
        return await wait(self, *given)

    monkeypatch.setattr(OperationRun, "fetch_by_keys", counted)
    monkeypatch.setattr(EventFeed, "after", noticed)
    integrator = station.as_("integrator", grid=COUNTY)
    cursor = await station.cursor()
    followers = [await integrator.follow(EVENTS, after=cursor) for _ in range(20)]
    other = await station.as_("integrator", grid=TOWN).follow(EVENTS, after=cursor)
    async with asyncio.timeout(20):
        for _ in range(21):
            await waiting.acquire()
    await station.report()
    found = [await one.event() for one in (*followers, other)]
    # Of this event: clocks may have told more by now.
    assert all(one == found[0] for one in found) and [found[0]["id"] in keys for keys in runs].count(True) == 2


async def test_server_sent_events_resume(station: Station) -> None:
    headers = {**station.as_("integrator", grid=COUNTY).headers, "accept": "text/event-stream"}
    headers["last-event-id"] = await station.cursor()
    number = await station.report()
    body = {"query": "subscription { caseEvents { cursor case { number } } }"}
    async with station.client.stream("POST", "/graphql", json=body, headers=headers) as reply:
        text = await anext(one async for one in reply.aiter_text() if "next" in one)
    assert number in text
    [line] = [line for line in text.splitlines() if line.startswith("id: ")]
    assert line.removeprefix("id: ") in text.split("data: ")[1]


async def test_stopping_server_says_where_to_go_on(station: Station) -> None:
    """The last event has the cursor of what was told last, and the stream is not complete: browsers come back."""
    headers = {**station.as_("integrator", grid=COUNTY).headers, "accept": "text/event-stream"}
    body = {"query": "subscription { caseEvents { case { number } } }"}
    async with station.client.stream("POST", "/graphql", json=body, headers=headers, timeout=30) as reply:
        pieces = reply.aiter_text()
        number = await station.report()
        while number not in (told := await anext(pieces)):
            pass
        station.stop()
        rest = "".join([piece async for piece in pieces])
    *_, place = [line for line in (told + rest).splitlines() if line.startswith("id: ")]
    assert place in told and place in rest and "SERVER_STOPPING" in rest and "complete" not in rest


async def test_who_was_told_nothing_learns_nothing(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a stream begins has another cursor each time: one that changed would tell that something happened."""
    begun, seal = asyncio.Semaphore(0), Cursors.seal

    def sealed(self: Cursors, position: int, *, varied: bool = False) -> str:
        if varied:  # as only an opening cursor is
            begun.release()
        return seal(self, position, varied=varied)

    monkeypatch.setattr(Cursors, "seal", sealed)
    headers = {**station.as_("integrator", grid=COUNTY).headers, "accept": "text/event-stream"}
    # A name of its own: what is asked in the same words within two minutes goes on where that ended.
    body = {"query": "subscription Begun { caseEvents { case { number } } }"}
    async with AsyncExitStack() as stack:
        replies = [
            await stack.enter_async_context(
                station.client.stream("POST", "/graphql", json=body, headers=headers, timeout=30)
            )
            for _ in range(5)
        ]
        async with asyncio.timeout(20):
            for _ in replies:
                await begun.acquire()  # a stream that is stopped before it began has no cursor
        station.stop()
        ends = ["".join([piece async for piece in reply.aiter_text()]) for reply in replies]
    places = [line for end in ends for line in end.splitlines() if line.startswith("id: ")]
    assert len(set(places)) == len(places) == len(replies)


async def test_server_that_stops_tells_its_streams() -> None:
    """Before uvicorn waits for what is under way, which it would cut off after its grace."""
    told: list[str] = []
    app: Any = SimpleNamespace(state=SimpleNamespace(stopping=SimpleNamespace(set=lambda: told.append("streams"))))
    server = GreetingServer(app, "", Limits())
    server.servers, server.lifespan = [], SimpleNamespace(shutdown=lambda: asyncio.sleep(0, told.append("end")))
    await server.shutdown([])
    assert told == ["streams", "end"]


async def test_notes_stay_out(station: Station, filled: str) -> None:
    """What people write is in the timeline and not in the outbox."""
    county = station.as_("county_dispatcher", grid=COUNTY)
    number = await county.report(title="张三丰的路灯")
    await county.take("acceptCase", number, note="张三丰来电")
    database = await asyncpg.connect(filled)
    rows = await database.fetch("select o::text from events.outbox o")
    await database.close()
    assert sum(number in str(row) for row in rows) == 2 and "张三丰" not in str(rows)


async def test_refused_command_tells_nothing(station: Station, filled: str) -> None:
    database = await asyncpg.connect(filled)
    before = await database.fetchval("select count(*) from events.outbox")
    payload = await station.do("reportCase", "case { number }", **{**MATTER, "channel": "NOWHERE"})
    assert payload["errors"]
    assert await database.fetchval("select count(*) from events.outbox") == before
    await database.close()


async def test_nobodys_file_is_told(station: Station) -> None:
    """One answer serves many who follow, and a look at a file is somebody's: it needs a query."""
    county = station.as_("county_dispatcher", grid=COUNTY)
    follower = await county.follow("subscription { caseEvents { case { number requester { birthDate } } } }")
    assert await follower.code() == "OPERATION_NOT_ALLOWED"
