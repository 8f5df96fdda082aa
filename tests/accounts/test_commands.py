"""Who may make, see, grant and end what, over GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from gongzhi.plugin.roles import ROLES
from gongzhi_server.app import create_app
from gongzhi_server.gateway import Rate, Rates
from gongzhi_server.testing import TODAY, Server, settings_for_tests

from .conftest import PASSWORD, TOGETHER, Enrol, bestow, is_signed_out, until

pytestmark = TOGETHER
TOWN, OTHER_TOWN, VILLAGE = "610921101", "610921102", "610921101220"
PROPOSED = "grant { id proposedAt confirmedBy }"
CONFIRM = "mutation($input: ConfirmGrantInput!) { confirmGrant(input: $input) { errors { code } } }"
GRANTED = "grant { id role grid { code } unit { code } since until grantedBy revokedBy }"


async def sign_in_with(server: Server, enrol: Enrol, name: str, *held: Sequence[Any], database: Any) -> Server:
    """Somebody who holds these roles."""
    tokens = await enrol(name)
    for role, where in held:
        await bestow(database, name, role, **where)
    caller = server.with_token(tokens["accessToken"])

    async def known() -> bool:
        answer = await caller.ask("{ me { grants { role } } }")
        return len(answer.data["me"]["grants"]) == len(held)

    await until(known)
    return caller


async def refusal(caller: Server, mutation: str, **given: Any) -> tuple[str, list[str]]:
    selections = {"grantRole": GRANTED, "revokeGrant": GRANTED, "createApiKey": "secret", "rotateApiKey": "secret"}
    payload = await caller.do(mutation, selections.get(mutation, "__typename"), **given)
    assert len(payload["errors"]) == 1, payload
    return payload["errors"][0]["code"], payload["errors"][0]["path"]


async def test_grant_reaches_at_once(server: Server, enrol: Enrol, database: Any) -> None:
    """A role is given, counts in the very session that is open, is taken back, and counts no more."""
    leader = await sign_in_with(server, enrol, "leader", ("grid_leader", {"grid": TOWN}), database=database)
    tokens = await enrol("worker")
    worker = server.with_token(tokens["accessToken"])
    assert (await worker.ask("{ people { totalCount } }")).data["people"]["totalCount"] == 0
    await database.execute(
        "update accounts.account set grid_id=(select id from grids.grid where code=$1) where name='worker'", TOWN
    )
    given = await leader.do("grantRole", GRANTED, account="worker", role="grid_worker", grid=TOWN)
    assert given["errors"] == []
    assert (given["grant"]["grantedBy"], given["grant"]["grid"]) == ("leader", {"code": TOWN})

    async def sees() -> bool:
        return bool((await worker.ask("{ people { totalCount } }")).data["people"]["totalCount"])

    await until(sees)
    taken = await leader.do("revokeGrant", GRANTED, grant=given["grant"]["id"])
    assert (taken["grant"]["revokedBy"], taken["grant"]["until"]) == ("leader", taken["grant"]["since"])

    async def blind() -> bool:
        return not await sees()

    await until(blind)


async def test_nobody_gives_what_they_lack(server: Server, enrol: Enrol, database: Any) -> None:
    """Whoever grants without appointing: neither permissions, nor places beyond one's own; and nothing to oneself."""
    leader = await sign_in_with(server, enrol, "leader", ("grid_leader", {"grid": TOWN}), database=database)
    await enrol("worker")
    await database.execute(
        "update accounts.account set grid_id=(select id from grids.grid where code=$1) where name='worker'", TOWN
    )
    for role, grid, given in (
        ("grid_worker", TOWN, True),
        ("grid_worker", VILLAGE, True),
        ("grid_worker", OTHER_TOWN, False),
        ("grid_worker", "610921", False),
        ("town_dispatcher", TOWN, False),
        ("county_leader", TOWN, False),
        ("auditor", TOWN, False),
        ("administrator", TOWN, False),
    ):
        payload = await leader.do("grantRole", GRANTED, account="worker", role=role, grid=grid)
        assert (payload["errors"] == []) is given, (role, grid)


@pytest.mark.alone
async def test_administrators_appoint(server: Server, enrol: Enrol, database: Any) -> None:
    """Every role within one's grids, whatever one holds; nothing outside, nothing to oneself."""
    held = [("administrator", {"grid": TOWN})]
    boss = await sign_in_with(server, enrol, "boss", *held, database=database)
    await enrol("worker")
    await database.execute(
        "update accounts.account set grid_id=(select id from grids.grid where code=$1) where name='worker'", TOWN
    )

    async def tried(**given: Any) -> str:
        payload = await boss.do("grantRole", GRANTED, account="worker", **given)
        return payload["errors"][0]["code"] if payload["errors"] else "GIVEN"

    assert await tried(role="administrator", grid=TOWN) == "GIVEN"
    assert await tried(role="administrator", grid=VILLAGE) == "GIVEN"
    assert await tried(role="administrator", grid=OTHER_TOWN) == "FORBIDDEN"
    assert await tried(role="administrator", grid="610921") == "FORBIDDEN"
    assert await tried(role="administrator") == "FORBIDDEN"
    for one in ROLES:
        if one.name not in ("stranger", "administrator"):
            assert await tried(role=one.name, grid=TOWN) == "GIVEN"
    assert await tried(role="department_handler", unit="610921-SLJ") == "FORBIDDEN"
    assert await tried(role="deity", grid=TOWN) == "NOT_FOUND"
    assert await tried(role="stranger", grid=TOWN) == "BAD_USER_INPUT"
    assert await tried(role="auditor", grid=TOWN, unit="610921-SLJ") == "BAD_USER_INPUT"
    assert await tried(role="auditor", grid=TOWN, until="2026-01-01T00:00:00+08:00") == "BAD_USER_INPUT"
    own = await boss.do("grantRole", GRANTED, account="boss", role="deputy", grid=TOWN)
    assert own["grant"] is None
    waiting = "select array_agg(role order by role) from accounts.holding where granted_by='boss' and {} is null"
    assert len(await database.fetchval(waiting.format("proposed_at"))) == len(ROLES) - 2 - 3 + 1
    found = await database.fetchval(waiting.format("confirmed_by") + " and proposed_at is not null")
    guarded = ["administrator", "administrator", "county_dispatcher", "data_protection_officer"]
    assert found == guarded, "whoever can confirm, or make those who can, is given to it by two"
    seen = server.as_("data_protection_officer", grid="610921")
    kinds = "{ me { notices(first: 50) { nodes { kind } } } }"
    told = [one["kind"] for one in (await seen.ask(kinds)).data["me"]["notices"]["nodes"]]
    assert "account.role_given" in told and told.count("account.role_proposed") == len(guarded)
    assert told.count("account.role_watched") == len(guarded)


async def test_two_give_what_is_guarded(server: Server, enrol: Enrol, database: Any) -> None:
    """Who watches over personal data, or reads tip-offs, is given to it by two; until then it counts for nothing."""
    boss = await sign_in_with(server, enrol, "boss", ("administrator", {"grid": "610921"}), database=database)
    other = await sign_in_with(server, enrol, "other", ("administrator", {"grid": "610921"}), database=database)
    tokens = await enrol("watcher")
    watcher = server.with_token(tokens["accessToken"])
    given = await boss.do("grantRole", PROPOSED, account="watcher", role="data_protection_officer", grid="610921")
    grant = given["grant"]
    assert (grant["proposedAt"], grant["confirmedBy"]) != (None, None) and grant["confirmedBy"] is None
    assert (await watcher.ask("{ looks { totalCount } }")).codes == ["FORBIDDEN"]
    assert (await watcher.ask("{ me { grants { role } } }")).data["me"]["grants"] == []
    town = await sign_in_with(server, enrol, "town", ("administrator", {"grid": TOWN}), database=database)
    for caller in (boss, watcher, town):
        payload = (await caller.ask(CONFIRM, input={"idempotencyKey": "x", "grant": grant["id"]})).body
        assert any(f"'{code}'" in str(payload) for code in ("FORBIDDEN", "NOT_FOUND", "FOUR_EYES"))
    confirmed = await other.do("confirmGrant", PROPOSED, grant=grant["id"])
    assert (confirmed["grant"]["proposedAt"], confirmed["grant"]["confirmedBy"]) == (None, "other")
    assert (await watcher.ask("{ looks { totalCount } }")).codes == ["FORBIDDEN"], "the officer may stop it yet"
    officer = server.as_("data_protection_officer", grid="610921")
    assert (await officer.do("agreeToGrant", "grant { agreedBy }", grant=grant["id"]))["errors"] == []

    async def watches() -> bool:
        return (await watcher.ask("{ looks { totalCount } }")).status == 200 and not (
            await watcher.ask("{ looks { totalCount } }")
        ).errors

    await until(watches)
    assert (await refusal(other, "confirmGrant", grant=grant["id"])) == ("ILLEGAL_TRANSITION", ["grant"])


async def test_nobody_gives_for_longer(server: Server, enrol: Enrol, database: Any) -> None:
    ends = TODAY + timedelta(days=30)
    boss = await sign_in_with(
        server, enrol, "boss", ("administrator", {"grid": "610921", "until": ends}), database=database
    )
    await enrol("worker")
    for until_, expected in ((None, False), (ends + timedelta(seconds=1), False), (ends, True)):
        given = {"until": until_.isoformat()} if until_ else {}
        payload = await boss.do("grantRole", GRANTED, account="worker", role="auditor", grid="610921", **given)
        assert (payload["errors"] == []) is expected


async def test_no_taking_over(server: Server, enrol: Enrol, database: Any, administrator: Server) -> None:
    """Whoever could set the password of somebody who may more would be somebody who may more."""
    boss = await sign_in_with(server, enrol, "boss", ("administrator", {"grid": "610921"}), database=database)
    await enrol("dispatcher", "county_dispatcher", grid="610921")
    await enrol("clerk", "deputy", grid=TOWN)
    await enrol("watcher", "auditor", grid=TOWN)
    assert (await refusal(boss, "inviteAccount", account="dispatcher")) == ("FORBIDDEN", ["account"])
    # Who appoints an auditor may not become one, and read what was done to whom.
    assert (await refusal(boss, "inviteAccount", account="watcher")) == ("FORBIDDEN", ["account"])
    identity = {"issuer": "https://id.example", "subject": "me"}
    assert (await refusal(boss, "linkIdentity", account="dispatcher", **identity)) == ("FORBIDDEN", ["account"])
    key = {"label": "x", "permissions": ["cases.view_sealed"]}
    assert (await refusal(boss, "createApiKey", account="dispatcher", **key)) == ("FORBIDDEN", ["account"])
    assert (await boss.do("inviteAccount", "code", account="clerk"))["errors"] == []
    suspended = await boss.do(
        "setAccountSuspension", "account { version }", account="dispatcher", expectedVersion=1, suspended=True
    )
    assert suspended["errors"] == [], "to stop somebody is less than to be them"
    again = {"account": "dispatcher", "expectedVersion": 2, "suspended": False}
    assert (await refusal(boss, "setAccountSuspension", **again)) == ("FORBIDDEN", ["account"]), "given by two"
    version = {"account": "handler", "expectedVersion": 1}
    await enrol("handler", "department_handler", unit="610921-SLJ")
    await boss.do("setAccountSuspension", "account { version }", **version, suspended=True)
    version["expectedVersion"] = 2
    lifted = await boss.do("setAccountSuspension", "account { version }", **version, suspended=False)
    assert lifted["errors"] == [], "who appoints may let somebody in again"
    assert (await refusal(boss, "setAccountSuspension", account="boss", expectedVersion=1, suspended=True)) == (
        "FORBIDDEN",
        ["account"],
    )


@pytest.mark.alone
async def test_accounts_of_one_s_scope(server: Server, enrol: Enrol, database: Any, administrator: Server) -> None:
    await enrol("far")
    near = await administrator.do("addAccount", "account { grid { code } }", name="near", grid=VILLAGE)
    assert near["account"]["grid"] == {"code": VILLAGE}
    nowhere = await administrator.do("addAccount", "account { grid { code } }", name="nowhere")
    assert nowhere["account"]["grid"] is None
    boss = await sign_in_with(server, enrol, "boss", ("administrator", {"grid": TOWN}), database=database)
    seen = (await boss.ask("{ accounts { totalCount nodes { name } } }")).data["accounts"]
    assert [one["name"] for one in seen["nodes"]] == ["boss", "near"]
    assert seen["totalCount"] == 2
    assert (await boss.ask('{ account(name: "far") { name } }')).data["account"] is None
    assert (await refusal(boss, "inviteAccount", account="far")) == ("NOT_FOUND", ["account"])
    assert (await refusal(boss, "inviteAccount", account="nobody")) == ("NOT_FOUND", ["account"])
    assert (await refusal(boss, "addAccount", name="other", grid="610921")) == ("FORBIDDEN", ["grid"])
    assert (await refusal(boss, "addAccount", name="other")) == ("FORBIDDEN", ["grid"])
    assert (await refusal(boss, "addAccount", name="far", grid=TOWN)) == ("DUPLICATE", ["name"])
    for name in ("x", "two words", "stranger", "CONSOLE", "a@b", "-" * 65, "​a"):
        assert (await refusal(boss, "addAccount", name=name, grid=TOWN)) == ("BAD_USER_INPUT", ["name"]), name
    worker = await sign_in_with(server, enrol, "worker", ("grid_worker", {"grid": TOWN}), database=database)
    assert [one["name"] for one in (await worker.ask("{ accounts { nodes { name } } }")).data["accounts"]["nodes"]] == [
        "worker"
    ]
    assert (await server.ask("{ accounts { nodes { name } } }")).data["accounts"]["nodes"] == []


async def test_suspension_is_at_once(server: Server, enrol: Enrol, administrator: Server) -> None:
    tokens = await enrol("worker", "auditor", grid=TOWN)
    given = {"account": "worker", "expectedVersion": 1, "suspended": True}
    done = await administrator.do("setAccountSuspension", "account { suspendedBy version }", **given)
    assert done["account"] == {"suspendedBy": "administrator", "version": 2}
    await until(lambda: is_signed_out(server, tokens["accessToken"]))
    assert (await server.post("refresh", refreshToken=tokens["refreshToken"])).status == 401
    assert (await refusal(administrator, "setAccountSuspension", **given))[0] == "STALE_VERSION"
    back = await administrator.do(
        "setAccountSuspension", "account { suspendedAt }", account="worker", expectedVersion=2, suspended=False
    )
    assert back["account"] == {"suspendedAt": None}
    assert (await server.post("refresh", refreshToken=tokens["refreshToken"])).status == 401
    assert (await server.post("sign-in", name="worker", password=PASSWORD)).status == 200


async def test_sessions_end(server: Server, enrol: Enrol, administrator: Server) -> None:
    first = await enrol("worker")
    second = (await server.post("sign-in", name="worker", password=PASSWORD, device="tablet")).body
    other = await enrol("other")
    mine = server.with_token(first["accessToken"])
    listed = (await mine.ask("{ me { sessions { nodes { id device endedAt } } } }")).data["me"]["sessions"]["nodes"]
    [tablet] = [one["id"] for one in listed if one["device"] == "tablet"]
    stranger = server.with_token(other["accessToken"])
    assert (await refusal(stranger, "endSession", session=tablet))[0] == "NOT_FOUND"
    assert (await refusal(server, "endSession", session=tablet))[0] == "NOT_FOUND"
    assert (await mine.do("endSession", "session { endedAt }", session=tablet))["errors"] == []
    await until(lambda: is_signed_out(server, second["accessToken"]))
    assert not await is_signed_out(server, first["accessToken"])
    assert (await mine.do("signOutEverywhere", "account { name }"))["errors"] == []
    await until(lambda: is_signed_out(server, first["accessToken"]))
    assert not await is_signed_out(server, other["accessToken"])
    assert (await administrator.do("signOutEverywhere", "account { name }", account="other"))["errors"] == []
    await until(lambda: is_signed_out(server, other["accessToken"]))


@pytest.mark.alone
async def test_keys_live_and_end(server: Server, enrol: Enrol, database: Any) -> None:
    """A key has some permissions, is nobody, makes no keys, is rotated with both good for a while, and ends."""
    held = [("integrator", {"grid": "610921"}), ("auditor", {"grid": TOWN})]
    owner = await sign_in_with(server, enrol, "sync", *held, database=database)
    person = await database.fetchval("select id from people.person order by id limit 1")
    await database.execute("update accounts.account set person_id=$1 where name='sync'", person)
    made = await owner.do("createApiKey", "apiKey { id expiresAt } secret", label="hotline", permissions=["cases.view"])
    assert made["errors"] == []
    key = server.with_token(made["secret"])
    me = (await key.ask("{ me { account permissions person { id } } people { totalCount } }")).data
    assert me == {
        "me": {"account": "sync", "permissions": ["cases.view"], "person": None},
        "people": {"totalCount": 0},
    }
    given = {"label": "more", "permissions": ["cases.view"]}
    assert (await refusal(key, "createApiKey", **given))[0] == "FORBIDDEN"
    assert (await refusal(owner, "createApiKey", label="x", permissions=["cases.handle"]))[1] == ["permissions"]
    assert (await refusal(owner, "createApiKey", label="x", permissions=[]))[1] == ["permissions"]
    assert (await refusal(owner, "createApiKey", **given, expiresAt="2027-07-02T00:00:00Z"))[1] == ["expiresAt"]
    rotated = await owner.do("rotateApiKey", "apiKey { expiresAt } secret", apiKey=made["apiKey"]["id"], overlap=2)
    assert rotated["apiKey"]["expiresAt"] == made["apiKey"]["expiresAt"]
    fresh = server.with_token(rotated["secret"])
    for one in (key, fresh):
        assert (await one.ask("{ cases { totalCount } }")).status == 200
    server.clock.move(hours=2)
    assert (await key.ask("{ cases { totalCount } }")).status == 401
    assert (await fresh.ask("{ cases { totalCount } }")).status == 200
    server.clock.move(days=90)
    assert (await fresh.ask("{ cases { totalCount } }")).status == 401


async def test_revoked_keys_stop(server: Server, enrol: Enrol, database: Any) -> None:
    owner = await sign_in_with(server, enrol, "sync", ("integrator", {"grid": "610921"}), database=database)
    made = await owner.do("createApiKey", "apiKey { id } secret", label="a", permissions=["cases.view"])
    assert not await is_signed_out(server, made["secret"])
    other = await sign_in_with(server, enrol, "other", ("integrator", {"grid": "610921"}), database=database)
    assert (await refusal(other, "revokeApiKey", apiKey=made["apiKey"]["id"]))[0] == "NOT_FOUND"
    assert (await owner.do("revokeApiKey", "apiKey { revokedAt }", apiKey=made["apiKey"]["id"]))["errors"] == []
    await until(lambda: is_signed_out(server, made["secret"]))
    assert (await refusal(owner, "rotateApiKey", apiKey=made["apiKey"]["id"]))[1] == ["apiKey"]


async def test_secret_shown_once(server: Server, enrol: Enrol, database: Any) -> None:
    """A request that is sent again answers with the same key, and not with its secret."""
    owner = await sign_in_with(server, enrol, "sync", ("integrator", {"grid": "610921"}), database=database)
    given = {"label": "a", "permissions": ["cases.view"], "idempotencyKey": "the same"}
    first, second = [await owner.do("createApiKey", "apiKey { id } secret", **given) for _ in range(2)]
    assert first["apiKey"] == second["apiKey"]
    assert first["secret"].startswith("gzk_") and second["secret"] is None


@pytest.mark.parametrize("key", ["gzk_", "gzk_" + "x" * 43, "gzk_" + "x" * 9000, "GZK_abc"])
async def test_odd_keys_refused(server: Server, key: str) -> None:
    assert await is_signed_out(server, key)


async def test_grants_begin_and_end_by_the_clock(server: Server, enrol: Enrol, database: Any) -> None:
    """To the moment, without anybody saying so, though the account is remembered."""
    since, ends = TODAY + timedelta(seconds=40), TODAY + timedelta(seconds=80)
    tokens = await enrol("worker")
    await bestow(database, "worker", "auditor", grid="610921", since=since, until=ends)
    caller = server.with_token(tokens["accessToken"])

    async def may() -> bool:
        return "people.view" in (await caller.ask("{ me { permissions } }")).data["me"]["permissions"]

    seen = []
    for second in (0, 39, 40, 79, 80, 81):
        server.clock.time = TODAY + timedelta(seconds=second)
        seen.append(await may())
    assert seen == [False, False, True, True, False, False]


async def test_keys_have_a_rate_of_their_own(
    filled: str, tmp_path: Path, server: Server, enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key pays for itself and for its account; signing in is counted for the address."""
    tokens = await enrol("sync", "integrator", grid="610921")
    owner = server.with_token(tokens["accessToken"])
    made = await owner.do("createApiKey", "secret", label="a", permissions=["cases.view"])
    monkeypatch.setattr("gongzhi_server.configuration.Rates", partial(Rates, address=Rate(3, 3600)))
    app = create_app(replace(settings_for_tests(filled, tmp_path), rates=True), filled, server.clock)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        sent = {"json": {"query": "{ me { account } }"}}
        by_key = await client.post("/graphql", **sent, headers=server.with_token(made["secret"]).headers)
        signed_in = await client.post("/graphql", **sent, headers=owner.headers)
        policies = [answer.headers["ratelimit-policy"].split(", ") for answer in (by_key, signed_in)]
        assert [[one.split(";")[0] for one in each] for each in policies] == [['"account"', '"key"'], ['"account"']]
        codes = [(await client.post("/auth/refresh", json={"refreshToken": "x"})).status_code for _ in range(4)]
        assert codes == [401, 401, 401, 429]


async def test_sensors_file_by_key(server: Server, enrol: Enrol, database: Any) -> None:
    """A matter that sensors found comes from a system with its key, not from whoever signs in to the same account."""
    person = await sign_in_with(server, enrol, "sensors", ("integrator", {"grid": "610921"}), database=database)
    made = await person.do(
        "createApiKey", "secret", label="sensors", permissions=["cases.view", "cases.report_proactive"]
    )
    matter = {
        "kind": "HELP",
        "channel": "IOT",
        "origin": "PROACTIVE",
        "category": "safety",
        "title": "井盖倾斜",
        "description": "井盖倾斜告警",
        "grid": "610921101",
    }
    assert await refusal(person, "reportCase", **matter) == ("FORBIDDEN", ["channel"])
    filed = await server.with_token(made["secret"]).do("reportCase", "case { channel { name } origin }", **matter)
    assert filed["case"] == {"channel": {"name": "物联感知"}, "origin": "PROACTIVE"}
