"""Places and waiting lists against a simple model: whoever waits longest is next, and no place is given twice."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from gongzhi_server.testing import codes_of

from .conftest import expect_success
from .test_activities import BASE, NODE, arrange, refusal_codes, sign

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = 7


class Hall:
    """What the model knows of an activity: who has a place, who came, and who waits in which order."""

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.placed: set[int] = set()
        self.came: set[int] = set()
        self.queue: list[int] = []

    @property
    def free(self) -> bool:
        return self.capacity is None or len(self.placed) + len(self.came) < self.capacity

    def advance(self) -> None:
        while self.queue and self.free:
            self.placed.add(self.queue.pop(0))

    def sign(self, who: int) -> list[str]:
        if who in self.placed | self.came or who in self.queue:
            return ["DUPLICATE"]
        if self.free:
            self.placed.add(who)
        else:
            self.queue.append(who)
        return []

    def withdraw(self, who: int) -> list[str]:
        if who in self.came:
            return ["ILLEGAL_TRANSITION"]
        if who not in self.placed and who not in self.queue:
            return ["NOT_FOUND"]
        self.placed.discard(who)
        self.queue = [one for one in self.queue if one != who]
        self.advance()
        return []

    def mark(self, who: int, came: bool) -> list[str]:
        if came:
            if who in self.came:
                return ["ALREADY_CHECKED_IN"]
            self.placed.discard(who)
            self.queue = [one for one in self.queue if one != who]
            self.came.add(who)
            return []
        if who not in self.came:
            return ["NOT_FOUND"]
        self.came.discard(who)
        self.advance()
        return []

    def state(self, who: int) -> tuple[str, int | None] | None:
        if who in self.placed:
            return "SIGNED_UP", None
        if who in self.came:
            return "CHECKED_IN", None
        return ("WAITING", self.queue.index(who) + 1) if who in self.queue else None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("capacity", [1, 3, None])
async def test_places_are_as_the_model(town: Any, seed: int, capacity: int | None) -> None:
    """Signing up, giving a place up, coming and being struck out, in whatever order."""
    chance, hall = random.Random(seed), Hall(capacity)
    activity = await arrange(town.worker, startsAt=town.server.clock.time.isoformat(), capacity=capacity)
    for _ in range(25):
        # Apart in time, so that who waits longest is told by the clock.
        town.server.clock.move(seconds=1)
        who, turn = chance.randrange(PEOPLE), chance.choice(["sign", "sign", "withdraw", "came", "struck"])
        if turn == "sign":
            answer, expected = codes_of((await sign(town.resident(who), activity))["errors"]), hall.sign(who)
        elif turn == "withdraw":
            answer = await refusal_codes(
                town.resident(who), "withdrawFromActivity", "participation { id }", activity=activity
            )
            expected = hall.withdraw(who)
        else:
            given = {"activity": activity, "person": town.person(who), "came": turn == "came"}
            answer = await refusal_codes(town.worker, "markActivityAttendance", "participation { id }", **given)
            expected = hall.mark(who, turn == "came")
        assert answer == expected, (turn, who)
    asked = NODE % "spotsLeft mine { state waitingPosition }"
    for who in range(PEOPLE):
        seen = (await town.resident(who).ask(asked, id=activity)).data["node"]
        mine, expected = seen["mine"], hall.state(who)
        if expected is None:
            assert mine is None or mine["state"] in ("WITHDRAWN", "EXCUSED")
        else:
            assert (mine["state"], mine["waitingPosition"]) == expected
        taken = len(hall.placed) + len(hall.came)
        assert seen["spotsLeft"] == (None if capacity is None else max(0, capacity - taken))


async def test_whoever_gets_a_place_is_told(town: Any) -> None:
    """Once, when they get it; whoever goes on waiting is not."""
    activity = await arrange(town.worker, capacity=1)
    for at in range(3):
        town.server.clock.move(seconds=1)
        await sign(town.resident(at), activity)
    await expect_success(town.resident(0), "withdrawFromActivity", "participation { id }", activity=activity)

    async def told(at: int) -> list[str]:
        answer = await town.resident(at).ask("{ me { notices { nodes { title } } } }")
        return [one["title"] for one in answer.data["me"]["notices"]["nodes"]]

    assert [await told(at) for at in range(3)] == [[], ["You have a place"], []]
    town.server.clock.move(seconds=1)
    assert (await sign(town.resident(0), activity))["participation"]["waitingPosition"] == 2, "at the end of the queue"


async def test_consent_is_asked_for_anew(town: Any) -> None:
    """Who signs up again says again whether their coming may be told."""
    activity = await arrange(town.worker)
    shared, id = "select share, excuse from party.participation where activity_id=$1", UUID(activity.partition(":")[2])
    await sign(town.resident(), activity, share=True)
    given = {"activity": activity, "excuse": "家中有事"}
    await expect_success(town.resident(), "withdrawFromActivity", "participation { id }", **given)
    assert [tuple(row) for row in await town.fetch(shared, id)] == [(True, "家中有事")]
    await sign(town.resident(), activity)
    assert [tuple(row) for row in await town.fetch(shared, id)] == [(False, None)], "and the excuse is gone"


async def test_activity_of_a_grid_is_for_who_lives_there(town: Any) -> None:
    """Those below it come, too; others see it and do not come, whoever puts them down."""
    activity = await arrange(town.worker, audience="GRID", startsAt=town.server.clock.time.isoformat())
    [(away,)] = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code='610921102' limit 1"
    )
    stranger = town.server.as_("resident", person=str(away))
    assert codes_of((await sign(town.resident(), activity))["errors"]) == []
    assert codes_of((await sign(stranger, activity))["errors"]) == ["NOT_FOR_YOU"]
    office = town.server.as_("grid_leader", grid="610921")
    given = {"activity": activity, "person": f"Person:{away}"}
    assert await refusal_codes(office, "markActivityAttendance", "participation { id }", **given) == ["NOT_FOR_YOU"]


async def test_moving_keeps_the_length_and_tells_everybody(town: Any) -> None:
    activity = await arrange(town.worker, minutes=45, capacity=1)
    for at in range(2):
        await sign(town.resident(at), activity)
    asks = "activity { startsAt endsAt place reason state version }"
    moved = {"activity": activity, "expectedVersion": 1, "startsAt": "2026-07-03T10:00:00+08:00", "reason": "暴雨"}
    done = await expect_success(town.worker, "moveActivity", asks, **moved, place="村小学")
    assert done["activity"] == {
        "startsAt": "2026-07-03T02:00:00+00:00", "endsAt": "2026-07-03T02:45:00+00:00", "place": "村小学",
        "reason": "暴雨", "state": "PLANNED", "version": 2,
    }  # fmt: skip
    for at in range(2):
        answer = await town.resident(at).ask("{ me { notices { nodes { title body } } } }")
        [told] = answer.data["me"]["notices"]["nodes"]
        assert told["title"] == "An activity was moved" and "2026-07-03 10:00" in told["body"]


async def test_ratings_are_shown_from_ten(town: Any) -> None:
    """Each once, of whoever came; what one says is for whoever arranged it."""
    activity = await arrange(town.worker, startsAt=town.server.clock.time.isoformat())
    asked = NODE % "opinion { score answers } feedback { totalCount }"
    for at, score in enumerate((5, 5, 4, 4, 3, 5, 5, 4, 5, 1)):
        assert (await town.server.ask(asked, id=activity)).data["node"]["opinion"] is None
        given = {"activity": activity, "person": town.person(at)}
        await expect_success(town.worker, "markActivityAttendance", "participation { id }", **given)
        await expect_success(town.resident(at), "rateActivity", "feedback { id }", activity=activity, score=score)
    seen = (await town.server.ask(asked, id=activity)).data["node"]
    assert seen == {"opinion": {"score": 4.1, "answers": 10}, "feedback": {"totalCount": 0}}
    assert (await town.worker.ask(asked, id=activity)).data["node"]["feedback"] == {"totalCount": 10}
    assert (await town.resident(3).ask(asked, id=activity)).data["node"]["feedback"] == {"totalCount": 1}
    again = await refusal_codes(town.resident(0), "rateActivity", "feedback { id }", activity=activity, score=1)
    assert again == ["DUPLICATE"]


@pytest.mark.asyncio(loop_scope="function")  # its calendar has all that the town plans
async def test_calendar_shows_moves_and_cancellations(town: Any) -> None:
    """Phones that have fetched a calendar before take changes over: the sequence grows with each."""
    rule = "FREQ=WEEKLY;COUNT=3"
    asks = "series { id activities { id } }"
    made = await expect_success(town.worker, "planActivitySeries", asks, activity=BASE, rule=rule)
    first, second, third = [one["id"] for one in made["series"]["activities"]]
    opened = await expect_success(town.resident(), "openActivityCalendar", "path", kind="GRID", grid="610921100")
    own = await expect_success(town.resident(), "openActivityCalendar", "path", kind="PERSON")
    await sign(town.resident(), first)
    moved = {"activity": second, "expectedVersion": 1, "startsAt": "2026-07-10T15:00:00+08:00", "reason": "场地"}
    await expect_success(town.worker, "moveActivity", "activity { id }", **moved, place="小学")
    gone = {"activity": third, "expectedVersion": 1, "reason": "雨"}
    await expect_success(town.worker, "cancelActivity", "activity { id }", **gone)
    text = (await town.server.client.get(opened["path"])).text.replace("\r\n ", "")
    events = text.split("BEGIN:VEVENT")[1:]
    assert len(events) == 3 and "RRULE:FREQ=WEEKLY;COUNT=3" in events[0]
    change = next(one for one in events if "LOCATION:小学" in one)
    assert "SEQUENCE:1" in change and "RECURRENCE-ID" in change and "T150000" in change
    end = next(one for one in events if "STATUS:CANCELLED" in one)
    assert "RECURRENCE-ID" in end
    mine = (await town.server.client.get(own["path"])).text
    assert mine.count("BEGIN:VEVENT") == 1 and "RRULE" not in mine, "only what one signed up for"
    town.server.clock.move(days=220)
    assert "BEGIN:VEVENT" not in (await town.server.client.get(own["path"])).text, "what is long over is left out"


async def test_calendars_are_bounded_and_closed(town: Any) -> None:
    opened = []
    for _ in range(20):
        made = await expect_success(town.resident(), "openActivityCalendar", "path calendar { id }", kind="PERSON")
        opened.append(made)
    asked = {"kind": "PERSON"}
    assert await refusal_codes(town.resident(), "openActivityCalendar", "path", **asked) == ["TOO_MANY"]
    closing = {"calendar": opened[0]["calendar"]["id"]}
    assert await refusal_codes(town.resident(1), "closeActivityCalendar", "calendar { id }", **closing) == ["NOT_FOUND"]
    done = await expect_success(town.resident(), "closeActivityCalendar", "calendar { closedAt }", **closing)
    town.server.clock.move(hours=1)
    assert await expect_success(town.resident(), "closeActivityCalendar", "calendar { closedAt }", **closing) == done
    assert (await town.server.client.get(opened[0]["path"])).status_code == 404
    assert await refusal_codes(town.resident(), "openActivityCalendar", "path", **asked) == []
    stored = await town.fetch("select encode(digest, 'hex') digest from party.feed")
    secrets = [one["path"].split("/")[-2] for one in opened]
    assert not any(secret in row["digest"] for secret in secrets for row in stored), "the database opens none"


async def test_ended_series_keeps_what_was(town: Any) -> None:
    """What lies ahead is cancelled, whoever signed up is told, and what has taken place stays."""
    asks = "series { id activities { id startsAt } }"
    made = await expect_success(
        town.worker, "planActivitySeries", asks, activity=BASE, rule="FREQ=WEEKLY;COUNT=4", shift="KEEP"
    )
    series, times = made["series"]["id"], made["series"]["activities"]
    await sign(town.resident(), times[2]["id"])
    town.server.clock.time += timedelta(days=9)
    await expect_success(town.worker, "endActivitySeries", "series { endedAt }", series=series, reason="人太少")
    rows = await town.fetch(
        "select state from party.activity where series_id=$1 order by starts_at", UUID(series.partition(":")[2])
    )
    assert [state for (state,) in rows] == ["PLANNED", "PLANNED", "CANCELLED", "CANCELLED"]
    kinds = (await town.resident().ask("{ me { notices { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert [one["kind"] for one in kinds] == ["party.activity_cancelled"]
