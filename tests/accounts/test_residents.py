"""A resident's account is theirs: no worker takes it, a forgotten password is renewed, and they read who did what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.plugins import loader
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage import audit
from gongzhi_server.storage.database import connect_database
from gongzhi_server.testing import TODAY, Server, codes_of, copy_database, serve_application

from .conftest import PASSWORD, bestow
from .test_signing_in import print_invitation

INBOX = "{ me { notices(first: 50) { nodes { kind } } } }"
LOG = "{ me { actLog(first: 50) { nodes { mutation reader { role } } } } }"


async def resident(server: Server, database: Any, name: str = "张三的账户") -> tuple[Any, str, Server]:
    """Somebody of a village, the village, and they signed in."""
    person, village = await database.fetchrow(
        "select p.id, g.code from people.person p join grids.grid g on g.id=p.village_id "
        "where not exists(select from accounts.account a where a.person_id=p.id) order by p.id limit 1"
    )
    worker, colleague = server.as_("grid_worker", grid=village), server.as_("grid_leader", grid=village)
    made = await print_invitation(worker, colleague, person)
    answer = await server.post("invitation", code=made["code"], name=name, password=PASSWORD)
    assert answer.status == 200, answer.body
    return person, village, server.with_token(answer.body["accessToken"])


async def test_the_inviting_worker_sees_no_code(server: Server, database: Any) -> None:
    """Nothing that a worker who invites is ever answered holds a code, and they do not print it themselves."""
    person, village, _ = await resident(server, database)
    worker = server.as_("grid_worker", grid=village)
    asked = await worker.do("inviteResident", "code invitation { id printedAt }", person=f"Person:{person}")
    assert asked["code"] is None
    stored = await database.fetchval("select mac from accounts.invitation where used_at is null")
    assert stored is None, "there is no code yet that anybody could have seen"
    invitation = asked["invitation"]["id"]
    assert codes_of((await worker.do("printInvitation", "code", invitation=invitation))["errors"]) == ["FOUR_EYES"]
    far = server.as_("grid_leader", grid="610921102" if not village.startswith("610921102") else "610921101")
    assert codes_of((await far.do("printInvitation", "code", invitation=invitation))["errors"]) == ["NOT_FOUND"]
    colleague = server.as_("grid_leader", grid=village)
    first = await colleague.do("printInvitation", "code", invitation=invitation)
    second = await colleague.do("printInvitation", "code", invitation=invitation)
    assert first["code"] and second["code"] and first["code"] != second["code"]
    assert (await server.post("invitation", code=first["code"], password="something longer")).status == 401
    shown = await worker.ask("{ invitations { nodes { id printedBy createdBy } } }")
    assert invitation in [one["id"] for one in shown.data["invitations"]["nodes"]]


async def test_a_forgotten_password_is_renewed(server: Server, database: Any) -> None:
    """By a worker of where they live, with a second one; sessions end, and the person is told of every step."""
    person, village, mine = await resident(server, database)
    worker, colleague = server.as_("grid_worker", grid=village), server.as_("grid_leader", grid=village)
    made = await print_invitation(worker, colleague, person)
    renewed = await server.post("invitation", code=made["code"], password="another one of mine")
    assert renewed.status == 200
    assert (await mine.ask("{ me { account } }")).status == 401, "who was signed in is not any more"
    server.client.cookies.clear()
    fresh = await server.post("sign-in", name="张三的账户", password="another one of mine", device="phone")
    inbox = (await server.with_token(fresh.body["accessToken"]).ask(INBOX)).data["me"]["notices"]["nodes"]
    kinds = [one["kind"] for one in inbox]
    expected = {"account.password_asked", "account.code_printed", "account.password_set", "account.signed_in"}
    assert expected <= set(kinds)


async def test_new_devices_are_told_of(server: Server, database: Any) -> None:
    _, _, mine = await resident(server, database)

    async def told() -> int:
        nodes = (await mine.ask(INBOX)).data["me"]["notices"]["nodes"]
        return [one["kind"] for one in nodes].count("account.signed_in")

    body = {"name": "张三的账户", "password": PASSWORD}
    server.client.cookies.clear()
    first = await server.post("sign-in", **body, device="phone")
    assert await told() == 1
    server.client.cookies.clear()
    assert (await server.post("sign-in", **body, deviceToken=first.body["deviceToken"])).status == 200
    assert await told() == 1, "it has signed in there before"
    server.client.cookies.clear()
    assert (await server.post("sign-in", **body, device="phone")).status == 200
    assert await told() == 2, "what a device calls itself says nothing"


async def test_acts_on_somebody_stand_in_their_log(server: Server, database: Any) -> None:
    """Invitations, roles, identities, suspensions and changes of their file, with the office that did them."""
    person, village, mine = await resident(server, database)
    worker, colleague = server.as_("grid_worker", grid=village), server.as_("grid_leader", grid=village)
    await database.execute("update accounts.account set grid_id=(select village_id from people.person where id=$1) "
                           "where person_id=$1", person)  # fmt: skip
    identity = {"issuer": "https://id.example", "subject": "zhang"}
    linked = await colleague.do("linkIdentity", "identity { id proposedAt }", account="张三的账户", **identity)
    assert linked["identity"]["proposedAt"], "an identity is a way in, so a second worker confirms it"
    assert codes_of(
        (await colleague.do("confirmIdentity", "__typename", identity=linked["identity"]["id"]))["errors"]
    ) == ["FOUR_EYES"]
    version = await database.fetchval("select version from people.person where id=$1", person)
    changed = await worker.do(
        "updatePerson", "person { id }", person=f"Person:{person}", expectedVersion=version, phones=["13800000001"]
    )
    assert changed["errors"] == []
    await worker.do("inviteResident", "invitation { id }", person=f"Person:{person}")
    nodes = (await mine.ask(LOG)).data["me"]["actLog"]["nodes"]
    found = {(one["mutation"], (one["reader"] or {}).get("role")) for one in nodes}
    assert {
        ("invite_resident", "grid_worker"),
        ("print_invitation", "grid_leader"),
        ("link_identity", "grid_leader"),
        ("update_person", "grid_worker"),
    } <= found
    assert {"acceptInvitation"} <= {one["mutation"] for one in nodes}
    elsewhere = await database.fetchval("select id from people.person where id<>$1 limit 1", person)
    other = server.as_("resident", person=str(elsewhere))
    assert (await other.ask(LOG)).data["me"]["actLog"]["nodes"] == []
    assert (await audit.take_anchor(database, TODAY)).number
    assert (await audit.verify_chain(database)).wrong is None
    await database.execute("update access.act set persons=array[gen_random_uuid()] where persons is not null")
    assert "names other people" in str((await audit.verify_chain(database)).wrong)


async def test_registering_stands_in_the_log(server: Server, database: Any) -> None:
    """The file of somebody new tells from the beginning who opened it."""
    worker = server.as_("grid_worker", grid="610921101220")
    given = {"name": "李新", "residence": "RESIDENT", "grid": "610921101220"}
    made = await worker.do("registerPerson", "person { id }", **given)
    assert made["errors"] == [], made
    persons = await database.fetchval("select persons from access.act where mutation='register_person'")
    assert [f"Person:{one}" for one in persons] == [made["person"]["id"]]


# with every plugin


@pytest.fixture(scope="module")
def installed() -> Plugins:
    found = loader.load_plugins()
    if {"credit", "legal", "party", "points"} - {one.name for one in found.found}:
        pytest.skip("the four plugins are not installed")
    return found


async def test_no_plugin_puts_residents_above_workers(
    postgres: str, small_county: str, tmp_path: Path, installed: Plugins
) -> None:
    """Whatever roles a plugin gives to residents, their password can be renewed; a role of an office is above."""
    async with (
        copy_database(postgres, small_county) as dsn,
        connect_database(dsn) as connection,
        serve_application(dsn, tmp_path, plugins=installed) as server,
    ):
        person, village, _ = await resident(server, connection)
        worker, colleague = server.as_("grid_worker", grid=village), server.as_("grid_leader", grid=village)
        for role in sorted(installed.civic):
            await bestow(connection, "张三的账户", role, grid="610921")
        made = await print_invitation(worker, colleague, person)
        renewed = await server.post("invitation", code=made["code"], password="another one of mine")
        assert renewed.status == 200
        above = {role.name for role in installed.roles if installed.held(role.name) - installed.held("grid_worker")}
        for role in sorted(above - installed.civic - {"stranger"}):
            await bestow(connection, "张三的账户", role, grid="610921")
            refused = await worker.do("inviteResident", "code", person=f"Person:{person}")
            assert codes_of(refused["errors"]) == ["FORBIDDEN"], role
            await connection.execute("delete from accounts.holding where role=$1", role)
