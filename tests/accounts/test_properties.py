"""What holds for every grant, key and moment."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from gongzhi.core.accounts.rules import GrantPlace, canonical_name, covers_permissions, grant_reaches
from gongzhi.core.accounts.secrets import invitation_mac, new_invitation
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.plugin.roles import ROLES
from gongzhi.values.codes import Kind
from gongzhi_server.auth.access_tokens import AccessTokens
from gongzhi_server.auth.account_lookup import Accounts, LoadedAccount, narrow_to_key, next_change
from gongzhi_server.auth.authentication import Authenticator, CachedCredential
from gongzhi_server.auth.claims import ByKey, InSession
from gongzhi_server.auth.sessions import Sessions
from gongzhi_server.auth.signing_keys import SigningKeys
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage.database import open_readers
from gongzhi_server.testing import ESSENTIAL, SECRET, TODAY, Server
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Enrol, bestow

KINDS = [Kind.COUNTY, Kind.TOWN, Kind.VILLAGE]
PERMISSIONS = ["a", "b", "c"]
moments = st.integers(0, 6).map(lambda hours: TODAY + timedelta(hours=hours))


@st.composite
def places(draw: st.DrawFn) -> GrantPlace:
    """A grid of a little tree: keys are 1 for the county, 1x for towns, 1xy for villages."""
    depth = draw(st.integers(0, 3))
    unit = draw(st.sampled_from([None, 7, 8]))
    if depth == 0:
        return GrantPlace(None, None)
    path = [1, 10 + draw(st.integers(0, 1)), 0]
    path[2] = path[1] * 10 + draw(st.integers(0, 1))
    grid = GridRow()
    for at, kind in enumerate(KINDS[:depth]):
        setattr(grid, f"{kind.lower()}_id", path[at])
    return GrantPlace(grid, unit)


@st.composite
def grants(draw: st.DrawFn) -> ViewerGrant:
    permissions = frozenset(draw(st.sets(st.sampled_from(PERMISSIONS))))
    until = draw(st.none() | moments)
    where = draw(st.sampled_from(["everywhere", "grid", "unit"]))
    if where == "unit":
        return ViewerGrant("r", permissions, unit=draw(st.sampled_from([7, 8])), until=until)
    if where == "everywhere":
        return ViewerGrant("r", permissions, until=until)
    level = draw(st.integers(0, 2))
    key = int("1" + "".join(str(draw(st.integers(0, 1))) for _ in range(level)))
    return ViewerGrant("r", permissions, kind=KINDS[level], grid=key, until=until)


def inside(place: GrantPlace, grant: ViewerGrant) -> bool:
    """The same said by the digits of the keys: a grid lies in those whose key its own begins with."""
    if grant.grid is None and grant.unit is None:
        return True
    if grant.unit is not None:
        return place.unit == grant.unit
    keys = [getattr(place.grid, f"{kind.lower()}_id") for kind in KINDS] if place.grid else []
    deepest = next((key for key in reversed(keys) if key is not None), None)
    return deepest is not None and str(deepest).startswith(str(grant.grid))


class Call:
    def __init__(self, grants: list[ViewerGrant]) -> None:
        self.viewer = Viewer(ViewerAccount("somebody", grants=tuple(grants)), TODAY)


@given(st.lists(grants(), max_size=4), st.sets(st.sampled_from(PERMISSIONS)), places(), st.none() | moments)
def test_nobody_hands_on_more(
    held: list[ViewerGrant], wanted: set[str], place: GrantPlace, until: datetime | None
) -> None:
    """What is covered is held: each permission, in that place, at every moment until the end."""
    call: Any = Call(held)
    expected = all(
        any(
            name in grant.permissions
            and inside(place, grant)
            and (grant.until is None or (until is not None and until <= grant.until))
            for grant in held
        )
        for name in wanted
    )
    assert covers_permissions(call, wanted, place, until) is expected


@given(grants(), places(), moments)
def test_shorter_and_lower_is_less(grant: ViewerGrant, place: GrantPlace, until: datetime) -> None:
    """Whoever may hand on a permission for long may do so for a shorter time."""
    for name in PERMISSIONS:
        if grant_reaches(grant, name, place, None):
            assert grant_reaches(grant, name, place, until)
        if grant_reaches(grant, name, place, until):
            assert grant_reaches(grant, name, place, until - timedelta(minutes=1))


@given(st.lists(grants(), max_size=4), st.frozensets(st.sampled_from(PERMISSIONS)))
def test_keys_only_narrow(held: list[ViewerGrant], only: frozenset[str]) -> None:
    """A key's grants are parts of its account's, in the same places, and nothing is left that it has not."""
    left = list(narrow_to_key(held, only))
    for grant in left:
        assert grant.permissions <= only and (grant.permissions or grant.unit is not None)
        assert any(
            (one.kind, one.grid, one.unit, one.until) == (grant.kind, grant.grid, grant.unit, grant.until)
            and grant.permissions <= one.permissions
            for one in held
        )
    assert {one.unit for one in held} - {None} <= {one.unit for one in left}  # whom one works for bars, still
    assert frozenset().union(*(one.permissions for one in left)) == only & frozenset().union(
        *(one.permissions for one in held)
    )


@given(st.lists(st.tuples(moments, st.none() | moments), max_size=5), st.none() | moments, moments)
def test_nothing_changes_unseen(spans: list[tuple[Any, Any]], expires: datetime | None, now: datetime) -> None:
    """Until the moment an account is looked up again, the same grants are in force."""
    rows = [{"since": since, "until": until} for since, until in spans]
    ends = next_change(rows, expires, now)

    def in_force(at: datetime) -> list[bool]:
        return [since <= at and (until is None or at < until) for since, until in spans]

    step = now
    while step < (ends or TODAY + timedelta(hours=8)):
        assert in_force(step) == in_force(now)
        step += timedelta(minutes=30)
    assert ends is None or ends > now


@given(st.uuids(), st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=40))
def test_refresh_tokens_are_ours(session: UUID, generation: int, other: bytes) -> None:
    mine, theirs = Sessions(None, b"mine" * 8), Sessions(None, other)  # type: ignore[arg-type]
    token = mine.token(session, generation)
    assert mine.read(token) == (session, generation)
    assert theirs.read(token) is None


@given(st.text(max_size=200))
def test_any_text_is_no_token(text: str) -> None:
    sessions = Sessions(None, b"mine" * 8)  # type: ignore[arg-type]
    assert sessions.read(text) is None
    assert sessions.read("gzr_" + text) is None


@given(st.text(max_size=50))
def test_names_are_stable(name: str) -> None:
    assert canonical_name(canonical_name(name)) == canonical_name(name)


@given(st.binary(min_size=16, max_size=64))
def test_codes_are_read_as_spoken(secret: bytes) -> None:
    code, mac = new_invitation(secret)
    assert invitation_mac(secret, code.lower().replace("-", " - ")) == mac
    assert invitation_mac(secret + b"x", code) != mac


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2040, 1, 1)))
def test_next_key_is_published(moment: datetime) -> None:
    """What signs within the next four weeks is in what is published now; what signed ten minutes ago is accepted."""
    keys = KEYS
    known = {key["kid"] for key in keys.public(moment)["keys"]}
    assert len(known) == 3
    assert all(keys.current(moment + timedelta(days=day)).kid in known for day in range(28))
    assert keys.find(keys.current(moment - timedelta(minutes=10)).kid, moment)
    assert keys.find(keys.current(moment + timedelta(days=40)).kid, moment) is None


KEYS = SigningKeys("a secret for tests, as long as it must be")


async def test_grants_in_force(server: Server, filled: str, enrol: Enrol, database: Any) -> None:
    """At every moment an account holds exactly what its grants say, and the next change is when it is said to be."""
    tokens = await enrol("worker")
    assert tokens
    session, account = await database.fetchrow("select id, account_id from accounts.session limit 1")
    random = Random(5)
    given = []
    for _ in range(30):
        role = random.choice(ROLES).name
        since = TODAY + timedelta(hours=random.randrange(60))
        until = random.choice([None, since + timedelta(hours=random.randrange(60))])
        where: Any = random.choice([{}, {"grid": "610921"}, {"grid": "610921100"}, {"unit": "610921-SLJ"}])
        await bestow(database, "worker", role, **where, since=since, until=until)
        given.append((role, since, until, where))
    pool = await open_readers(filled, 2)
    try:
        accounts = Accounts(pool, ESSENTIAL.held)
        for hour in range(130):
            now = TODAY + timedelta(hours=hour)
            loaded = await accounts.load(InSession(account, session), now)
            assert loaded
            force = [one for one in given if one[1] <= now and (one[2] is None or now < one[2])]
            assert sorted(one.role for one in loaded.account.grants) == sorted(one[0] for one in force)
            assert sum(one.everywhere for one in loaded.account.grants) == sum(not one[3] for one in force)
            later = [moment for one in given for moment in one[1:3] if moment and moment > now]
            assert loaded.until == min([*later, loaded.until] if loaded.until else later, default=None)
    finally:
        await pool.close()


async def test_change_while_loading() -> None:
    """What is loaded while a change is heard of is not remembered: it may be of before."""

    class Slow:
        async def load(self, claim: Any, now: datetime) -> Any:
            door.forget_account(None)
            await asyncio.sleep(0)
            return LoadedAccount(ViewerAccount("worker"), None)

    class Nobody:
        def held(self, role: str) -> frozenset[str]:
            return frozenset()

    access: Any = SimpleNamespace(issuer="https://county.example")
    door = Authenticator(Slow(), Nobody(), access, now=lambda: TODAY)  # type: ignore[arg-type]
    shown = CachedCredential(ByKey(b""), (TODAY + timedelta(days=1)).timestamp())
    assert await door._looked_up(shown, TODAY)
    assert shown.until == 0


async def test_current_follows(server: Server, filled: str, enrol: Enrol, database: Any) -> None:
    """Whoever goes on for long learns of what has changed: other grants, or the end."""
    tokens = await enrol("worker")
    pool = await open_readers(filled, 2)
    try:
        access = AccessTokens(SigningKeys(SECRET), "http://127.0.0.1:8000")
        door = Authenticator(Accounts(pool, ESSENTIAL.held), Plugins(), access, now=server.clock)
        viewer = await door({b"authorization": b"Bearer " + tokens["accessToken"].encode()})
        await bestow(database, "worker", "auditor", grid="610921")
        unheard = await door.current(viewer)
        assert unheard and not unheard.can("people.view")
        door.forget_account(viewer.account.id)
        heard = await door.current(viewer)
        assert heard and heard.can("people.view")
        await bestow(database, "worker", "integrator", grid="610921")
        server.clock.move(seconds=31)
        aged = await door.current(viewer)
        assert aged and aged.can("accounts.make_keys"), "though nothing was heard"
        await database.execute("update accounts.account set suspended_at=now()")
        door.forget_account(viewer.account.id)
        assert await door.current(viewer) is None
        stranger = await door({})
        assert (await door.current(stranger)) is not None
    finally:
        await pool.close()
