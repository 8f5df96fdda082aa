"""Batches: several events in one request, in order within a case, and a bad one of them holds nobody up."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from gongzhi.declare.entity import PAGE
from gongzhi_integrations.webhooks import requesting
from gongzhi_integrations.webhooks.commands import MOST
from gongzhi_integrations.webhooks.pacing import Pace
from gongzhi_integrations.webhooks.sender import BATCHED

from .conftest import Desk
from .receivers import Got


def subjects(got: Got) -> list[str]:
    assert got.headers["content-type"] == BATCHED
    return [one["subject"] for one in got.body]


async def test_events_come_together(desk: Desk) -> None:
    """An array of what is due, signed as one, under an id that is no event's; a single one is an array, too."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    made = await desk.create(batch=10)
    numbers = [await desk.report() for _ in range(4)]
    await desk.deliver()
    [got] = desk.receiver.take()
    assert subjects(got) == numbers and got.signatures == [got.signed(made["secret"])]
    assert [one["sequence"] for one in got.body] == [f"{at:016}" for at in range(1, 5)]
    assert got.headers["webhook-id"] not in [one["id"] for one in got.body]
    last = await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    assert subjects(got) == [last] and got.headers["webhook-id"] == got.body[0]["id"]
    assert {one["state"] for one in await desk.log(made["webhook"]["id"])} == {"DELIVERED"}


async def test_no_more_than_asked_for(desk: Desk) -> None:
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create(batch=3)
    numbers = [await desk.report() for _ in range(7)]
    await desk.deliver()
    # Each is another case's event, so that their requests are under way together and arrive in any order.
    assert sorted(subjects(one) for one in desk.receiver.take()) == [numbers[:3], numbers[3:6], numbers[6:]]


async def test_filter_asks_for_more_cases_than_a_page_has(desk: Desk) -> None:
    """With two requests side by side more is looked at than a list of cases has, and all that meets it is sent."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    made = await desk.create(batch=MOST, filter="{ urgency: { equals: URGENT } }")
    desk.worker.paces[UUID(made["webhook"]["id"].partition(":")[2])] = Pace(window=2)
    numbers = [await desk.report(urgency="URGENT") for _ in range(PAGE + 5)]
    plain = await desk.report()
    await desk.deliver()
    got = [number for one in desk.receiver.take() for number in subjects(one)]
    assert sorted(got) == sorted(numbers) and plain not in got


async def test_each_case_in_order(desk: Desk) -> None:
    """Of one case the next event comes in another request, when the one before has been taken."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create(batch=10)
    numbers = [await desk.report() for _ in range(2)]
    for number in numbers:
        await desk.accept(number)
    await desk.deliver()
    got = [[(one["subject"], one["type"]) for one in got.body] for got in desk.receiver.take()]
    assert got == [[(number, type) for number in numbers] for type in ("case.reported", "case.accepted")]


async def test_bad_event_holds_nobody_up(desk: Desk) -> None:
    """A refused batch is sent once more, at once and one by one; what is refused by itself waits as ever."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    made = await desk.create(batch=10)
    numbers = [await desk.report() for _ in range(5)]
    desk.receiver.answer = lambda got: (422 if numbers[2] in subjects(got) else 204, "")
    await desk.deliver()
    first, *others = [subjects(one) for one in desk.receiver.take()]
    assert first == numbers and sorted(others) == [[one] for one in numbers]
    log = await desk.log(made["webhook"]["id"])
    assert [one["state"] for one in log].count("DELIVERED") == 4
    [bad] = [one for one in log if one["state"] == "WAITING"]
    assert (bad["attempts"], bad["status"]) == (2, 422) and bad["nextAttemptAt"] > desk.clock().isoformat()
    new = [await desk.report() for _ in range(2)]
    desk.clock.move(minutes=2)
    await desk.deliver()
    assert sorted(subjects(one) for one in desk.receiver.take()) == [[numbers[2]], new]


@pytest.mark.parametrize("status", [429, 503])
async def test_who_is_busy_is_sent_no_singles(desk: Desk, status: int) -> None:
    """That says nothing of the events: they come together again, when the receiver asked for it."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create(batch=10)
    numbers = [await desk.report() for _ in range(3)]
    desk.receiver.answer = lambda got: (status, "retry-after: 60\r\n")
    await desk.deliver()
    assert [subjects(one) for one in desk.receiver.take()] == [numbers]
    desk.receiver.answer = lambda got: (204, "")
    desk.clock.move(seconds=61)
    await desk.deliver()
    assert [subjects(one) for one in desk.receiver.take()] == [numbers]


async def test_size_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit comes in the next request."""
    monkeypatch.setattr(requesting, "LARGEST", 1000)
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create(batch=10)
    numbers = [await desk.report() for _ in range(5)]
    await desk.deliver()
    got = desk.receiver.take()
    assert sum((subjects(one) for one in got), []) == numbers
    assert len(got) > 1 and all(len(one.text) < 1100 for one in got)


async def test_endpoint_changes_its_batch(desk: Desk) -> None:
    id = (await desk.create())["webhook"]["id"]
    selection = "webhook { batch version }"
    changed = await desk.system.do("updateWebhook", selection, webhook=id, expectedVersion=1, batch=50)
    assert changed["webhook"] == {"batch": 50, "version": 2}
    for wrong in (0, 101):
        refused = await desk.system.do("updateWebhook", selection, webhook=id, expectedVersion=2, batch=wrong)
        assert [one["path"] for one in refused["errors"]] == [["batch"]]


def test_what_goes_alone() -> None:
    """What was refused, and what was not answered twice; nothing joins it."""
    tried = [(0, None), (0, None), (1, None), (1, 503), (1, 422), (2, None), (0, None)]
    due: list[Any] = [{"attempts": attempts, "status": status} for attempts, status in tried]
    assert [len(one) for one in requesting.group(due, 10)] == [4, 1, 1, 1]
    assert [len(one) for one in requesting.group(due[:4], 1)] == [1, 1, 1, 1]


def test_id_of_a_batch() -> None:
    """The same for the same events, so that a receiver can tell a repetition."""
    one, other = ({"event_id": uuid4()} for _ in range(2))
    assert requesting.find_id([one]) == one["event_id"]
    assert requesting.find_id([one, other]) == requesting.find_id([one, other]) != requesting.find_id([other, one])
