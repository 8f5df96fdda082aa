"""Two persons where two are promised: puppets confirm nothing, nobody becomes, ends or replaces an officer alone."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gongzhi.plugin.roles import ROLES
from gongzhi_server.testing import ESSENTIAL, TODAY, Clock, Server, codes_of, serve_application
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from .conftest import PASSWORD, Enrol, bestow, mark_as_founded, until

COUNTY, TOWN = "610921", "610921101"
OFFICER = "data_protection_officer"
GRANT = "grant { id proposedAt confirmedBy waitsUntil since until agreedBy stoppedBy stoppedWhy endingBy revokedBy }"


async def appoint(server: Server, enrol: Enrol, database: Any, name: str, role: str, **where: Any) -> Server:
    """Somebody whom the command line gave a role in the county when it was set up."""
    tokens = await enrol(name)
    await bestow(database, name, role, **{"grid": COUNTY, **where})
    caller = server.with_token(tokens["accessToken"])
    await until(lambda: holds(caller, role))
    return caller


async def holds(caller: Server, role: str) -> bool:
    answer = await caller.ask("{ me { grants { role } } }")
    return role in [one["role"] for one in answer.data["me"]["grants"]]


async def again(server: Server, name: str) -> Server:
    """The same person, signed in once more, for time has passed."""
    answer = await server.post("sign-in", name=name, password=PASSWORD, device="desk")
    assert answer.status == 200, answer.body
    return server.with_token(answer.body["accessToken"])


async def puppet(server: Server, master: Server, name: str, role: str, grid: str = COUNTY) -> tuple[Server, Any]:
    """An account that somebody made, with a password that they chose, and the grant they gave it."""
    made = await master.do("addAccount", "code", name=name, grid=COUNTY)
    assert made["errors"] == []
    answer = await server.post("invitation", code=made["code"], password=PASSWORD)
    given = await master.do("grantRole", GRANT, account=name, role=role, grid=grid)
    return server.with_token(answer.body["accessToken"]), given["grant"]


async def test_puppets_confirm_nothing(server: Server, enrol: Enrol, database: Any) -> None:
    """What happened: an administrator makes another one, who confirms an officer and a dispatcher of theirs."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    _, grant = await puppet(server, boss, "puppet", "administrator")
    assert grant["proposedAt"], "whoever can confirm is given to it by two"
    await database.execute("update accounts.holding set proposed_at=null, since=granted_at where granted_by='boss'")
    _, officer = await puppet(server, boss, "watcher", OFFICER)
    for days in (0, 31, 400):
        server.clock.move(days=days)
        caller = await again(server, "puppet")
        payload = await caller.do("confirmGrant", GRANT, grant=officer["id"])
        assert codes_of(payload["errors"]) == ["FOUR_EYES"]


async def test_who_appointed_both(server: Server, enrol: Enrol, database: Any) -> None:
    """Two whom the same person appointed do not confirm for each other, directly or through others."""
    for name in ("one", "two", "three"):
        await appoint(server, enrol, database, name, "administrator")
    await database.execute(
        "update accounts.holding h set granted_by=case a.name when 'one' then 'root' else 'middle' end "
        "from accounts.account a where a.id=h.account_id and a.name in ('one','two')"
    )
    await enrol("middle")
    await bestow(database, "middle", "administrator", grid=COUNTY)
    await database.execute("update accounts.holding set granted_by='root' where account_id=(" + ID + ")", "middle")
    await enrol("zhang")
    given = await (await again(server, "one")).do("grantRole", GRANT, account="zhang", role=OFFICER, grid=COUNTY)
    refused = await (await again(server, "two")).do("confirmGrant", GRANT, grant=given["grant"]["id"])
    assert codes_of(refused["errors"]) == ["FOUR_EYES"]
    done = await (await again(server, "three")).do("confirmGrant", GRANT, grant=given["grant"]["id"])
    assert done["errors"] == []


ID = "select id from accounts.account where name=$1"


async def test_confirmers_have_a_term(server: Server, enrol: Enrol, database: Any) -> None:
    """Who was given their office yesterday confirms nobody's; what the command line gave counts at once."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    await appoint(server, enrol, database, "fresh", "administrator", since=TODAY)
    await database.execute("update accounts.holding set granted_by='else', granted_at=$2 where account_id=(" + ID + ")",
                           "fresh", TODAY)  # fmt: skip
    await enrol("zhang")
    given = (await boss.do("grantRole", GRANT, account="zhang", role=OFFICER, grid=COUNTY))["grant"]
    for days, expected in ((0, ["FOUR_EYES"]), (29, ["FOUR_EYES"]), (1, [])):
        server.clock.move(days=days)
        payload = await (await again(server, "fresh")).do("confirmGrant", GRANT, grant=given["id"])
        assert codes_of(payload["errors"]) == expected, days


async def test_offices_of_a_city_and_with_an_end(server: Server, enrol: Enrol, database: Any) -> None:
    """Who administers a city, until a day, confirms and takes back what is held in it: the city lies in no county."""
    city = await database.fetchval("select code from grids.grid where kind='CITY' and code like '6109%'")
    boss = await appoint(server, enrol, database, "boss", "administrator", grid=city)
    other = await appoint(server, enrol, database, "other", "administrator", grid=city, until=TODAY + timedelta(days=9))
    county = await appoint(server, enrol, database, "county", "administrator")
    await enrol("zhang")
    given = (await boss.do("grantRole", GRANT, account="zhang", role=OFFICER, grid=city))["grant"]
    named = f'{{ node(id: "{given["id"]}") {{ ... on Grant {{ actions {{ name allowed reason }} }} }} }}'
    told = {one["name"]: one["reason"] for one in (await other.ask(named)).data["node"]["actions"]}
    assert told == {"agreeToGrant": "FORBIDDEN", "confirmGrant": None, "revokeGrant": None, "stopGrant": "FORBIDDEN"}
    mine = {one["name"]: one["reason"] for one in (await boss.ask(named)).data["node"]["actions"]}
    assert mine["confirmGrant"] == "FOUR_EYES"
    refused = await county.ask(CONFIRM, input={"idempotencyKey": "1", "grant": given["id"]})
    assert "NOT_FOUND" in str(refused.body) or "FORBIDDEN" in str(refused.body)
    assert (await other.do("confirmGrant", GRANT, grant=given["id"]))["errors"] == []
    assert (await other.do("revokeGrant", GRANT, grant=given["id"]))["errors"] == []


CONFIRM = "mutation($input: ConfirmGrantInput!) { confirmGrant(input: $input) { errors { code } } }"


async def test_nobody_locks_an_officer_out_alone(server: Server, enrol: Enrol, database: Any) -> None:
    """A way to sign in is not taken from an officer by one person, though by one from others."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    await appoint(server, enrol, database, "officer", OFFICER)
    await enrol("worker")
    for name, expected in (("officer", ["FOUR_EYES"]), ("worker", [])):
        identity = await database.fetchval(
            "insert into accounts.identity (id, account_id, issuer, subject, linked_at, linked_by) "
            "select gen_random_uuid(), id, 'https://id.example', name, now(), 'console' from accounts.account "
            "where name=$1 returning id",
            name,
        )
        done = await boss.do("unlinkIdentity", "account { name }", identity=f"Identity:{identity}")
        assert codes_of(done["errors"]) == expected, name


async def test_officer_is_told_and_stops(server: Server, enrol: Enrol, database: Any) -> None:
    """A guarded role waits, whoever watches over the county reads of it, and may stop it with a reason."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    other = await appoint(server, enrol, database, "other", "administrator")
    officer = await appoint(server, enrol, database, "officer", OFFICER)
    await enrol("zhang")
    given = (await boss.do("grantRole", GRANT, account="zhang", role="county_dispatcher", grid=COUNTY))["grant"]
    assert given["waitsUntil"] == "2026-07-03T02:00:00+00:00"
    kinds = "{ me { notices(first: 20) { nodes { kind about } } } }"
    notices = (await officer.ask(kinds)).data["me"]["notices"]["nodes"]
    assert {"kind": "account.role_watched", "about": given["id"]} in notices
    done = await other.do("confirmGrant", GRANT, grant=given["id"])
    assert done["grant"]["since"] == given["waitsUntil"], "confirmed, and it waits for the officer's word"
    for caller, code in ((boss, "FORBIDDEN"), (other, "FORBIDDEN")):
        answer = await caller.ask(STOP, input={"idempotencyKey": "1", "grant": given["id"], "reason": "no"})
        assert code in str(answer.body)
    stopped = await officer.do("stopGrant", GRANT, grant=given["id"], reason="不符合任职条件")
    assert (stopped["grant"]["stoppedBy"], stopped["grant"]["stoppedWhy"]) == ("officer", "不符合任职条件")
    server.clock.move(days=4)
    assert not await holds(await again(server, "zhang"), "county_dispatcher")
    seen = (await (await again(server, "boss")).ask(kinds)).data["me"]["notices"]["nodes"]
    assert {"kind": "account.role_stopped", "about": given["id"]} in seen


STOP = "mutation($input: StopGrantInput!) { stopGrant(input: $input) { errors { code } } }"


async def test_it_counts_when_nobody_stops_it(server: Server, enrol: Enrol, database: Any) -> None:
    boss = await appoint(server, enrol, database, "boss", "administrator")
    other = await appoint(server, enrol, database, "other", "administrator")
    await enrol("zhang")
    given = (await boss.do("grantRole", GRANT, account="zhang", role="county_dispatcher", grid=COUNTY))["grant"]
    assert (await other.do("confirmGrant", GRANT, grant=given["id"]))["errors"] == []
    for hours, expected in ((71, False), (1, True)):
        server.clock.move(hours=hours)
        assert await holds(await again(server, "zhang"), "county_dispatcher") is expected
    late = await server.as_(OFFICER, grid=COUNTY).do("stopGrant", GRANT, grant=given["id"], reason="late")
    assert codes_of(late["errors"]) == ["ILLEGAL_TRANSITION"]


async def test_stopping_races_with_confirming(server: Server, enrol: Enrol, database: Any) -> None:
    """Whatever comes first, a role that was stopped counts for nothing, and of two confirmations one is made."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    second = await appoint(server, enrol, database, "second", "administrator")
    third = await appoint(server, enrol, database, "third", "administrator")
    officer = server.as_(OFFICER, grid=COUNTY)
    for at in range(4):
        await enrol(f"zhang{at}")
        given = (await boss.do("grantRole", GRANT, account=f"zhang{at}", role="county_dispatcher", grid=COUNTY))[
            "grant"
        ]
        one, two, stopped = await asyncio.gather(
            second.do("confirmGrant", GRANT, grant=given["id"]),
            third.do("confirmGrant", GRANT, grant=given["id"]),
            officer.do("stopGrant", GRANT, grant=given["id"], reason="stop"),
        )
        assert stopped["errors"] == [] and not (one["errors"] == [] and two["errors"] == [])
    server.clock.move(days=10)
    count = "select count(*) from accounts.holding where granted_by='boss' and until>since"
    assert await database.fetchval(count) == 0


async def test_an_officer_leaves_by_two(server: Server, enrol: Enrol, database: Any) -> None:
    """Taking the role back and suspending the account need a second person, and the officer reads of both."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    other = await appoint(server, enrol, database, "other", "administrator")
    officer = await appoint(server, enrol, database, "officer", OFFICER)
    grant = await database.fetchval("select id from accounts.holding where account_id=(" + ID + ")", "officer")
    asked = await boss.do("revokeGrant", GRANT, grant=f"Grant:{grant}")
    assert (asked["grant"]["endingBy"], asked["grant"]["until"]) == ("boss", None)
    assert codes_of((await boss.do("revokeGrant", GRANT, grant=f"Grant:{grant}"))["errors"]) == ["FOUR_EYES"]
    assert await holds(officer, OFFICER)
    suspend = {"account": "officer", "suspended": True}
    waits = "account { version suspendedAt suspendingBy }"
    first = await boss.do("setAccountSuspension", waits, expectedVersion=1, **suspend)
    assert first["account"] == {"version": 2, "suspendedAt": None, "suspendingBy": "boss"}
    self = await boss.do("setAccountSuspension", waits, expectedVersion=2, **suspend)
    assert codes_of(self["errors"]) == ["FOUR_EYES"]
    notices = (await officer.ask("{ me { notices(first: 20) { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert [one["kind"] for one in notices].count("account.office_ending") >= 2
    done = await other.do("setAccountSuspension", "account { suspendedBy }", expectedVersion=2, **suspend)
    assert done["account"] == {"suspendedBy": "other"}
    ended = await other.do("revokeGrant", GRANT, grant=f"Grant:{grant}")
    assert ended["grant"]["revokedBy"] == "other"


async def test_nobody_enters_alone(server: Server, enrol: Enrol, database: Any) -> None:
    """Whoever could set a colleague's password, link an identity or make a key would be both of two persons."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    third = await appoint(server, enrol, database, "third", "administrator")
    await appoint(server, enrol, database, "other", "administrator")
    asked = await boss.do("inviteAccount", "code invitation { id }", account="other")
    assert (asked["errors"], asked["code"]) == ([], None)
    printing = asked["invitation"]["id"]
    assert codes_of((await boss.do("printInvitation", "code", invitation=printing))["errors"]) == ["FOUR_EYES"]
    assert (await third.do("printInvitation", "code", invitation=printing))["code"]
    identity = {"issuer": "https://id.example", "subject": "me"}
    linked = await boss.do("linkIdentity", "identity { id proposedAt }", account="other", **identity)
    assert linked["identity"]["proposedAt"]
    confirm = {"identity": linked["identity"]["id"]}
    assert codes_of((await boss.do("confirmIdentity", "__typename", **confirm))["errors"]) == ["FOUR_EYES"]
    assert (await third.do("confirmIdentity", "identity { confirmedBy }", **confirm))["errors"] == []
    key = {"label": "x", "permissions": ["accounts.confirm"]}
    assert codes_of((await boss.do("createApiKey", "secret", account="other", **key))["errors"]) == ["FORBIDDEN"]


async def test_everyday_decisions_take_two(server: Server, enrol: Enrol, database: Any) -> None:
    """A whistle called by one puppet is not decided by the next one, nor by whoever appointed the first."""
    boss = await appoint(server, enrol, database, "boss", "administrator")
    for name in ("one", "two"):
        await puppet(server, boss, name, "town_dispatcher", TOWN)
    await enrol("town", "town_dispatcher", grid=TOWN)
    until_ = (server.clock() + timedelta(hours=24)).isoformat()
    asked = {"grid": TOWN, "powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": until_}
    first = await (await again(server, "one")).do("declareEmergency", "emergency { id }", **asked)
    assert first["errors"] == [], first
    confirm = {"emergency": first["emergency"]["id"], "confirm": True}
    late = await (await again(server, "two")).do("confirmEmergency", "emergency { id }", **confirm)
    assert codes_of(late["errors"]) == ["FOUR_EYES"]
    done = await (await again(server, "town")).do("confirmEmergency", "emergency { id }", **confirm)
    assert done["errors"] == []


# one attacker, any number of puppets


GUARDED_ROLES = sorted(role.name for role in ROLES if ESSENTIAL.held(role.name) & ESSENTIAL.guarded)
HONEST = {"honest": "administrator", "watch": OFFICER, "desk": "county_dispatcher"}
START = st.sampled_from(["administrator", "county_dispatcher", OFFICER])
ROLE = st.sampled_from([*GUARDED_ROLES, "grid_leader", "auditor"])
SMALL = st.integers(0, 5)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), SMALL),
        st.tuples(st.just("grant"), SMALL, SMALL, ROLE),
        st.tuples(st.just("confirm"), SMALL, SMALL),
        st.tuples(st.just("agree"), SMALL, SMALL),
        st.tuples(st.just("revoke"), SMALL, st.integers(0, 9)),
        st.tuples(st.just("suspend"), SMALL, SMALL, st.booleans()),
        st.tuples(st.just("invite"), SMALL, SMALL),
        st.tuples(st.just("print"), SMALL, SMALL),
        st.tuples(st.just("link"), SMALL, SMALL),
        st.tuples(st.just("admit"), SMALL, SMALL),
        st.tuples(
            st.just("key"),
            SMALL,
            SMALL,
            st.sampled_from(sorted(ESSENTIAL.guarded | {"accounts.grant", "accounts.edit"})),
        ),
        st.tuples(st.just("wait"), st.sampled_from([3, 31])),
    ),
    min_size=4,
    max_size=12,
)


# What was found in an attack, and what would be tried next. 2 is the first of the honest, after one puppet.
PUPPET = [
    ("add", 0),
    ("grant", 0, 1, "administrator"),
    ("confirm", 0, 0),
    ("wait", 31),
    ("add", 1),
    ("grant", 0, 2, OFFICER),
    ("confirm", 1, 0),
    ("wait", 3),
]
TAKEOVER = [("invite", 0, 1), ("print", 0, 0), ("suspend", 0, 1, True), ("invite", 0, 3), ("print", 0, 0)]
IDENTITY = [("add", 0), ("link", 0, 2), ("admit", 0, 0), ("admit", 1, 0), ("suspend", 0, 3, True), ("revoke", 0, 1)]


FORMER = [("revoke", 0, 0), ("invite", 0, 3), ("print", 0, 0)]
"""Take the dispatcher's role away, and then their account, which has nothing any more, until the role is given back."""


class Attack:
    """Moves of one person who has one account to begin with, and every account they can get into."""

    def __init__(self, server: Server, database: Any, number: int) -> None:
        self.server, self.database, self.number = server, database, number
        self.mine: list[str] = [self.named("start")]
        self.keys: list[str] = []

    def named(self, name: str) -> str:
        return f"{name}-{self.number}"

    def target(self, at: int) -> str:
        """An account of theirs, or one of somebody honest."""
        everybody = [*self.mine, *(self.named(one) for one in HONEST)]
        return everybody[at % len(everybody)]

    async def begin(self, role: str) -> None:
        administrator = self.server.as_("administrator")
        for name, held_ in {"start": role, **HONEST}.items():
            made = await administrator.do("addAccount", "code", name=self.named(name), grid=COUNTY)
            assert (await self.server.post("invitation", code=made["code"], password=PASSWORD)).status == 200
            await mark_as_founded(self.database, self.named(name))
            await bestow(self.database, self.named(name), held_, grid=COUNTY)

    async def actor(self, at: int) -> Server:
        actors = [*self.mine, *self.keys]
        name = actors[at % len(actors)]
        if name.startswith("gzk_"):
            return self.server.with_token(name)
        answer = await self.server.post("sign-in", name=name, password=PASSWORD, device="x")
        return self.server.with_token(answer.body["accessToken"]) if answer.status == 200 else self.server

    async def ids(self, table: str, kind: str) -> list[str]:
        rows = await self.database.fetch(
            f"select t.id from accounts.{table} t join accounts.account a on a.id=t.account_id "
            "where a.name like $1 order by t.id",
            f"%-{self.number}",
        )
        return [f"{kind}:{row['id']}" for row in rows]

    async def tried(self, at: int, mutation: str, selection: str, /, **given: Any) -> dict[str, Any]:
        """What came of a mutation; nothing where it was refused, in whatever way."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} errors {{ code }} }} }}"
        caller = await self.actor(at)
        body = {"idempotencyKey": str(len(self.mine)) + str(id(given)) + str(self.server.clock()), **given}
        answer = (await caller.ask(query, input=body)).body
        return (answer.get("data") or {}).get(mutation) or {}

    async def enter(self, name: str, code: str | None) -> None:
        """Use a code that they got to see."""
        if code and (await self.server.post("invitation", code=code, password=PASSWORD)).status == 200:
            self.mine = list(dict.fromkeys([*self.mine, name]))

    async def play(self, move: tuple[Any, ...]) -> None:
        match move:
            case ("add", at):
                name = self.named(f"puppet{len(self.mine)}")
                made = await self.tried(at, "addAccount", "code", name=name, grid=COUNTY)
                await self.enter(name, made.get("code"))
            case ("grant", at, whom, role):
                await self.tried(at, "grantRole", "grant { id }", account=self.target(whom), role=role, grid=COUNTY)
            case ("confirm" | "agree" | "revoke" as what, at, which):
                if grants := await self.ids("holding", "Grant"):
                    mutation = {"confirm": "confirmGrant", "agree": "agreeToGrant", "revoke": "revokeGrant"}[what]
                    await self.tried(at, mutation, "grant { id }", grant=grants[-1 - which % len(grants)])
            case ("suspend", at, whom, yes):
                version = await self.database.fetchval(
                    "select version from accounts.account where name=$1", self.target(whom)
                )
                given_ = {"account": self.target(whom), "suspended": yes, "expectedVersion": version}
                await self.tried(at, "setAccountSuspension", "account { id }", **given_)
            case ("invite", at, whom):
                made = await self.tried(at, "inviteAccount", "code", account=self.target(whom))
                await self.enter(self.target(whom), made.get("code"))
            case ("print", at, which):
                if codes := await self.ids("invitation", "Invitation"):
                    chosen = codes[which % len(codes)]
                    made = await self.tried(at, "printInvitation", "code", invitation=chosen)
                    name = await self.database.fetchval(
                        "select a.name from accounts.invitation i join accounts.account a on a.id=i.account_id "
                        "where i.id=$1",
                        chosen.split(":")[1],
                    )
                    await self.enter(name, made.get("code"))
            case ("link", at, whom):
                given_ = {"account": self.target(whom), "issuer": "https://id.example"}
                await self.tried(at, "linkIdentity", "identity { id }", subject=f"me-{self.number}", **given_)
            case ("admit", at, which):
                if ways := await self.ids("identity", "Identity"):
                    await self.tried(at, "confirmIdentity", "identity { id }", identity=ways[which % len(ways)])
            case ("key", at, whom, permission):
                given_ = {"account": self.target(whom), "label": "x", "permissions": [permission]}
                made = await self.tried(at, "createApiKey", "secret", **given_)
                if made.get("secret"):
                    assert self.target(whom) in self.mine or permission not in ESSENTIAL.guarded
                    self.keys.append(made["secret"])
            case ("wait", days):
                self.server.clock.move(days=days)

    async def check(self, role: str) -> None:
        """They hold no guarded role but the first one, and are in no account of somebody honest."""
        assert {self.named(one) for one in HONEST}.isdisjoint(self.mine)
        rows = await self.database.fetch(
            "select a.name, h.role from accounts.holding h join accounts.account a on a.id=h.account_id "
            "where a.name=any($1) and h.role=any($2) and h.proposed_at is null and (h.until is null or h.until>$3)",
            self.mine,
            GUARDED_ROLES,
            self.server.clock(),
        )
        assert {(row["name"], row["role"]) for row in rows} <= {(self.mine[0], role)}
        entered = await self.database.fetchval(
            "select count(*) from accounts.identity i join accounts.account a on a.id=i.account_id "
            "where i.proposed_at is null and a.name=any($1)",
            [self.named(one) for one in HONEST],
        )
        assert entered == 0
        officer = await self.database.fetchrow(
            "select a.suspended_at, h.until from accounts.account a join accounts.holding h on h.account_id=a.id "
            "where a.name=$1 and h.granted_by='console'",
            self.named("watch"),
        )
        assert tuple(officer) == (None, None), "the officer in office stays, whatever one person does"


@pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.slow)])
def test_one_person_reaches_nothing_guarded(filled: str, tmp_path: Path, examples: int) -> None:
    """Appointing, confirming, revoking, suspending, inviting, linking and waiting, with any number of puppets."""
    counted = iter(range(10**6))

    async def played(server: Server, database: Any, role: str, moves: list[tuple[Any, ...]]) -> None:
        attack = Attack(server, database, next(counted))
        await attack.begin(role)
        for move in moves:
            await attack.play(move)
            await attack.check(role)

    async def opened(stack: AsyncExitStack) -> tuple[Server, Any]:
        server = await stack.enter_async_context(serve_application(filled, tmp_path, Clock()))
        database = await asyncpg.connect(filled)
        stack.push_async_callback(database.close)
        return server, database

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        server, database = runner.run(opened(stack))

        @example("administrator", PUPPET)
        @example("administrator", TAKEOVER)
        @example("administrator", IDENTITY)
        @example("administrator", FORMER)
        @given(START, MOVES)
        @tuned(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        def attacked(role: str, moves: list[tuple[Any, ...]]) -> None:
            runner.run(played(server, database, role, moves))

        try:
            attacked()
        finally:
            runner.run(stack.aclose())
