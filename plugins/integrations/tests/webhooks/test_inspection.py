"""What an endpoint's owner learns of its deliveries, what may choose them, and what is sent along."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from gongzhi_integrations.webhooks.checks import CHECKS
from gongzhi_server.testing import Server, codes_of

from .conftest import Desk, enrol
from .receivers import Got

HEALTH = "query($id: ID!) { node(id: $id) { ... on Webhook { lag successRate filter } } }"
INSPECTED = "headers body status answer seconds"
BEARER = "Bearer der-schluessel-17"


async def inspect(caller: Server, delivery: str) -> dict[str, Any]:
    return dict(await caller.do("inspectWebhookDelivery", INSPECTED, delivery=delivery))


async def test_owner_sees_what_was_sent_and_answered(desk: Desk) -> None:
    """Without what proves who sent it, and as long as they may know of the event; the answer lies sealed."""
    made = await desk.create(authorization=BEARER)
    desk.receiver.keeps, desk.receiver.answer = True, lambda got: (422, "no such order: 13800007777")
    await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    [logged] = await desk.log(made["webhook"]["id"])
    found = await inspect(desk.system, logged["id"])
    assert found["body"] == got.text and found["status"] == 422 and 0 <= found["seconds"] < 20
    assert found["answer"] == "no such order: 13800007777"
    sent = {name: got.headers[name] for name in ("webhook-id", "webhook-timestamp", "content-type", "user-agent")}
    assert found["headers"] == {**sent, "webhook-signature": "v1,…", "authorization": "…"}
    assert b"13800007777" not in await desk.connection.fetchval("select sealed_answer from webhooks.delivery")
    other = desk.server.as_("administrator")
    assert codes_of((await inspect(other, logged["id"]))["errors"]) == ["FORBIDDEN"]
    await desk.connection.execute("update accounts.key set permissions = '{webhooks.edit}' where label = 'test'")
    desk.clock.move(minutes=10)
    later = await inspect(desk.system, logged["id"])
    assert later["body"] is None and later["status"] == 422


async def test_batch_is_shown(desk: Desk) -> None:
    """With its id and its headers, and where in it the event stood; an array of one is one, too."""
    await desk.deliver()  # of what other tests have left nothing is counted here
    id = (await desk.create(batch=10))["webhook"]["id"]
    for _ in range(3):
        await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    asked = "headers body batchSize batchPlace"
    for place, event in enumerate(got.body, 1):
        [logged] = [one for one in await desk.log(id) if one["event"] == event["id"]]
        found = await desk.system.do("inspectWebhookDelivery", asked, delivery=logged["id"])
        assert (found["batchSize"], found["batchPlace"], orjson.loads(found["body"])) == (3, place, event)
        assert {name: found["headers"][name] for name in ("webhook-id", "content-type")} == {
            name: got.headers[name] for name in ("webhook-id", "content-type")
        }
    # What it is sent as from now on changes nothing of what was.
    await desk.system.do("updateWebhook", "webhook { id }", webhook=id, expectedVersion=1, batch=1)
    single = await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    for event, size, media in ((logged["event"], 3, "batch"), (got.body["id"], None, "cloudevents+json")):
        [one] = [one for one in await desk.log(id) if one["event"] == event]
        found = await desk.system.do("inspectWebhookDelivery", asked, delivery=one["id"])
        assert found["batchSize"] == size and media in found["headers"]["content-type"]
    assert got.body["subject"] == single


LATE = """insert into webhooks.delivery (id, webhook_id, event_id, position, type, at, state, attempts, next_attempt_at)
select uuidv7(), id, uuidv7(), 1, 'case.reported', now() - $1::interval, 'WAITING', 0, now() - $2::interval
from webhooks.webhook"""


async def test_operators_are_told_how_late_deliveries_are(desk: Desk) -> None:
    """In seconds, once one that is due has waited for a minute; what is paused or tried later waits rightly."""
    [lag] = [one.sql for one in CHECKS if one.name == "webhooks.lag"]
    await desk.create()
    await desk.connection.execute(LATE, timedelta(hours=1), timedelta(seconds=-30))
    await desk.connection.execute(LATE, timedelta(seconds=50), None)
    assert await desk.connection.fetchval(lag) == 0
    await desk.connection.execute(LATE, timedelta(hours=1), timedelta(seconds=90))
    assert 90 <= await desk.connection.fetchval(lag) < 600
    await desk.connection.execute("update webhooks.webhook set state = 'PAUSED'")
    assert await desk.connection.fetchval(lag) == 0


async def test_one_delivery_is_sent_again(desk: Desk) -> None:
    """The same, whether or not it was taken, and no other."""
    made = await desk.create()
    await desk.report()
    await desk.report()
    await desk.deliver()
    first, _ = desk.receiver.take()
    logged = [one for one in await desk.log(made["webhook"]["id"]) if one["event"] == first.body["id"]]
    again = await desk.system.do("resendWebhookDelivery", "delivery { state }", delivery=logged[0]["id"])
    assert again == {"delivery": {"state": "WAITING"}, "errors": []}
    await desk.deliver()
    [resent] = desk.receiver.take()
    assert resent.text == first.text and resent.headers["webhook-id"] == first.headers["webhook-id"]
    await enrol(desk.connection, "other", key := "gzk_" + "o" * 43)
    try:
        refused = await desk.server.with_token(key).do(
            "resendWebhookDelivery", "delivery { id }", delivery=logged[0]["id"]
        )
        assert codes_of(refused["errors"]) == ["NOT_FOUND"]
    finally:
        await desk.connection.execute("delete from accounts.account where name = 'other'")
    await desk.system.do("setWebhookActive", "webhook { id }", webhook=made["webhook"]["id"], active=False)
    paused = await desk.system.do("resendWebhookDelivery", "delivery { id }", delivery=logged[0]["id"])
    assert codes_of(paused["errors"]) == ["ILLEGAL_TRANSITION"]


async def test_lag_and_success_are_told(desk: Desk) -> None:
    """Of what was tried: what nobody has been asked about yet would tell of cases one may not see."""
    made = await desk.create()
    id = made["webhook"]["id"]
    assert (await desk.system.ask(HEALTH, id=id)).data["node"] == {"lag": None, "successRate": None, "filter": None}
    stuck = await desk.report()
    for _ in range(3):
        await desk.report()
    desk.receiver.answer = lambda got: (422 if got.body["subject"] == stuck else 204, "")
    await desk.deliver()
    desk.clock.move(seconds=90)
    assert (await desk.system.ask(HEALTH, id=id)).data["node"] == {"lag": 90, "successRate": 0.75, "filter": None}
    await desk.report(kind="TIP_OFF", against="610921-GDGS")
    desk.clock.move(days=1, seconds=1)
    found = (await desk.system.ask(HEALTH, id=id)).data["node"]
    assert found["lag"] > 86_400 and found["successRate"] is None


async def test_sequence_grows(desk: Desk) -> None:
    """By one with each event that is sent, as texts are compared; an event that comes again has the one it had."""
    await desk.create()
    number = await desk.report()
    await desk.accept(number)
    await desk.report(kind="TIP_OFF", against="610921-GDGS")
    await desk.report()
    await desk.deliver()
    got = {one.body["id"]: one.body for one in desk.receiver.take()}
    numbers = sorted(one["sequence"] for one in got.values())
    assert numbers == [f"{at:016}" for at in range(1, 4)]
    case = [one["sequence"] for one in got.values() if one["subject"] == number]
    assert case == sorted(case)


async def test_authorization_is_sent_and_sealed(desk: Desk) -> None:
    made = await desk.create(authorization=BEARER)
    id = made["webhook"]["id"]
    await desk.report()
    await desk.deliver()
    assert [one.headers["authorization"] for one in desk.receiver.take()] == [BEARER]
    for table in ("webhooks.webhook", "webhooks.delivery", "accounts.answer"):
        if await desk.connection.fetchval("select to_regclass($1)", table):
            held = await desk.connection.fetchval(f"select count(*) from {table} t where t::text like '%schluessel%'")
            assert held == 0, table
    changed = await desk.system.do(
        "updateWebhook", "webhook { version }", webhook=id, expectedVersion=1, authorization=None
    )
    assert changed["errors"] == []
    await desk.report()
    await desk.deliver()
    assert all("authorization" not in one.headers for one in desk.receiver.take())
    for bad in ("", " Bearer x", "Bearer x\r\nx-more: 1", "共治", "x" * 1001):
        refused = await desk.system.do(
            "createWebhook", "webhook { id }", url=desk.receiver.url, grid="610921", authorization=bad
        )
        assert [one["path"] for one in refused["errors"]] == [["authorization"]], bad


async def test_authorization_stays_with_its_receiver(desk: Desk) -> None:
    """At another scheme, host or port it is given anew, or is none any more; another path is the same receiver."""
    id = (await desk.create(authorization=BEARER))["webhook"]["id"]
    port = desk.receiver.port

    async def move(version: int, url: str, **more: Any) -> list[Any]:
        moved = await desk.system.do(
            "updateWebhook", "webhook { id }", webhook=id, expectedVersion=version, url=url, **more
        )
        return [(one["code"], one["path"]) for one in moved["errors"]]

    for url in (
        "http://127.0.0.2/",
        "http://127.0.0.1/",
        f"https://127.0.0.1:{port}/",
        f"http://127.0.0.1:{port + 1}/",
    ):
        assert await move(1, url) == [("BAD_USER_INPUT", ["authorization"])], url
    assert await move(1, f"HTTP://127.0.0.1:{port}/other") == []
    await desk.report()
    await desk.deliver()
    assert [one.headers["authorization"] for one in desk.receiver.take()] == [BEARER]
    assert await move(2, "http://127.0.0.2/", authorization="Bearer another") == []
    assert await move(3, desk.receiver.url, authorization=None) == []
    await desk.report()
    await desk.deliver()
    assert ["authorization" in one.headers for one in desk.receiver.take()] == [False]


FILTER = "{ urgency: { in: [URGENT, EMERGENCY] } }"


async def test_filter_chooses_by_the_case(desk: Desk) -> None:
    """As it is when the event is first sent; what does not meet it leaves no trace, and sequence has no hole."""
    made = await desk.create(filter=FILTER)
    shown = (await desk.system.ask(HEALTH, id=made["webhook"]["id"])).data["node"]["filter"]
    assert shown == "{ urgency: { in: [URGENT, EMERGENCY] } }"
    await desk.report()
    urgent = await desk.report(urgency="URGENT")
    await desk.report()
    await desk.accept(urgent)
    await desk.deliver()
    got = desk.receiver.take()
    assert [one.body["subject"] for one in got] == [urgent, urgent]
    assert [one.body["sequence"] for one in got] == ["0000000000000001", "0000000000000002"]
    assert len(await desk.log(made["webhook"]["id"])) == 2
    await desk.system.do(
        "updateWebhook", "webhook { id }", webhook=made["webhook"]["id"], expectedVersion=1, filter=None
    )
    plain = await desk.report()
    await desk.deliver()
    assert plain in [one.body["subject"] for one in desk.receiver.take()]


BAD = (
    "urgency", "{ nothing: { equals: 1 } }", "{ urgency: { equals: LOUD } }", "{ urgency: $u }", "[]",
    '{ title: { contains: "张三" } }', '{ not: { title: { equals: "路灯" } } }', "{} } { x", "{" * 300,
    "{ and: [" + "{ urgency: { equals: URGENT } }, " * 300 + "] }",
)  # fmt: skip


async def test_filters_fit_and_look_into_no_text(desk: Desk) -> None:
    for bad in BAD:
        payload = await desk.system.do(
            "createWebhook", "webhook { id }", url=desk.receiver.url, grid="610921", filter=bad
        )
        assert payload["webhook"] is None, bad
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [("BAD_USER_INPUT", ["filter"])], bad


@pytest.mark.parametrize("status", [200, 500])
async def test_long_answers_are_cut(desk: Desk, status: int) -> None:
    """And those that are no text are told as far as they are."""
    made = await desk.create()

    def answer(got: Got) -> tuple[int, str]:
        return status, "x" * 10_000

    desk.receiver.keeps, desk.receiver.answer = True, answer
    await desk.report()
    await desk.deliver()
    [logged] = await desk.log(made["webhook"]["id"])
    assert (await inspect(desk.system, logged["id"]))["answer"] == "x" * 2_000
