"""What an endpoint gets, how often, and in which order."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from gongzhi.core.accounts.secrets import key_digest
from gongzhi.runtime.sealing import KeyRing
from gongzhi_integrations.webhooks.deliveries import take_events
from gongzhi_integrations.webhooks.holdings import HOLDINGS
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.storage import key_ring
from gongzhi_server.storage.lost_answers import destroy_answers
from gongzhi_server.testing import SECRET

from .conftest import ROLE, Desk


async def test_event_arrives_signed(desk: Desk) -> None:
    made = await desk.create(types=["case.reported"])
    number = await desk.report()
    await desk.accept(number)
    await desk.deliver()
    [got] = desk.receiver.take()
    assert got.signatures == [got.signed(made["secret"])]
    assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    body = got.body
    assert body["id"] == got.headers["webhook-id"] and body["specversion"] == "1.0" and body["subject"] == number
    assert body["data"] == {
        "version": 1,
        "actor": "STAFF",
        "facts": {"number": number},
        "case": {"number": number, "status": "ACCEPTED"},
    }
    [logged] = await desk.log(made["webhook"]["id"])
    assert logged == {
        "id": logged["id"], "event": body["id"], "type": "case.reported", "state": "DELIVERED", "attempts": 1,
        "status": 204, "error": None, "nextAttemptAt": None,
    }  # fmt: skip
    await desk.deliver()
    assert desk.receiver.got == []


async def test_failed_case_waits_in_order(desk: Desk) -> None:
    """What cannot be delivered holds back its own case; bodies stay what they were when first tried."""
    await desk.create()
    stuck = await desk.report()
    desk.receiver.answer = lambda got: (500 if got.body["subject"] == stuck else 200, "")
    await desk.deliver()
    await desk.accept(stuck)
    desk.clock.move(seconds=13)
    other = await desk.report()
    await desk.deliver()
    first = desk.receiver.take()
    assert [one.body["subject"] for one in first] == [stuck, other, stuck]  # what is new goes before what was refused
    desk.receiver.answer = lambda got: (200, "")
    desk.clock.move(hours=1)
    await desk.deliver()
    later = desk.receiver.take()
    assert [one.body["type"] for one in later if one.body["subject"] == stuck] == ["case.reported", "case.accepted"]
    assert [one.body["subject"] for one in later] == [stuck, stuck]
    assert later[0].text == first[0].text and later[0].body["data"]["case"]["status"] == "REPORTED"


async def test_hidden_cases_stay_hidden(desk: Desk) -> None:
    """A tip-off is nothing to an integrator, not even a line in the log; grants are looked at when it is sent."""
    made = await desk.create()
    await desk.report(kind="TIP_OFF", against="610921-GDGS")
    await desk.deliver()
    await desk.report()
    await desk.connection.execute("update accounts.holding set until = $1 where role = 'integrator'", desk.clock())
    await desk.deliver()
    assert desk.receiver.got == []
    assert await desk.connection.fetchval("select count(*) from webhooks.delivery") == 0
    assert made["errors"] == []


async def test_kept_body_is_asked_for_again(desk: Desk) -> None:
    """What was tried once, and may not be known any more, is not sent again."""
    made = await desk.create()
    await desk.report()
    desk.receiver.answer = lambda got: (500, "")
    await desk.deliver()
    assert len(desk.receiver.take()) == 1
    await desk.connection.execute("update accounts.holding set until = $1 where role = 'integrator'", desk.clock())
    desk.clock.move(minutes=1)
    await desk.deliver()
    assert desk.receiver.got == []
    left = await desk.connection.fetchval("select count(*) from webhooks.delivery")
    assert (left, made["errors"]) == (0, [])


async def test_other_grids_are_left_out(desk: Desk) -> None:
    await desk.create(grid="610921101")
    elsewhere = await desk.connection.fetchval(
        "select code from grids.grid where kind = 'VILLAGE' and valid_to is null and code not like '610921101%' limit 1"
    )
    await desk.report(grid=elsewhere)
    inside = await desk.report()
    await desk.deliver()
    assert [one.body["subject"] for one in desk.receiver.got] == [inside]


@pytest.mark.parametrize("status", [301, 302, 400, 404, 503])
async def test_only_2xx_is_taken(desk: Desk, status: int) -> None:
    made = await desk.create()
    await desk.report()
    desk.receiver.answer = lambda got: (status, "location: http://127.0.0.1:1/\r\n")
    await desk.deliver()
    [logged] = await desk.log(made["webhook"]["id"])
    assert logged["state"] == "WAITING" and logged["status"] == status and logged["nextAttemptAt"]
    assert len(desk.receiver.got) == 1


async def test_retry_after_is_honoured(desk: Desk) -> None:
    await desk.create()
    await desk.report()
    desk.receiver.answer = lambda got: (503, "retry-after: 7200\r\n")
    await desk.deliver()
    desk.clock.move(minutes=119)
    await desk.deliver()
    assert len(desk.receiver.got) == 1
    desk.clock.move(minutes=2)
    await desk.deliver()
    assert len(desk.receiver.got) == 2


async def test_gone_disables(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    made = await desk.create()
    await desk.report()
    desk.receiver.answer = lambda got: (410, "")
    await desk.deliver()
    await desk.log(made["webhook"]["id"])
    assert desk.state == ("DISABLED", "GONE")
    assert await told(desk) == ["webhook.disabled"]
    assert f"{made['webhook']['id']} is disabled: GONE" in caplog.text


async def test_paused_meanwhile_is_not_disabled(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Its owner was quicker than the worker: nothing is disabled, told or logged."""
    made = await desk.create()
    id, key = made["webhook"]["id"], made["webhook"]["id"].partition(":")[2]
    await desk.system.do("setWebhookActive", "webhook { state }", webhook=id, active=False)
    with acting_as("integrations"):
        session = desk.worker.begin_session(UUID(key), account=uuid4())
        await session.disable({"id": key, "account": "hotline"}, "GONE")
    await desk.log(id)
    assert desk.state == ("PAUSED", None)
    assert await desk.connection.fetch("select 1 from notices.notice where kind like 'webhook%'") == []
    assert "is disabled" not in caplog.text


async def test_endpoints_belong_to_accounts(desk: Desk) -> None:
    """A token of a provider whose account is not on file may the same, and has nothing to keep an endpoint with."""
    stranger = desk.server.as_("integrator", sub="nobody-on-file", grid="610921")
    payload = await stranger.do("createWebhook", "webhook { id }", url=desk.receiver.url, grid="610921")
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("UNAUTHENTICATED", [])]


async def test_lasting_failure_disables_and_loses_nothing(desk: Desk) -> None:
    made = await desk.create()
    numbers = [await desk.report() for _ in range(3)]
    desk.receiver.answer = lambda got: (500, "")
    for _ in range(200):
        await desk.deliver()
        desk.clock.move(minutes=10)
    await desk.log(made["webhook"]["id"])
    assert desk.state == ("DISABLED", "FAILING")
    assert await told(desk) == ["webhook.disabled"]
    assert 10 < len(desk.receiver.take()) < 100
    desk.receiver.answer = lambda got: (200, "")
    payload = await desk.system.do(
        "setWebhookActive", "webhook { state reason }", webhook=made["webhook"]["id"], active=True
    )
    assert payload["webhook"] == {"state": "ACTIVE", "reason": None}
    desk.clock.move(hours=8)
    await desk.deliver()
    assert sorted(one.body["subject"] for one in desk.receiver.got) == sorted(numbers)


async def test_suspended_account_gets_nothing(desk: Desk) -> None:
    made = await desk.create()
    await desk.report()
    await desk.connection.execute("update accounts.account set suspended_at = $1 where name = 'hotline'", desk.clock())
    await desk.deliver()
    assert desk.receiver.got == []
    reason = await desk.connection.fetchval("select reason from webhooks.webhook")
    assert (reason, made["errors"]) == ("ACCOUNT", [])


async def test_revoked_key_stops_its_endpoints(desk: Desk) -> None:
    """At once, with a notice, and whether or not anything is due; another key of the account has it go on."""
    made = await desk.create()
    number = await desk.report()
    await desk.connection.execute("update accounts.key set revoked_at = $1", desk.clock())
    await desk.deliver()
    assert desk.receiver.got == [] and await told(desk) == ["webhook.disabled"]
    assert await desk.connection.fetchval("select reason from webhooks.webhook") == "KEY"
    other = "gzk_" + "o" * 43
    await desk.connection.execute(
        "insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at) "
        "select gen_random_uuid(), account_id, 'other', $1, permissions, created_at, created_by, expires_at "
        "from accounts.key where label = 'test' and revoked_at is not null limit 1",
        key_digest(other),
    )
    system = desk.server.with_token(other)
    await system.do("setWebhookActive", "webhook { state }", webhook=made["webhook"]["id"], active=True)
    await desk.deliver()
    assert [one.body["subject"] for one in desk.receiver.take()] == [number]
    await desk.connection.execute("update accounts.key set expires_at = $1 where label = 'other'", desk.clock())
    await desk.deliver()
    assert await desk.connection.fetchval("select reason from webhooks.webhook") == "KEY"


WIDER = (
    "permissions = null, key_id = null",  # whoever made it was signed in
    "key_id = gen_random_uuid()",  # made with another key
    "permissions = permissions || '{cases.oversee}'::text[]",
)


@pytest.mark.parametrize("wider", WIDER)
async def test_key_changes_no_wider_endpoint(desk: Desk, wider: str) -> None:
    """Nor has it anything sent there. Once activated with the key, the endpoint gets no more than that may."""
    id = (await desk.create())["webhook"]["id"]
    await desk.report()
    await desk.deliver()
    desk.receiver.take()
    [logged] = await desk.log(id)
    await desk.connection.execute(f"update webhooks.webhook set {wider}")
    asked: dict[str, dict[str, Any]] = {
        "updateWebhook": {"webhook": id, "expectedVersion": 1, "url": "http://127.0.0.1:9/"},
        "rotateWebhookSecret": {"webhook": id},
        "testWebhook": {"webhook": id},
        "replayWebhook": {"webhook": id, "since": desk.clock().isoformat()},
        "resendWebhookDelivery": {"delivery": logged["id"]},
    }
    for command, given in asked.items():
        refused = await desk.system.do(command, "errors { code path }", **given)
        found = [(one["code"], one["path"]) for one in refused["errors"]]
        assert found == [("FORBIDDEN", [next(iter(given))])], command
    await desk.deliver()
    assert desk.receiver.take() == []
    await desk.system.do("setWebhookActive", "webhook { id }", webhook=id, active=True)
    bound = await desk.connection.fetchrow("select permissions, key_id from webhooks.webhook")
    assert (bound["permissions"], bound["key_id"] is None) == (sorted(ROLE), False)
    assert (await desk.system.do("testWebhook", "delivery { id }", webhook=id))["errors"] == []


async def test_second_rotation_keeps_the_first_promise(desk: Desk) -> None:
    made = await desk.create()
    id = made["webhook"]["id"]
    second = await desk.system.do("rotateWebhookSecret", "secret", webhook=id, overlap=48)
    third = await desk.system.do("rotateWebhookSecret", "webhook { secretOverlapsUntil } secret", webhook=id, overlap=1)
    assert third["webhook"]["secretOverlapsUntil"].startswith((desk.clock() + timedelta(hours=48)).strftime("%FT%T"))
    for hours, signing in ((0, (third, second, made)), (1, (third, made)), (48, (third,))):
        desk.clock.move(hours=hours)
        await desk.report()
        await desk.deliver()
        [got] = desk.receiver.take()
        assert got.signatures == [got.signed(one["secret"]) for one in signing]
    for _ in range(4):
        await desk.system.do("rotateWebhookSecret", "secret", webhook=id)
    refused = await desk.system.do("rotateWebhookSecret", "errors { path }", webhook=id)
    assert refused["errors"][0]["path"] == ["webhook"]


async def test_lost_answer_is_asked_for_again(desk: Desk) -> None:
    """By the same key and within ten minutes; then it is gone from the database as well."""
    asked = {"url": desk.receiver.url, "grid": "610921", "idempotencyKey": "once"}
    made = await desk.system.do("createWebhook", "webhook { id } secret", **asked)
    desk.clock.move(minutes=9)
    assert await desk.system.do("createWebhook", "webhook { id } secret", **asked) == made
    assert await desk.connection.fetchval("select count(*) from webhooks.webhook") == 1
    stored = await desk.connection.fetchval("select result::text from journal.request where idempotency_key = 'once'")
    assert "@sealed" in stored and made["secret"] not in stored
    await destroy_answers(desk.connection.execute, desk.clock())
    assert await desk.system.do("createWebhook", "webhook { id } secret", **asked) == made
    desk.clock.move(minutes=1)
    assert (await desk.system.do("createWebhook", "webhook { id } secret", **asked))["secret"] is None
    await destroy_answers(desk.connection.execute, desk.clock())
    stored = await desk.connection.fetchval("select result::text from journal.request where idempotency_key = 'once'")
    assert "@sealed" not in stored
    other = await desk.system.do("createWebhook", "secret", **{**asked, "url": f"{desk.receiver.url}&other"})
    assert other["errors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED" and other["secret"] is None


async def test_secrets_overlap(desk: Desk) -> None:
    made = await desk.create()
    id = made["webhook"]["id"]
    rotated = await desk.system.do("rotateWebhookSecret", "webhook { id } secret", webhook=id, overlap=2)
    await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    assert got.signatures == [got.signed(rotated["secret"]), got.signed(made["secret"])]
    desk.clock.move(hours=2)
    await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    assert got.signatures == [got.signed(rotated["secret"])]
    stored = await desk.connection.fetch("select secret from webhooks.webhook")
    assert made["secret"] not in str(stored)


async def test_replay_sends_the_same(desk: Desk) -> None:
    before = await desk.report()  # there is no endpoint yet
    await desk.deliver()
    since = desk.clock()
    made = await desk.create()
    await desk.report()
    await desk.deliver()
    [once] = desk.receiver.take()
    desk.clock.move(minutes=1)
    payload = await desk.system.do(
        "replayWebhook", "webhook { id }", webhook=made["webhook"]["id"], since=since.isoformat()
    )
    assert payload["errors"] == []
    await desk.deliver()
    again = desk.receiver.take()
    assert once.text in [one.text for one in again] and before in [one.body["subject"] for one in again]


async def test_try_button(desk: Desk) -> None:
    made = await desk.create(types=["case.closed"])
    payload = await desk.system.do("testWebhook", "delivery { id state }", webhook=made["webhook"]["id"])
    assert payload["delivery"]["state"] == "WAITING"
    await desk.deliver()
    [got] = desk.receiver.got
    assert got.body["type"] == "webhook.test" and got.signatures == [got.signed(made["secret"])]
    [logged] = await desk.log(made["webhook"]["id"])
    assert logged["id"] == payload["delivery"]["id"] and logged["state"] == "DELIVERED"


async def test_paused_endpoint_catches_up(desk: Desk) -> None:
    made = await desk.create()
    id = made["webhook"]["id"]
    await desk.system.do("setWebhookActive", "webhook { state }", webhook=id, active=False)
    number = await desk.report()
    await desk.deliver()
    assert desk.receiver.got == []
    await desk.system.do("setWebhookActive", "webhook { state }", webhook=id, active=True)
    await desk.deliver()
    assert [one.body["subject"] for one in desk.receiver.got] == [number]


async def test_what_is_thrown_away_is_told(desk: Desk) -> None:
    """An endpoint that was paused for longer than events are kept: it says so, with a notice, and goes on behind it."""
    made = await desk.create()
    id = made["webhook"]["id"]
    started = desk.clock()
    await desk.system.do("setWebhookActive", "webhook { state }", webhook=id, active=False)
    await desk.report()
    await desk.deliver()
    desk.clock.move(days=1)
    number = await desk.report()
    await desk.connection.execute("select events.number(1000)")
    try:
        await desk.connection.execute("update events.counter set gone = given - 1")
        await desk.connection.execute("delete from events.outbox where position <= (select gone from events.counter)")
        await desk.system.do("setWebhookActive", "webhook { state }", webhook=id, active=True)
        await desk.deliver()
        await desk.deliver()
        assert [one.body["subject"] for one in desk.receiver.take()] == [number]
        assert await told(desk) == ["webhook.missed"]
        query = "query($id: ID!) { node(id: $id) { ... on Webhook { missedUntil state } } }"
        answer = await desk.system.ask(query, id=id)
        assert answer.data["node"] == {"missedUntil": desk.clock().isoformat(), "state": "ACTIVE"}
        refused = await desk.system.do("replayWebhook", "webhook { id }", webhook=id, since=started.isoformat())
        assert [(one["code"], one["path"]) for one in refused["errors"]] == [("CURSOR_EXPIRED", ["since"])]
        again = await desk.system.do("replayWebhook", "webhook { id }", webhook=id, since=desk.clock().isoformat())
        assert again["errors"] == []
    finally:
        await desk.connection.execute("update events.counter set gone = 0")


async def test_log_tells_of_nothing_that_was_not_asked(desk: Desk) -> None:
    """What waits behind an endpoint that fails has not been asked for yet, and may be what nobody there may know of."""
    made = await desk.create()
    await desk.report()
    desk.receiver.answer = lambda got: (503, "retry-after: 3600\r\n")
    await desk.deliver()
    await desk.report(kind="TIP_OFF", against="610921-GDGS")
    await desk.deliver()
    await desk.connection.execute("update webhooks.webhook set rests_until = $1", desk.clock())
    await take_events(desk.worker.pool, (), desk.clock())
    assert await desk.connection.fetchval("select count(*) from webhooks.delivery") == 2
    assert [one["attempts"] for one in await desk.log(made["webhook"]["id"])] == [1]


async def test_clock_that_is_ahead_delays_nothing(desk: Desk) -> None:
    """What a process puts down, or tries, whose clock is two hours ahead is due for others as if it were right."""
    await desk.create()
    desk.clock.time = datetime.now(UTC) + timedelta(hours=2)
    await desk.report()
    await desk.connection.execute("select events.number(1000)")
    assert await take_events(desk.worker.pool, (), desk.clock())
    desk.clock.time = datetime.now(UTC)
    await desk.deliver()
    assert len(desk.receiver.take()) == 1
    desk.clock.move(hours=2)
    desk.receiver.answer = lambda got: (503, "retry-after: 60\r\n")
    await desk.report()
    await desk.deliver()
    assert len(desk.receiver.take()) == 1  # it does not try again at once, either
    waits = await desk.connection.fetchval("select max(next_attempt_at) - now() from webhooks.delivery")
    rests = await desk.connection.fetchval("select max(rests_until) - now() from webhooks.webhook")
    assert timedelta() < rests <= waits + timedelta(seconds=1) < timedelta(minutes=2)


async def test_clock_that_is_ahead_delays_nothing_that_is_asked_for(desk: Desk) -> None:
    """What is tried out, sent again or replayed through a process whose clock is two hours ahead goes out at once."""
    desk.clock.time = datetime.now(UTC)
    id = (await desk.create())["webhook"]["id"]
    since = desk.clock().isoformat()
    await desk.report()
    await desk.deliver()
    [delivered] = await desk.log(id)
    for field, given in (
        ("testWebhook", {"webhook": id}),
        ("resendWebhookDelivery", {"delivery": delivered["id"]}),
        ("replayWebhook", {"webhook": id, "since": since}),
    ):
        desk.receiver.take()
        desk.clock.move(hours=2)
        assert (await desk.system.do(field, "errors { code }", **given))["errors"] == []
        desk.clock.time = datetime.now(UTC)  # the database's goes on
        await desk.deliver()
        assert desk.receiver.take(), field


async def test_one_worker_at_a_time(desk: Desk) -> None:
    """While another process holds an endpoint's lock, this one leaves it alone."""
    made = await desk.create()
    id = made["webhook"]["id"].removeprefix("Webhook:")
    await desk.report()
    await desk.connection.execute("select pg_advisory_lock(hashtextextended($1::uuid::text, 8))", id)
    await desk.deliver()
    assert desk.receiver.got == []
    await desk.connection.execute("select pg_advisory_unlock_all()")
    await desk.deliver()
    assert len(desk.receiver.got) == 1


async def told(desk: Desk) -> list[Any]:
    rows = await desk.connection.fetch("select kind, account from notices.notice where kind like 'webhook%'")
    assert {row["account"] for row in rows} == {"hotline"}
    return [row["kind"] for row in rows]


async def test_secrets_move_with_the_ring(desk: Desk) -> None:
    """Once the old key is dropped, deliveries are still signed with the secrets that receivers have, and authorized."""
    made = await desk.create(authorization="Bearer der-schluessel")
    await desk.system.do("rotateWebhookSecret", "secret", webhook=made["webhook"]["id"])
    old = hashlib.sha256(b"gongzhi keys " + SECRET.encode()).digest()
    ring = KeyRing({"new": b"n" * 32, "main": old})
    for column in key_ring.wrapped_columns(HOLDINGS):
        await key_ring.rewrap_batch(desk.connection, ring, column, 100)
    desk.worker.keys = KeyRing({"new": b"n" * 32})
    await desk.report()
    await desk.deliver()
    [got] = desk.receiver.got
    assert got.signatures[1] == got.signed(made["secret"]) and got.headers["authorization"] == "Bearer der-schluessel"
