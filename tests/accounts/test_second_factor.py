"""The second factor: codes by the clock and from a sheet, who must have one, and how it is lost and given back."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from gongzhi_server.auth.assembly import check_factored
from gongzhi_server.auth.one_time_codes import DRIFT, STEP, code_at, match_step
from gongzhi_server.auth.tickets import Tickets
from gongzhi_server.errors import Problem
from gongzhi_server.testing import ESSENTIAL, Server, ServerAnswer, codes_of, settings_for_tests
from hypothesis import given
from hypothesis import strategies as st

from .conftest import PASSWORD, Enrol, is_signed_out, name_of, until
from .test_signing_in import elsewhere

ME = "{ me { account role permissions secondFactorSince secondFactorDue recoveryCodesLeft } }"
NAME = "li.wei"


@dataclass
class Telephone:
    """What somebody reads codes from, and their sheet."""

    server: Server
    secret: bytes
    sheet: list[str]

    def code(self, **off: float) -> str:
        return code_at(self.secret, self.server.clock() + timedelta(**off))


async def add_factor(server: Server, tokens: dict[str, Any], **proof: str) -> Telephone:
    """Add a second factor as somebody does who has signed in."""
    signed_in = server.with_token(tokens["accessToken"])
    begun = await signed_in.post("second-factor/enrolment", **(proof or {"password": PASSWORD}))
    assert begun.status == 200, begun.body
    secret = base64.b32decode(begun.body["secret"])
    code = code_at(secret, server.clock())
    done = await signed_in.post("second-factor/confirmation", enrolment=begun.body["enrolment"], code=code)
    assert done.status == 200, done.body
    server.clock.move(seconds=STEP)  # the code that was shown is used
    return Telephone(server, secret, done.body["recoveryCodes"])


def challenge_of(answer: ServerAnswer) -> str:
    """The challenge of an answer that asks for a code."""
    assert answer.status == 401, answer.body
    [error] = answer.body["errors"]
    assert error["extensions"]["code"] == "SECOND_FACTOR_REQUIRED", error
    return str(error["extensions"]["challenge"])


def code_of(answer: ServerAnswer) -> str:
    return str(answer.body["errors"][0]["extensions"]["code"])


async def begin(server: Server, password: str = PASSWORD) -> str:
    """Show the password, and return the challenge."""
    return challenge_of(await server.post("sign-in", name=NAME, password=password))


async def answer(server: Server, challenge: str, code: str) -> ServerAnswer:
    return await server.post("second-factor", challenge=challenge, code=code)


async def notices_of(database: Any) -> list[str]:
    rows = await database.fetch("select kind from notices.notice where account=$1 order by at, id", NAME)
    return [row["kind"] for row in rows]


async def test_signs_in_in_two_steps(server: Server, enrol: Enrol, database: Any) -> None:
    """Adding it ends the other sessions, and from then on a password alone opens none; owner and log are told."""
    first = await enrol(NAME, "grid_worker", grid="610921101220")
    second = (await server.post("sign-in", name=NAME, password=PASSWORD)).body
    telephone = await add_factor(server, second)
    await until(lambda: is_signed_out(server, first["accessToken"]))
    assert await name_of(server, second["accessToken"]) == NAME
    assert len(set(telephone.sheet)) == 10
    refused = await server.post("sign-in", name=NAME, password=PASSWORD, device="phone")
    assert "accessToken" not in refused.body
    done = await answer(server, challenge_of(refused), telephone.code())
    assert done.status == 200 and done.body["deviceToken"]
    asked = "{ me { secondFactorSince recoveryCodesLeft sessions { nodes { device methods endedAt } } } }"
    me = (await server.with_token(done.body["accessToken"]).ask(asked)).data["me"]
    assert me["secondFactorSince"] and me["recoveryCodesLeft"] == 10
    assert [(one["device"], one["methods"]) for one in me["sessions"]["nodes"] if not one["endedAt"]] == [
        ("phone", ["pwd", "otp"]),
        (None, ["pwd", "otp"]),
    ]
    assert "account.second_factor_added" in await notices_of(database)
    assert await database.fetchval("select count(*) from access.act where mutation='addSecondFactor'") == 1
    # At rest nothing of it is in clear.
    row = await database.fetchrow("select content, recovery from second_factors.factor")
    assert telephone.secret not in bytes(row["content"]) and base64.b32encode(telephone.secret) not in row["content"]
    assert telephone.sheet[0].encode() not in b"".join(map(bytes, row["recovery"]))


async def test_codes_are_good_once(server: Server, enrol: Enrol) -> None:
    """A code is good in its step and one before and after it, once, and none of an earlier step after it."""
    telephone = await add_factor(server, await enrol(NAME))
    server.clock.move(minutes=5)
    late = telephone.code(seconds=-STEP)
    assert (await answer(server, await begin(server), late)).status == 200
    assert code_of(await answer(server, await begin(server), late)) == "SECOND_FACTOR_REQUIRED"
    early = telephone.code(seconds=STEP)
    assert (await answer(server, await begin(server), early)).status == 200
    skipped = await answer(server, await begin(server), telephone.code())
    assert code_of(skipped) == "SECOND_FACTOR_REQUIRED" and "accessToken" not in skipped.body
    server.clock.move(minutes=5)
    for off in (-3 * STEP, 3 * STEP):
        assert (await answer(server, await begin(server), telephone.code(seconds=off))).status == 401
    assert (await answer(server, await begin(server), telephone.code())).status == 200


async def test_one_of_many_at_once(server: Server, enrol: Enrol) -> None:
    """Of those who show the same code, or answer the same challenge, at the same time, one passes."""
    telephone = await add_factor(server, await enrol(NAME))
    for _ in range(3):
        server.clock.move(minutes=1)
        challenges = [await begin(server) for _ in range(4)]
        code = telephone.code()
        found = await asyncio.gather(*(answer(server, one, code) for one in challenges))
        assert sorted(one.status for one in found) == [200, 401, 401, 401]
    server.clock.move(minutes=1)
    challenge, codes = await begin(server), [telephone.code(), telephone.code(seconds=STEP), *telephone.sheet[:2]]
    found = await asyncio.gather(*(answer(server, challenge, one) for one in codes))
    assert sorted(one.status for one in found) == [200, 401, 401, 401]
    # What was refused cost no recovery code.
    left = 0
    for code in telephone.sheet:
        left += (await answer(server, await begin(server), code)).status == 200
    assert left == (10 if found[0].status == 200 or found[1].status == 200 else 9)


async def test_recovery_codes(server: Server, enrol: Enrol, database: Any) -> None:
    """Each is good once, however it is typed, and those of an earlier sheet are void; the owner is told of each."""
    telephone = await add_factor(server, await enrol(NAME))
    typed = telephone.sheet[0].replace("-", " ").lower()
    opened = await answer(server, await begin(server), typed)
    assert opened.status == 200
    assert (await answer(server, await begin(server), telephone.sheet[0])).status == 401
    me = server.with_token(opened.body["accessToken"])
    assert (await me.ask(ME)).data["me"]["recoveryCodesLeft"] == 9
    methods = (await me.ask("{ me { sessions(first: 1) { nodes { methods } } } }")).data["me"]["sessions"]["nodes"]
    assert methods == [{"methods": ["pwd", "recovery"]}]
    assert (await me.post("second-factor/recovery-codes", code="000000")).status == 400
    renewed = await me.post("second-factor/recovery-codes", code=telephone.code())
    assert renewed.status == 200 and not set(renewed.body["recoveryCodes"]) & set(telephone.sheet)
    assert (await answer(server, await begin(server), telephone.sheet[1])).status == 401
    assert (await answer(server, await begin(server), renewed.body["recoveryCodes"][1])).status == 200
    assert {"account.recovery_code_used", "account.recovery_codes_renewed"} <= set(await notices_of(database))


async def test_guessing_codes_slows_down(server: Server, enrol: Enrol, database: Any) -> None:
    """Here after five, everywhere after ten; the owner is told, and goes on by a device that is known."""
    telephone = await add_factor(server, await enrol(NAME))
    known = (await answer(server, await begin(server), telephone.code())).body["deviceToken"]
    server.clock.move(minutes=1)
    statuses = []
    for network in (1, 2):
        stranger = elsewhere(server, network)
        challenge = await begin(stranger)
        # A code of long ago stands for one that is guessed.
        wrong = telephone.code(hours=-1)
        statuses += [(await answer(stranger, challenge, wrong)).status for _ in range(6)]
    assert statuses == [401] * 11 + [429]
    assert "account.codes_failed" in await notices_of(database)
    third = elsewhere(server, 3)
    refused = await answer(third, await begin(third), telephone.code())
    assert refused.status == 429 and refused.body["errors"][0]["extensions"]["retryAfter"] == 30
    own = elsewhere(server, 4)
    at_home = await own.post("sign-in", name=NAME, password=PASSWORD, deviceToken=known)
    assert (await answer(own, challenge_of(at_home), telephone.code())).status == 200
    crowd = elsewhere(server, 5)
    server.clock.move(hours=1, minutes=1)
    challenge = await begin(crowd)
    found = await asyncio.gather(*(answer(crowd, challenge, telephone.code(hours=-1)) for _ in range(20)))
    assert sorted(one.status for one in found) == [401] * 6 + [429] * 14


async def test_challenges_end(server: Server, enrol: Enrol, administrator: Server, database: Any) -> None:
    """After five minutes, with the session they opened, with the password, with the account; and none is made up."""
    telephone = await add_factor(server, await enrol(NAME))
    wang = await enrol("wang.fang")
    challenge = await begin(server)
    server.clock.move(minutes=5, seconds=1)
    assert code_of(await answer(server, challenge, telephone.code())) == "UNAUTHENTICATED"
    challenge = await begin(server)
    assert (await answer(server, challenge, telephone.code())).status == 200
    server.clock.move(seconds=STEP)
    assert code_of(await answer(server, challenge, telephone.code())) == "UNAUTHENTICATED"
    for made_up in ("x", challenge[:-2], Tickets(b"0" * 32).issue("second step", {}, server.clock())):
        assert code_of(await answer(server, made_up, telephone.code())) == "UNAUTHENTICATED"
    # What was issued for something else is no challenge, and the reverse.
    begun = await server.with_token(wang["accessToken"]).post("second-factor/enrolment", password=PASSWORD)
    assert code_of(await answer(server, begun.body["enrolment"], telephone.code())) == "UNAUTHENTICATED"
    challenge = await begin(server)
    await database.execute(
        "update accounts.password set changed_at=now() where account_id=("
        "select id from accounts.account where name=$1)",
        NAME,
    )
    assert code_of(await answer(server, challenge, telephone.code())) == "UNAUTHENTICATED"
    challenge = await begin(server)
    await database.execute("update accounts.account set suspended_at=now() where name=$1", NAME)
    assert code_of(await answer(server, challenge, telephone.code())) == "UNAUTHENTICATED"


async def test_codes_of_others_open_nothing(server: Server, enrol: Enrol) -> None:
    mine = await add_factor(server, await enrol(NAME))
    theirs = await add_factor(server, await enrol("wang.fang"))
    assert (await answer(server, await begin(server), theirs.code())).status == 401
    assert (await answer(server, await begin(server), theirs.sheet[0])).status == 401
    assert (await answer(server, await begin(server), mine.code())).status == 200


async def test_nothing_tells_who_has_one(server: Server, enrol: Enrol) -> None:
    """Whoever does not know the password is answered alike, whether there is a factor, none, or no account."""
    await add_factor(server, await enrol(NAME))
    await enrol("wang.fang")
    names = (NAME, "wang.fang", "nobody.here")
    found = [await server.post("sign-in", name=name, password="not the password") for name in names]
    assert {one.status for one in found} == {401}
    assert found[0].body == found[1].body == found[2].body


async def test_password_takes_a_code(server: Server, enrol: Enrol) -> None:
    """Whoever has the password alone cannot change it; an invitation gives a new one, and no way around the code."""
    telephone = await add_factor(server, await enrol(NAME))
    asked = await server.post("password", name=NAME, password=PASSWORD, newPassword="another good one")
    assert (await server.post("sign-in", name=NAME, password="another good one")).status == 401
    assert code_of(await answer(server, challenge_of(asked), "000000")) == "SECOND_FACTOR_REQUIRED"
    assert (await answer(server, challenge_of(asked), telephone.code())).status == 200
    server.clock.move(seconds=STEP)
    challenge = await begin(server, "another good one")
    assert (await answer(server, challenge, telephone.code())).status == 200


async def test_invitations_leave_it(server: Server, enrol: Enrol, administrator: Server, database: Any) -> None:
    """An ordinary one keeps the factor; one that was made for it takes it away, and tells the owner twice."""
    telephone = await add_factor(server, await enrol(NAME))
    code = (await administrator.do("inviteAccount", "code", account=NAME))["code"]
    asked = await server.post("invitation", code=code, password="another good one")
    assert (await answer(server, challenge_of(asked), telephone.code())).status == 200
    made = await administrator.do("resetSecondFactor", "code invitation { removesSecondFactor }", account=NAME)
    assert made["errors"] == [] and made["invitation"]["removesSecondFactor"] is True
    # A later one takes the earlier one's place, and does not take the factor.
    code = (await administrator.do("inviteAccount", "code", account=NAME))["code"]
    assert (await server.post("invitation", code=made["code"], password="a third good one")).status == 401
    challenge_of(await server.post("invitation", code=code, password="a third good one"))
    code = (await administrator.do("resetSecondFactor", "code", account=NAME))["code"]
    opened = await server.post("invitation", code=code, password="a fourth good one")
    assert opened.status == 200
    me = (await server.with_token(opened.body["accessToken"]).ask(ME)).data["me"]
    assert me["secondFactorSince"] is None and me["recoveryCodesLeft"] is None
    assert {"account.second_factor_asked", "account.second_factor_removed"} <= set(await notices_of(database))
    none = await administrator.do("resetSecondFactor", "code", account=NAME)
    assert (none["code"], none["errors"][0]["path"]) == (None, ["account"])


async def test_reset_takes_two_for_what_is_guarded(server: Server, enrol: Enrol, database: Any) -> None:
    """As a new password does: who asks sees no code and prints none, and whoever looks after no account may not ask."""
    await add_factor(server, await enrol(NAME, "administrator", grid="610921"))
    boss, third = [
        server.with_token((await enrol(name, "administrator", grid="610921"))["accessToken"])
        for name in ("boss", "third")
    ]
    worker = server.with_token((await enrol("chen.jie", "grid_worker", grid="610921101220"))["accessToken"])
    refused = await worker.give("resetSecondFactor", {"idempotencyKey": "1" * 16, "account": NAME})
    assert refused.body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    made = await boss.do("resetSecondFactor", "code invitation { id }", account=NAME)
    assert (made["errors"], made["code"]) == ([], None)
    printing = made["invitation"]["id"]
    assert codes_of((await boss.do("printInvitation", "code", invitation=printing))["errors"]) == ["FOUR_EYES"]
    printed = await third.do("printInvitation", "code invitation { removesSecondFactor }", invitation=printing)
    assert printed["errors"] == [] and printed["invitation"]["removesSecondFactor"]
    assert await database.fetchval("select count(*) from second_factors.factor") == 1
    assert (await server.post("invitation", code=printed["code"], password="another good one")).status == 200
    assert await database.fetchval("select count(*) from second_factors.factor") == 0


async def test_it_is_renewed_and_removed_by_a_code(server: Server, enrol: Enrol) -> None:
    tokens = await enrol(NAME)
    signed_in = server.with_token(tokens["accessToken"])
    assert (await signed_in.post("second-factor/enrolment", password="not the password")).status == 400
    assert (await signed_in.post("second-factor/enrolment")).status == 400
    old = await add_factor(server, tokens)
    # The password is not enough any more.
    assert (await signed_in.post("second-factor/enrolment", password=PASSWORD)).status == 400
    new = await add_factor(server, tokens, code=old.code())
    assert (await answer(server, await begin(server), old.code())).status == 401
    assert (await answer(server, await begin(server), old.sheet[0])).status == 401
    assert (await answer(server, await begin(server), new.code())).status == 200
    assert (await signed_in.post("second-factor/removal", code="000000")).status == 400
    assert (await signed_in.post("second-factor/removal", code=new.sheet[0])).status == 200
    assert (await server.post("sign-in", name=NAME, password=PASSWORD)).status == 200


async def test_a_secret_counts_once_it_is_proved(server: Server, enrol: Enrol) -> None:
    """Not before, not late, not for another account, and of several that were begun one."""
    tokens = await enrol(NAME)
    signed_in, other = server.with_token(tokens["accessToken"]), await enrol("wang.fang")
    begun = (await signed_in.post("second-factor/enrolment", password=PASSWORD)).body
    assert begun["uri"].startswith("otpauth://totp/") and begun["secret"] in begun["uri"]
    assert (await server.post("sign-in", name=NAME, password=PASSWORD)).status == 200
    secret, ticket = base64.b32decode(begun["secret"]), begun["enrolment"]
    path = "second-factor/confirmation"
    assert (await signed_in.post(path, enrolment=ticket, code="000000")).status == 400
    thief = server.with_token(other["accessToken"])
    assert (await thief.post(path, enrolment=ticket, code=code_at(secret, server.clock()))).status == 400
    again = (await signed_in.post("second-factor/enrolment", password=PASSWORD)).body
    codes = [code_at(base64.b32decode(one["secret"]), server.clock()) for one in (begun, again)]
    both = await asyncio.gather(
        *(
            signed_in.post(path, enrolment=one["enrolment"], code=code)
            for one, code in zip((begun, again), codes, strict=True)
        )
    )
    assert sorted(one.status for one in both) == [200, 400]
    late = (
        await signed_in.post(
            "second-factor/enrolment", code=(both[0] if both[0].status == 200 else both[1]).body["recoveryCodes"][0]
        )
    ).body
    server.clock.move(minutes=9, seconds=59)
    fresh = await server.post("refresh", refreshToken=tokens["refreshToken"])
    server.clock.move(seconds=2)
    code = code_at(base64.b32decode(late["secret"]), server.clock())
    assert (
        await server.with_token(fresh.body["accessToken"]).post(path, enrolment=late["enrolment"], code=code)
    ).status == 400


async def test_machines_have_none(server: Server, enrol: Enrol, administrator: Server) -> None:
    """Keys, tokens to try things out and strangers add none; a key goes on where its owner has one."""
    tokens = await enrol(NAME, "integrator", grid="610921")
    made = await server.with_token(tokens["accessToken"]).do(
        "createApiKey", "secret", label="hotline", permissions=["accounts.make_keys"]
    )
    assert made["errors"] == []
    for caller in (server, administrator, server.with_token(made["secret"])):
        for path in ("enrolment", "confirmation", "recovery-codes", "removal"):
            body = {"password": PASSWORD, "code": "000000", "enrolment": "x"}
            assert (await caller.post(f"second-factor/{path}", **body)).status == 401
    await add_factor(server, tokens)
    assert await name_of(server, made["secret"]) == NAME


async def test_roles_that_may_not_be_without(server: Server, enrol: Enrol) -> None:
    """Who has such a role may nothing but add a factor; then everything at once, and not remove it again."""
    tokens = await enrol(NAME, "grid_worker", grid="610921101220")
    plain = await enrol("wang.fang", "grid_leader", grid="610921101")
    transport: Any = server.client._transport
    accounts = transport.app.gateway.operations.authenticate.accounts
    accounts.factored = frozenset({"grid_worker"})
    server.clock.move(seconds=31)  # what was remembered is over
    signed_in = server.with_token(tokens["accessToken"])
    me = (await signed_in.ask(ME)).data["me"]
    assert (me["account"], me["permissions"], me["role"], me["secondFactorDue"]) == (NAME, [], None, True)
    assert (await server.with_token(plain["accessToken"]).ask(ME)).data["me"]["permissions"] != []
    telephone = await add_factor(server, tokens)
    me = (await signed_in.ask(ME)).data["me"]
    assert me["permissions"] and (me["role"], me["secondFactorDue"]) == ("grid_worker", False)
    done = await answer(server, await begin(server), telephone.code())
    assert (await server.with_token(done.body["accessToken"]).ask(ME)).data["me"]["permissions"]


def test_unknown_roles_are_refused(tmp_path: Path) -> None:
    settings = replace(settings_for_tests("", tmp_path), factored=("nobody_at_all",))
    with pytest.raises(Problem, match="nobody_at_all"):
        check_factored(settings, ESSENTIAL)


async def test_cookies_come_after_the_code(server: Server, enrol: Enrol) -> None:
    """A page's password alone sets no cookie, and a session that was there before is no session of whoever signs in."""
    telephone = await add_factor(server, await enrol(NAME))
    page = {"x-gongzhi-session": "cookie"}
    browser = replace(server, headers=page)
    planted = await server.client.post("/auth/sign-in", json={"name": NAME, "password": PASSWORD}, headers=page)
    assert planted.status_code == 401 and "set-cookie" not in planted.headers
    [error] = planted.json()["errors"]
    reply = await server.client.post(
        "/auth/second-factor",
        json={"challenge": error["extensions"]["challenge"], "code": telephone.code()},
        headers=page,
    )
    assert reply.status_code == 200 and set(reply.json()) == {"expiresIn"}
    assert (await browser.ask("{ me { account } }")).data["me"]["account"] == NAME
    foreign = await server.client.post(
        "/auth/second-factor",
        json={"challenge": "x", "code": "1"},
        headers={**page, "origin": "https://elsewhere.example"},
    )
    assert foreign.status_code == 403


@given(
    secret=st.binary(min_size=20, max_size=20),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2090, 1, 1)),
    off=st.integers(-4 * STEP, 4 * STEP),
    used=st.integers(-3, 3),
)
def test_steps_are_near_and_new(secret: bytes, at: datetime, off: int, used: int) -> None:
    """A code is taken for a step that is near, is the code of that step, and lies behind what was used."""
    now = at.replace(tzinfo=UTC)
    current = int(now.timestamp()) // STEP
    code = code_at(secret, now + timedelta(seconds=off))
    step = match_step(secret, code, now, current + used)
    shown = int((now + timedelta(seconds=off)).timestamp()) // STEP
    if abs(shown - current) <= DRIFT and shown > current + used:
        assert step is not None
    if step is not None:
        assert abs(step - current) <= DRIFT and step > current + used
        assert TOTP(secret, 6, SHA1(), STEP).generate(step * STEP).decode() == code
        assert match_step(secret, code, now, step) in (None, *range(step + 1, current + DRIFT + 1))
