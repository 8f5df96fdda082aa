"""Signing in over HTTP: names and passwords, sessions, guessing, invitations."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from gongzhi_server.app import create_app
from gongzhi_server.auth.devices import Devices
from gongzhi_server.auth.passwords import Passwords
from gongzhi_server.auth.signing_keys import derive_key
from gongzhi_server.testing import SECRET, TODAY, Clock, Server, serve_application, settings_for_tests
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from .conftest import PASSWORD, TOGETHER, Enrol, bestow, is_signed_out, name_of, until

pytestmark = TOGETHER
ME = "{ me { account role } }"


async def test_signs_in_and_out(server: Server, enrol: Enrol) -> None:
    await enrol("li.wei", "grid_worker", grid="610921101220")
    answer = await server.post("sign-in", name="Li.Wei", password=PASSWORD, device="phone")
    assert answer.status == 200
    assert (answer.body["tokenType"], answer.body["expiresIn"]) == ("Bearer", 600)
    mine = await server.with_token(answer.body["accessToken"]).ask(
        "{ me { account role sessions { nodes { device } } } }"
    )
    assert mine.data["me"]["account"] == "li.wei"
    assert mine.data["me"]["role"] == "grid_worker"
    assert {"device": "phone"} in mine.data["me"]["sessions"]["nodes"]
    assert (await server.post("sign-out", refreshToken=answer.body["refreshToken"])).status == 200
    assert (await server.post("refresh", refreshToken=answer.body["refreshToken"])).status == 401
    await until(lambda: is_signed_out(server, answer.body["accessToken"]))


async def test_access_ends_soon(server: Server, enrol: Enrol) -> None:
    tokens = await enrol("li.wei")
    server.clock.move(minutes=9, seconds=59)
    assert await name_of(server, tokens["accessToken"]) == "li.wei"
    server.clock.move(seconds=1)
    assert await name_of(server, tokens["accessToken"]) is None
    fresh = await server.post("refresh", refreshToken=tokens["refreshToken"])
    assert await name_of(server, fresh.body["accessToken"]) == "li.wei"


async def test_token_by_the_letter(server: Server, enrol: Enrol) -> None:
    """RFC 9068: what others need to verify our tokens with what we publish."""
    tokens = await enrol("li.wei")
    keys = (await server.client.get("/auth/keys")).json()
    assert not {"d", "k", "p"} & set().union(*keys["keys"])
    token = tokens["accessToken"]
    registry = JWSRegistry(algorithms=["Ed25519", "EdDSA"])
    registry.get_alg = lambda name: JWSRegistry.algorithms[name]  # type: ignore[method-assign]  # it warns of the name
    read = jwt.decode(token, KeySet.import_key_set(keys), registry=registry)
    assert read.header["typ"] == "at+jwt"
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= read.claims.keys()
    assert read.claims["aud"] == "http://127.0.0.1:8000/graphql"
    assert "li.wei" not in json.dumps(read.claims)


@pytest.mark.alone
async def test_signing_keys_rotate(server: Server, enrol: Enrol) -> None:
    """A token signed in the last minute of a month is good in the first of the next, whose key was published before."""
    server.clock.time = TODAY.replace(day=30, hour=23, minute=59)
    tokens = await enrol("li.wei")
    published = {key["kid"] for key in (await server.client.get("/auth/keys")).json()["keys"]}
    server.clock.move(minutes=2)
    assert await name_of(server, tokens["accessToken"]) == "li.wei"
    fresh = (await server.post("refresh", refreshToken=tokens["refreshToken"])).body["accessToken"]
    first, second = (
        json.loads(base64.urlsafe_b64decode(one.split(".")[0] + "==")) for one in (tokens["accessToken"], fresh)
    )
    assert first["kid"] != second["kid"]
    assert second["kid"] in published


async def test_refusals_are_alike(server: Server, enrol: Enrol, administrator: Server, database: Any) -> None:
    """A wrong password, a name nobody has and a suspended account are answered alike, to the letter."""
    await enrol("li.wei")
    await enrol("wang.fang")
    await database.execute("update accounts.account set suspended_at=now() where name='wang.fang'")
    wrong = await server.post("sign-in", name="li.wei", password="not the password")
    unknown = await server.post("sign-in", name="nobody.here", password=PASSWORD)
    suspended = await server.post("sign-in", name="wang.fang", password=PASSWORD)
    assert wrong.status == unknown.status == suspended.status == 401
    assert wrong.body == unknown.body == suspended.body


async def test_unknown_names_cost_the_same(server: Server, enrol: Enrol, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashing is done for a name nobody has."""
    await enrol("li.wei")
    verified: list[str] = []
    real = PasswordHasher.verify

    def verify(self: PasswordHasher, hash: str, password: str) -> bool:
        verified.append(hash.split("$")[3])
        return bool(real(self, hash, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for name in ("li.wei", "nobody.here"):
        await server.post("sign-in", name=name, password="not the password")
    assert len(verified) == 2 and verified[0] == verified[1]


def elsewhere(server: Server, network: int = 1) -> Server:
    """The same server for somebody with another address, and without what a browser keeps."""
    transport = httpx.ASGITransport(server.client._transport.app, client=(f"203.0.113.{network}", 1))  # type: ignore
    return replace(server, client=httpx.AsyncClient(transport=transport, base_url="http://test"))


@pytest.mark.parametrize("name", ["li.wei", "nobody.here"])
async def test_guessing_slows_down(server: Server, enrol: Enrol, name: str) -> None:
    await enrol("li.wei")
    stranger = elsewhere(server)
    for _ in range(6):
        assert (await stranger.post("sign-in", name=name, password="not the password")).status == 401
    waits = []
    for _ in range(3):
        answer = await stranger.client.post("/auth/sign-in", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 429
        waits.append(int(answer.headers["retry-after"]))
        server.clock.move(seconds=waits[-1])
        assert (await stranger.post("sign-in", name=name, password="not the password")).status == 401
    assert waits == [30, 60, 120]
    server.clock.move(hours=1, minutes=1)
    assert (await stranger.post("sign-in", name=name, password=PASSWORD)).status == (200 if name == "li.wei" else 401)


async def test_many_guesses_at_once(server: Server, enrol: Enrol) -> None:
    """An attempt is counted before it is checked, so a crowd gets no more of them than one."""
    await enrol("li.wei")
    stranger, given = elsewhere(server), {"name": "li.wei", "password": "not the password"}
    answers = await asyncio.gather(*(stranger.post("sign-in", **given) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [401] * 6 + [429] * 14


async def test_success_forgives_failures(server: Server, enrol: Enrol) -> None:
    await enrol("li.wei")
    for _ in range(3):
        for _ in range(5):
            await server.post("sign-in", name="li.wei", password="not the password")
        assert (await server.post("sign-in", name="li.wei", password=PASSWORD)).status == 200


async def test_address_slows_down(server: Server, enrol: Enrol) -> None:
    """Whoever tries one password on many names is slowed down by address."""
    await enrol("li.wei")
    stranger = elsewhere(server)
    for at in range(31):
        assert (await stranger.post("sign-in", name=f"name{at}", password="not the password")).status == 401
    assert (await stranger.post("sign-in", name="li.wei", password=PASSWORD)).status == 429


async def flood(server: Server, name: str, addresses: int = 10) -> list[int]:
    """Guess at a name from so many addresses until each has to wait; how often each was let try."""
    tried = []
    for at in range(addresses):
        stranger, count = elsewhere(server, at + 10), 0
        while (await stranger.post("sign-in", name=name, password="not the password")).status == 401:
            count += 1
        tried.append(count)
    return tried


@pytest.mark.parametrize("kept", ["cookie", "field"])
async def test_guessers_lock_nobody_out(server: Server, enrol: Enrol, kept: str) -> None:
    """Whoever guesses at a name, from one address or many, the right person comes in: on the device they have used
    before without any waiting, even from the address of a guesser, and on a new one with the first try."""
    tokens = await enrol("li.wei")
    tried = await flood(server, "li.wei")
    assert tried == [6] * 8 + [3, 2], "after fifty failures each further address has two tries"
    right = {"name": "li.wei", "password": PASSWORD}
    device = {"deviceToken": tokens["deviceToken"]} if kept == "field" else {}
    guesser = elsewhere(server, 10)  # the first of them, who waits
    assert (await guesser.post("sign-in", **right)).status == 429
    guesser.client.cookies = server.client.cookies if kept == "cookie" else guesser.client.cookies
    assert (await guesser.post("sign-in", **right, **device)).status == 200
    assert (await elsewhere(server, 99).post("sign-in", **right)).status == 200
    assert await flood(server, "nobody.here") == tried, "a name that nobody has is no different"


async def test_known_devices_guess_no_faster(server: Server, enrol: Enrol) -> None:
    """A stolen device token is worth as many tries as an address, wherever it is used; and only for its account."""
    device = (await enrol("li.wei"))["deviceToken"]
    await enrol("wang.fang")
    wrong = {"name": "li.wei", "password": "not the password", "deviceToken": device}
    for at in range(6):
        assert (await elsewhere(server, at).post("sign-in", **wrong)).status == 401
    assert (await elsewhere(server, 7).post("sign-in", **wrong)).status == 429
    assert (await elsewhere(server, 7).post("sign-in", name="li.wei", password=PASSWORD)).status == 200
    await flood(server, "wang.fang", 1)
    other = {"name": "wang.fang", "password": PASSWORD, "deviceToken": device}
    assert (await elsewhere(server, 10).post("sign-in", **other)).status == 429


async def test_device_tokens_open_nothing(server: Server, enrol: Enrol) -> None:
    device = (await enrol("li.wei"))["deviceToken"]
    assert await name_of(server, device) is None
    assert (await server.post("refresh", refreshToken=device)).status == 401
    assert (await server.post("invitation", code=device, password=PASSWORD)).status == 401
    assert (await server.post("sign-in", name="li.wei", password="not the password", deviceToken=device)).status == 401
    assert b"li.wei" not in base64.urlsafe_b64decode(device.removeprefix("gzd_"))


async def test_forged_devices_are_unknown(server: Server, enrol: Enrol) -> None:
    """Every changed byte makes the token worth nothing, and so does age."""
    device = (await enrol("li.wei"))["deviceToken"]
    raw = bytearray(base64.urlsafe_b64decode(device.removeprefix("gzd_")))
    found = Devices(derive_key(SECRET, "devices"))
    now = server.clock()
    assert found.find(device, "li.wei", now) == bytes(raw[:12])
    assert found.find(device, "li.wei", now + timedelta(days=180)) is None
    for at in range(len(raw)):
        forged = bytearray(raw)
        forged[at] ^= 1
        assert found.find("gzd_" + base64.urlsafe_b64encode(forged).decode(), "li.wei", now) is None
    for odd in ("", "gzd_", "gzd_AAAA", "gzd_é", device + "A", device[:-4], device.removeprefix("gzd_")):
        assert found.find(odd, "li.wei", now) is None


async def test_cookie_is_kept_close(server: Server, enrol: Enrol) -> None:
    """Scripts do not see it, other sites do not send it, and it goes to /auth/ alone; a person has one of their own."""
    await enrol("li.wei")
    reply = await server.client.post("/auth/sign-in", json={"name": "li.wei", "password": PASSWORD})
    said = reply.headers["set-cookie"]
    assert said.startswith("gongzhi-device-") and "li.wei" not in said
    assert {"HttpOnly", "Path=/auth", "SameSite=strict", "Max-Age=15552000"} <= set(said.split("; "))
    await enrol("wang.fang")
    assert len(server.client.cookies) == 2
    assert "set-cookie" not in (await server.client.post("/auth/refresh", json={"refreshToken": "x"})).headers


async def test_known_devices_have_a_lane(server: Server, enrol: Enrol, monkeypatch: pytest.MonkeyPatch) -> None:
    """While passwords from unknown devices take all threads there are for them, a known device is answered."""
    device = (await enrol("li.wei"))["deviceToken"]
    stuck, real = threading.Event(), PasswordHasher.verify

    def verify(self: PasswordHasher, hash: str, password: str) -> bool:
        if password == "stuck in a thread":
            stuck.wait(60)
        return bool(real(self, hash, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    given = {"password": "stuck in a thread"}
    guessers = [
        asyncio.create_task(elsewhere(server, at).post("sign-in", name=f"name{at}", **given)) for at in range(12)
    ]
    try:
        answer = await server.post("sign-in", name="li.wei", password=PASSWORD, deviceToken=device)
        assert answer.status == 200 and not any(one.done() for one in guessers)
    finally:
        stuck.set()
    assert {one.status for one in await asyncio.gather(*guessers)} == {401}


async def test_lost_answer_is_given_again(server: Server, enrol: Enrol) -> None:
    """The answer to a renewal is lost on its way: the same token, sent once more, brings the same next one."""
    first = (await enrol("li.wei"))["refreshToken"]
    lost = (await server.post("refresh", refreshToken=first)).body
    server.clock.move(seconds=60)
    again = await server.post("refresh", refreshToken=first)
    assert again.status == 200
    assert again.body["refreshToken"] == lost["refreshToken"]
    assert await name_of(server, again.body["accessToken"]) == "li.wei"
    for _ in range(3):  # it may happen at every renewal
        token = again.body["refreshToken"]
        await server.post("refresh", refreshToken=token)
        again = await server.post("refresh", refreshToken=token)
        assert again.status == 200


async def test_reuse_ends_the_session(server: Server, enrol: Enrol) -> None:
    """A second repetition, or one after a minute, or of an older token, is somebody else's."""

    async def renewed(token: str) -> Any:
        return (await server.post("refresh", refreshToken=token)).body

    async def repeat(first: str) -> Any:
        second = await renewed(first)
        await renewed(first)
        return second, first

    async def wait(first: str) -> Any:
        second = await renewed(first)
        server.clock.move(seconds=61)
        return second, first

    async def lag(first: str) -> Any:
        second = await renewed(first)
        return await renewed(second["refreshToken"]), first

    for at, story in enumerate((repeat, wait, lag)):
        newest, used = await story((await enrol(f"worker{at}"))["refreshToken"])
        assert (await server.post("refresh", refreshToken=used)).status == 401, story.__name__
        assert (await server.post("refresh", refreshToken=newest["refreshToken"])).status == 401, story.__name__
        await until(partial(is_signed_out, server, newest["accessToken"]))


async def test_nobody_repeats_what_has_ended(server: Server, enrol: Enrol) -> None:
    first = (await enrol("li.wei"))["refreshToken"]
    second = (await server.post("refresh", refreshToken=first)).body["refreshToken"]
    await server.post("sign-out", refreshToken=second)
    assert (await server.post("refresh", refreshToken=first)).status == 401


async def test_forged_tokens_end_nothing(server: Server, enrol: Enrol) -> None:
    tokens = await enrol("li.wei")
    raw = bytearray(base64.urlsafe_b64decode(tokens["refreshToken"].removeprefix("gzr_")))
    for at in (0, 17, 19, 20, len(raw) - 1):
        forged = bytearray(raw)
        forged[at] ^= 1
        made = "gzr_" + base64.urlsafe_b64encode(forged).decode()
        assert (await server.post("refresh", refreshToken=made)).status == 401
    for odd in ("gzr_", "gzr_AAAA", "x", tokens["accessToken"], "gzr_" + "A" * 500, "gzr_é"):
        assert (await server.post("refresh", refreshToken=odd)).status == 401
    assert (await server.post("refresh", refreshToken=tokens["refreshToken"])).status == 200


@pytest.mark.alone
async def test_session_ends_by_itself(server: Server, enrol: Enrol) -> None:
    tokens = await enrol("li.wei")
    for _ in range(6):
        server.clock.move(days=13)
        answer = await server.post("refresh", refreshToken=tokens["refreshToken"])
        assert answer.status == 200
        tokens = answer.body
    server.clock.move(days=13)
    assert (await server.post("refresh", refreshToken=tokens["refreshToken"])).status == 401


async def test_password_changes(server: Server, enrol: Enrol) -> None:
    old = await enrol("li.wei")
    given = {"name": "li.wei", "password": PASSWORD}
    assert (await server.post("password", **given, newPassword="short")).body["errors"][0]["extensions"] == {
        "code": "BAD_USER_INPUT",
        "path": ["newPassword"],
    }
    assert (
        await server.post("password", name="li.wei", password="wrong wrong", newPassword="another one!")
    ).status == 401
    answer = await server.post("password", **given, newPassword="staple of another kind")
    assert answer.status == 200
    assert (await server.post("refresh", refreshToken=old["refreshToken"])).status == 401
    assert (await server.post("sign-in", **given)).status == 401
    assert (await server.post("sign-in", name="li.wei", password="staple of another kind")).status == 200


@pytest.mark.parametrize("way", ["sign-in", "password"])
@pytest.mark.parametrize("meanwhile", ["changed", "suspended", "renewed"])
async def test_password_in_flight_ends_with_it(
    server: Server, enrol: Enrol, database: Any, monkeypatch: pytest.MonkeyPatch, way: str, meanwhile: str
) -> None:
    """What was proved before the owner changed the password, or the account was suspended, opens nothing after it."""
    await enrol("li.wei")
    real, first = Passwords.verify, [True]

    async def verify(self: Passwords, hash: str | None, password: str, known: bool) -> bool:
        right = await real(self, hash, password, known)
        if not first:
            return right
        first.clear()
        if meanwhile == "suspended":
            await database.execute("update accounts.account set suspended_at=now() where name='li.wei'")
        else:
            server.clock.move(seconds=1)
            new = {"name": "li.wei", "password": PASSWORD, "newPassword": "another one 3"}
            assert (await server.post("password", **new)).status == 200
        return right

    monkeypatch.setattr(Passwords, "verify", verify)
    monkeypatch.setattr(Passwords, "needs_rehash", lambda self, hash: meanwhile == "renewed")
    more = {"newPassword": "a thief's own 1"} if way == "password" else {}
    assert (await server.post(way, name="li.wei", password=PASSWORD, **more)).status == 401
    good = "another one 3" if meanwhile != "suspended" else "none is"
    found = [
        (await server.post("sign-in", name="li.wei", password=one)).status
        for one in (PASSWORD, "a thief's own 1", "another one 3")
    ]
    assert found == [200 if one == good else 401 for one in (PASSWORD, "a thief's own 1", "another one 3")]
    [(open,)] = await database.fetch(
        "select count(*) from accounts.session s join accounts.account a on a.id=s.account_id "
        "where a.name='li.wei' and s.ended_at is null and a.suspended_at is null"
    )
    assert open == (2 if meanwhile != "suspended" else 0), "the owner's own, and the one just now"


async def test_easy_passwords_refused(server: Server, administrator: Server) -> None:
    made = await administrator.do("addAccount", "code", name="li.wei", grid="610921")
    for easy in ("li.wei.2026!", "aaaaaaaaaaaa", "password123", "short", "x" * 129):
        answer = await server.post("password", name="li.wei", password=PASSWORD, newPassword=easy)
        assert answer.status == 400, easy
    for easy in ("aaaaaaaaaaaa", "short"):
        assert (await server.post("invitation", code=made["code"], password=easy)).status == 400
    assert (await server.post("invitation", code=made["code"], password=PASSWORD)).status == 200


@pytest.mark.alone
async def test_invitation_works_once(server: Server, administrator: Server) -> None:
    made = await administrator.do("addAccount", "code", name="li.wei", grid="610921")
    again = await administrator.do("inviteAccount", "code expiresAt", account="li.wei")
    assert again["errors"] == []
    first = await server.post("invitation", code=made["code"], password=PASSWORD)
    assert first.status == 401, "a newer code makes the older one void"
    sent = again["code"].lower().replace("-", " ")
    both = await asyncio.gather(*(server.post("invitation", code=sent, password=PASSWORD) for _ in range(2)))
    assert sorted(answer.status for answer in both) == [200, 401]
    late = await administrator.do("inviteAccount", "code", account="li.wei")
    server.clock.move(days=7)
    assert (await server.post("invitation", code=late["code"], password=PASSWORD)).status == 401


async def test_resident_becomes_known(server: Server, database: Any, administrator: Server) -> None:
    """A grid worker hands a code to somebody who showed who they are; their account is theirs from then on."""
    person, village = await database.fetchrow(
        "select p.id, g.code from people.person p join grids.grid g on g.id=p.village_id order by p.id limit 1"
    )
    worker, colleague = server.as_("grid_worker", grid=village), server.as_("grid_leader", grid=village)
    invited = await print_invitation(worker, colleague, person)
    tokens = await server.post("invitation", code=invited["code"], name="张三的账户", password=PASSWORD)
    assert tokens.status == 200, tokens.body
    resident = server.with_token(tokens.body["accessToken"])
    mine = (await resident.ask("{ me { role person { id } grants { grid { code } } } }")).data["me"]
    assert mine == {"role": "resident", "person": {"id": f"Person:{person}"}, "grants": [{"grid": {"code": "610921"}}]}
    boss = server.as_("administrator")
    taken = await boss.do("inviteAccount", "code", account="张三的账户")
    assert [one["code"] for one in taken["errors"]] == ["FORBIDDEN"], "an administrator is not to become a resident"
    again = await print_invitation(worker, colleague, person)
    renewed = await server.post("invitation", code=again["code"], password="another one of mine")
    assert renewed.status == 200
    assert (await server.post("sign-in", name="张三的账户", password=PASSWORD)).status == 401
    assert (await server.post("sign-in", name="张三的账户", password="another one of mine")).status == 200
    await bestow(database, "张三的账户", "county_dispatcher", grid="610921")
    more = await worker.do("inviteResident", "code", person=f"Person:{person}")
    assert [one["code"] for one in more["errors"]] == ["FORBIDDEN"], "who may more is not a resident alone"
    elsewhere = await server.as_("grid_worker", grid="610921102").do(
        "inviteResident", "code", person=f"Person:{person}"
    )
    assert [one["code"] for one in elsewhere["errors"]] == ["NOT_FOUND"]


async def test_account_gets_linked(server: Server, enrol: Enrol, database: Any) -> None:
    person = await database.fetchval("select id from people.person order by id limit 1 offset 1")
    invited = await print_invitation(server.as_("grid_leader"), server.as_("grid_worker"), person)
    tokens = await enrol("li.wei")
    signed_in = server.with_token(tokens["accessToken"])
    assert (await signed_in.post("invitation", code=invited["code"])).status == 200
    assert (await signed_in.post("invitation", code=invited["code"])).status == 401
    await until(lambda: person_is(signed_in, f"Person:{person}"))


async def print_invitation(worker: Server, colleague: Server, person: Any) -> dict[str, Any]:
    """The code that a worker asked for and another one printed."""
    asked = await worker.do("inviteResident", "invitation { id } code", person=f"Person:{person}")
    assert (asked["errors"], asked["code"]) == ([], None), "whoever invites never sees the code"
    made = await colleague.do("printInvitation", "code", invitation=asked["invitation"]["id"])
    assert made["errors"] == []
    return made


async def person_is(caller: Server, person: str) -> bool:
    return ((await caller.ask("{ me { person { id } } }")).data["me"]["person"] or {}).get("id") == person


ODD: list[tuple[str, dict[str, Any], int, str]] = [
    ("sign-in", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, "BAD_REQUEST"),
    ("sign-in", {"content": b"[" * 8000, "headers": {"content-type": "application/json"}}, 400, "BAD_REQUEST"),
    ("sign-in", {"json": []}, 400, "BAD_REQUEST"),
    ("sign-in", {"json": {}}, 400, "BAD_USER_INPUT"),
    ("sign-in", {"json": {"name": 1, "password": None}}, 400, "BAD_USER_INPUT"),
    ("sign-in", {"json": {"name": "a", "password": "x", "deviceToken": 1}}, 400, "BAD_USER_INPUT"),
    ("sign-in", {"json": {"name": "a\x00b", "password": "x"}}, 400, "BAD_USER_INPUT"),
    ("sign-in", {"json": {"name": "x" * 9000}}, 413, "REQUEST_TOO_LARGE"),
    ("sign-in", {"data": {"name": "x"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("sign-in", {"content": b"name=x", "headers": {"content-type": "text/plain"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("refresh", {"json": {}}, 400, "BAD_USER_INPUT"),
    ("refresh", {"json": {"refreshToken": "x"}}, 401, "UNAUTHENTICATED"),
    ("invitation", {"json": {"code": "x", "password": PASSWORD}}, 401, "UNAUTHENTICATED"),
    ("invitation", {"json": {"code": "x"}, "headers": {"authorization": "Bearer x"}}, 401, "UNAUTHENTICATED"),
    ("keys", {"json": {}}, 405, "METHOD_NOT_ALLOWED"),
]


async def test_odd_requests_refused(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    for path, sent, status, code in ODD:
        answer = await server.client.post(f"/auth/{path}", **sent)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code), (path, sent)
        assert answer.headers["cache-control"] == "no-store"
    assert not caplog.records


async def test_both_languages(server: Server) -> None:
    sent = {"name": "nobody.here", "password": "not the password"}
    english = await server.client.post("/auth/sign-in", json=sent)
    chinese = await server.client.post("/auth/sign-in", json=sent, headers={"accept-language": "zh-CN"})
    assert "password" in english.json()["errors"][0]["message"]
    assert "密码" in chinese.json()["errors"][0]["message"]


async def test_logs_name_nobody(server: Server, enrol: Enrol, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = await enrol("li.wei")
    for password in (PASSWORD, "not the password"):
        await server.post("sign-in", name="li.wei", password=password)
    for _ in range(3):
        await server.post("refresh", refreshToken=tokens["refreshToken"])
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gongzhi"))
    assert "used twice" in said
    for private in ("li.wei", PASSWORD, "not the password", tokens["refreshToken"], tokens["accessToken"]):
        assert private not in said


@pytest.mark.alone
async def test_secrets_are_not_stored(server: Server, enrol: Enrol, administrator: Server, filled: str) -> None:
    """A dump of the database opens no account."""
    tokens = await enrol("li.wei", "integrator", grid="610921")
    made = await server.with_token(tokens["accessToken"]).do(
        "createApiKey", "apiKey { id } secret", label="sync", permissions=["cases.view"]
    )
    code = (await administrator.do("addAccount", "code", name="wang.fang", grid="610921"))["code"]
    connection = await asyncpg.connect(filled)
    names = await connection.fetch(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('accounts','journal')"
    )
    dump = "\n".join([row[0] for (name,) in names for row in await connection.fetch(f"select t::text from {name} t")])
    await connection.close()
    for secret in (PASSWORD, made["secret"], made["secret"][4:], code, code.replace("-", ""), tokens["refreshToken"]):
        assert secret not in dump
    assert "$argon2id$" in dump


async def test_trial_tokens_only_in_development(filled: str, tmp_path: Path) -> None:
    app = create_app(replace(settings_for_tests(filled, tmp_path), mode="production", rates=False), filled, Clock())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        assert (await Server(client, Clock()).as_("administrator").ask(ME)).status == 401
        # Nor are any given out.
        assert (await client.get("/auth/development-roles")).status_code == 404
        assert (await client.post("/auth/development-token", json={"role": "administrator"})).status_code == 404


async def test_trial_tokens_are_given_out_in_development(server: Server) -> None:
    """For a role in a place that is there; what is not there is named."""
    roles = (await server.client.get("/auth/development-roles")).json()["roles"]
    assert {"name": "auditor", "chinese": "审计员"}.items() <= next(r for r in roles if r["name"] == "auditor").items()
    given = await server.post("development-token", role="grid_worker", grid="610921")
    worker = server.with_token(given.body["accessToken"])
    assert (await worker.ask(ME)).data["me"]["account"] == "demo-grid_worker-610921"
    for name, value in {"role": "king", "grid": "999999", "unit": "nowhere", "person": "x"}.items():
        refused = await server.post("development-token", **{"role": "auditor", name: value})
        assert (refused.status, refused.errors[0]["extensions"]["path"]) == (400, [name]), refused.body


async def test_other_processes_hear(server: Server, filled: str, tmp_path: Path, enrol: Enrol) -> None:
    """What one process is told, every process knows, without waiting for what it remembers to grow old."""
    tokens = await enrol("li.wei", "auditor", grid="610921")
    async with serve_application(filled, tmp_path, server.clock) as other:
        assert await name_of(other, tokens["accessToken"]) == "li.wei"
        assert await name_of(server, tokens["accessToken"]) == "li.wei"
        await server.post("sign-out", refreshToken=tokens["refreshToken"])
        await until(lambda: is_signed_out(other, tokens["accessToken"]))
        await until(lambda: is_signed_out(server, tokens["accessToken"]))


async def test_reuse_from_two_at_once(server: Server, filled: str, tmp_path: Path, enrol: Enrol) -> None:
    """Two processes get the same refresh token four times at once: it is repeated once, and the session is over."""
    async with serve_application(filled, tmp_path, server.clock) as other:
        for at in range(5):
            tokens = await enrol(f"worker{at}")
            given = {"refreshToken": tokens["refreshToken"]}
            answers = await asyncio.gather(*(one.post("refresh", **given) for one in (server, other, server, other)))
            assert sorted(answer.status for answer in answers) == [200, 200, 401, 401]
            [won, same] = [answer.body for answer in answers if answer.status == 200]
            assert won["refreshToken"] == same["refreshToken"]
            assert (await other.post("refresh", refreshToken=won["refreshToken"])).status == 401
