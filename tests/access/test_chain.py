"""The chain over looks and mutations: whatever is changed, removed or put in another order is found, and named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.runtime.context import Bounds, FileLook
from gongzhi_server.deployment import audit_verify
from gongzhi_server.errors import Problem
from gongzhi_server.storage import audit
from gongzhi_server.storage import audit_chain as chain
from gongzhi_server.storage.access_log import open_access_log
from gongzhi_server.testing import TODAY, Server, create_database, drop_database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Log, People

WORKER = Viewer(ViewerAccount("worker", None, (ViewerGrant("grid_worker", frozenset()),)), TODAY)


def looks(count: int) -> list[audit.Seen]:
    people = [UUID(int=at) for at in range(1, 4)]
    return [(WORKER, FileLook(people[: 1 + at % 3], ["Person.name"], f"purpose {at}")) for at in range(count)]


async def write(connection: Any, *batches: int) -> None:
    """Batches of looks, and of mutations where the number is negative."""
    for size in batches:
        if size > 0:
            await audit.write_looks(connection, looks(size))
            await audit.close_chain(connection)
            continue
        for _ in range(-size):
            [salt], key = chain.make_salts(1), uuid4()
            said = ["ACT", key, TODAY, "worker", None, None, None, "closeCase", ["Case:1"], []]
            await connection.execute(
                "insert into access.act (id, at, account, salt, content, mutation, objects, codes) "
                "values ($1, $2, 'worker', $3, $4, 'closeCase', '{Case:1}', '{}')",
                key, TODAY, salt, chain.content_commitment(salt, said),
            )  # fmt: skip
        await audit.seal_acts(connection, TODAY)


@asynccontextmanager
async def tamper(connection: Any) -> AsyncIterator[None]:
    """Whatever is done in the block is seen in it, and taken back."""
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


TAMPERED = {
    "update access.look set purpose = 'another' where link = 2 and place = 1": "does not say what was written",
    "update access.look set fields = '{}' where link = 2 and place = 0": "does not say what was written",
    "update access.look set at = at + interval '1 microsecond' where link = 1": "does not say what was written",
    "update access.look set account = null where link = 4": "does not say what was written",
    "update access.look set persons[1] = gen_random_uuid() where link = 2 and place = 0": "entries of link 2 (look)",
    "update access.look set persons[1] = null where link = 2 and place = 0": "has lost people",
    "update access.look set persons = '{}', salts = '{}' where link = 1": "entries of link 1 (look)",
    "update access.look set salts = '{}' where link = 1": "has lost people, or their salts, alone",
    "update access.look set commitments[1] = salts[1], persons[1] = null, salts[1] = null where link = 1": "link 1",
    "update access.act set mutation = 'openCase' where link = 3 and place = 1": "does not say what was written",
    "update access.act set codes = '{FORBIDDEN}' where link = 3 and place = 0": "does not say what was written",
    "delete from access.look where link = 2 and place = 1": "entry 1 of link 2 (look) is missing",
    "delete from access.look where link = 2 and place = 2": "link 2 has 3 entries, and 2 are there",
    "delete from access.act where link = 3 and place = 0": "entry 0 of link 3 (act) is missing",
    "delete from access.look where link = 4": "link 4 has 2 entries",
    "delete from access.link where id = 2": "link 2 is missing",
    "delete from access.link where id = 4": "head says otherwise",
    "update access.link set count = 2 where id = 2": "link 2 has 2 entries, and 3 are there",
    "update access.link set at = at + interval '1 second' where id = 3": "link 3 does not follow",
    "update access.look set place = 2 - place where link = 2 and place <> 1": "in another order",
    "update access.look set link = 5 where link = 4": "link 4 has 2 entries",
    "update access.look set link = null, place = null where link = 4": "link 4 has 2 entries",
    "update access.head set number = 3": "head says otherwise",
    "update access.link set number = 5 where id = 4": "link 4 is missing",
    "update access.link set hash = null where id = 4": "head says otherwise",
    "insert into access.look select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), "
    "'link', null, 'place', null))).* from access.look l where link = 1": "is in no link",
}


async def test_tampering_is_found(empty: str) -> None:
    """Each way to change the tables, by somebody who may write them."""
    connection = await asyncpg.connect(empty)
    await connection.execute("alter table access.look drop constraint look_pkey")
    await connection.execute("alter sequence access.batch restart with 1")
    await write(connection, 1, 3, -2, 2)
    whole = await audit.verify_chain(connection)
    assert (whole.links, whole.looks, whole.acts, whole.loose, whole.wrong) == (4, 6, 2, 0, None)
    for change, said in TAMPERED.items():
        async with tamper(connection):
            await connection.execute(change)
            found = await audit.verify_chain(connection)
        assert found.wrong and said in found.wrong, f"{change}: {found.wrong}"
    assert (await audit.verify_chain(connection)).wrong is None
    await connection.close()


async def test_county_is_vouched_for(server: Server, people: People, log: Log) -> None:
    """A look lies in the county of its people, in one each; who says another is found, and old looks may lack one."""
    await server.as_("grid_worker", grid=people.grid).ask(
        "query($id: ID!) { person(id: $id) { name } }", id=people.id(0)
    )
    [look] = await log.all()
    county = await log.connection.fetchval("select id from grids.grid where code = '610921' and valid_to is null")
    assert look["county_id"] == county and (await audit.verify_chain(log.connection)).wrong is None
    for other in (None, look["grid_id"]):
        async with tamper(log.connection):
            await log.connection.execute("update access.look set county_id = $1", other)
            assert "does not say what was written" in str((await audit.verify_chain(log.connection)).wrong)
    await audit.write_looks(log.connection, looks(1))
    await log.connection.execute("update access.look set county_id = $1", county)  # as the migration did
    assert (await audit.verify_chain(log.connection)).wrong is None


async def test_look_is_divided_by_county(people: People, log: Log) -> None:
    """A look at people of two counties, and at somebody who is gone, is an entry each; the chain vouches for all."""
    one, two, gone = people.keys[0], people.keys[1], UUID(int=1)
    async with tamper(log.connection):
        [home, other] = await log.connection.fetchrow(
            "select p.county_id, g.id from people.person p, grids.grid g where p.id=$1 and g.kind='TOWN' limit 1", one
        )
        await log.connection.execute("set local session_replication_role = replica")
        await log.connection.execute("update people.person set county_id=$1 where id=$2", other, two)
        name = 'with "quotes", \\ and 中文'
        seen = FileLook([one, two, gone], ["Person.name"], name)
        await audit.write_looks(log.connection, [(WORKER, FileLook([], ["Person.name"], name)), (WORKER, seen)])
        await audit.close_chain(log.connection)
        assert (await audit.verify_chain(log.connection)).wrong is None
        found = {row["county_id"]: row["persons"] for row in await log.all() if row["persons"]}
        assert found == {home: [one], other: [two], None: [gone]} and [one["place"] for one in await log.all()] == [
            0, 1, 2, 3
        ]  # fmt: skip


async def test_erasure_keeps_the_chain(empty: str) -> None:
    """A person and a whole entry can be forgotten: what stays tells nobody who it was, and the chain holds."""
    connection = await asyncpg.connect(empty)
    await write(connection, 3)
    await connection.execute(
        "update access.look set commitments = (select array_agg(sha256(s||uuid_send(p)) order by n) "
        "from unnest(persons, salts) with ordinality u(p, s, n))"
    )
    await connection.execute("update access.look set persons[1] = null, salts[1] = null where place = 1")
    await connection.execute(
        "update access.look set salt = null, account = null, role = null, purpose = '', operation = '', fields = '{}', "
        "persons = array_fill(null::uuid, array[cardinality(persons)]), "
        "salts = array_fill(null::bytea, array[cardinality(persons)]) where place = 2"
    )
    assert (await audit.verify_chain(connection)).wrong is None
    left = await connection.fetchval("select look::text from access.look where place = 2")
    assert "worker" not in left and "purpose" not in left
    await connection.close()


async def test_anchor_finds_what_was_made_anew(empty: str, tmp_path: Path) -> None:
    """Whoever makes the whole chain anew, or cuts its end off, is found by an anchor that was kept elsewhere."""
    connection = await asyncpg.connect(empty)
    await write(connection, 1, 2)
    file = tmp_path / "anchors"
    file.write_text(await audit_verify.anchor_line(empty, TODAY) + "\n", encoding="utf-8")
    await write(connection, 1)
    assert (await audit_verify.verify_anchors(empty, [file])).wrong is None
    async with connection.transaction():
        await connection.execute("delete from access.look; delete from access.link")
        await connection.execute("update access.head set number = 0, hash = decode(repeat('00', 32), 'hex')")
    assert (await audit.verify_chain(connection)).wrong is None
    assert "before the anchor's link 2" in str((await audit_verify.verify_anchors(empty, [file])).wrong)
    await write(connection, 1, 2, 1)
    assert (await audit.verify_chain(connection)).wrong is None
    assert "not the one of the anchor" in str((await audit_verify.verify_anchors(empty, [file])).wrong)
    file.write_text("{}")
    with pytest.raises(Problem, match="holds no anchors"):
        await audit_verify.verify_anchors(empty, [file])
    await connection.close()


async def test_verifying_goes_on_from_the_last_anchor(empty: str, tmp_path: Path) -> None:
    """What lies before it was proved when it was taken: only links with an anchor are looked at there."""
    connection, file = await asyncpg.connect(empty), tmp_path / "anchors"
    with file.open("a", encoding="utf-8") as kept:
        for batches in ((1, 2), (3,), (-2, 1)):
            await write(connection, *batches)
            if batches != (-2, 1):
                kept.write(await audit_verify.anchor_line(empty, TODAY) + "\n")
    found = await audit_verify.verify_anchors(empty, [file], resume=True)
    assert (found.begun, found.links, found.looks, found.acts, found.wrong) == (3, 2, 1, 2, None)
    [before] = await connection.fetchrow("select id from access.link where number = 1")
    await connection.execute("update access.look set purpose = 'another' where link = $1", before)
    assert (await audit_verify.verify_anchors(empty, [file], resume=True)).wrong is None
    assert "does not say" in str((await audit_verify.verify_anchors(empty, [file])).wrong)
    async with tamper(connection):
        await connection.execute("update access.link set hash = sha256(hash) where number = 2")
        assert "link 2 is not the one" in str(
            (await audit.verify_chain(connection, audit_verify.read_anchors(file), resume=True)).wrong
        )
    await connection.execute("update access.act set mutation = 'openCase'")
    assert "does not say" in str((await audit_verify.verify_anchors(empty, [file], resume=True)).wrong)
    await connection.close()


async def test_writers_take_turns(empty: str) -> None:
    """Several processes write at once: every batch is a link, none is lost, none stands twice."""
    connections = [await asyncpg.connect(empty) for _ in range(4)]
    await asyncio.gather(*(write(one, 1, -2, 2, 1) for one in connections))
    found = await audit.verify_chain(connections[0])
    assert (found.looks, found.acts, found.loose, found.wrong) == (16, 8, 0, None)
    for one in connections:
        await one.close()


WAITING = {
    "update access.look set purpose = 'another' where place = 1": "does not say what was written",
    "delete from access.look where place = 1": "which is not chained yet, has 2 entries, and 1 are there",
    "delete from access.link": "is in no link",
}


async def test_looks_wait_for_nobody(empty: str) -> None:
    """Looks are written while somebody holds the chain's end, are proved until they are chained, and then in it."""
    holder, writer = await asyncpg.connect(empty), await asyncpg.connect(empty)
    async with holder.transaction():
        await holder.execute(audit.HEAD)
        await audit.write_looks(writer, looks(2))
        found = await audit.verify_chain(writer)
        assert (found.links, found.looks, found.loose, found.wrong) == (0, 2, 1, None)
        for change, said in WAITING.items():
            async with tamper(writer):
                await writer.execute(change)
                found = await audit.verify_chain(writer)
            assert found.wrong and said in found.wrong, f"{change}: {found.wrong}"
    await audit.close_chain(writer)
    found = await audit.verify_chain(writer)
    assert (found.links, found.looks, found.loose, found.wrong) == (1, 2, 0, None)
    for one in (holder, writer):
        await one.close()


LOCKED = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"


@pytest.mark.parametrize("kept", [True, False])
async def test_anchor_takes_in_what_another_process_seals(empty: str, kept: bool) -> None:
    """An anchor waits for acts that another process is sealing, and seals them itself if that gives them up."""
    holder, writer = await asyncpg.connect(empty), await asyncpg.connect(empty)
    viewer = Viewer(ViewerAccount("worker"), TODAY)
    act = audit.act_statement(viewer, "close_case")
    await writer.execute(act.sql, *act.values)
    transaction = holder.transaction()
    await transaction.start()
    assert await audit.seal_batch(holder, TODAY, audit.LOOSE_FREE, 10) == 1
    taken = asyncio.ensure_future(audit.take_anchor(writer, TODAY))
    while not await holder.fetchval(LOCKED):
        await asyncio.sleep(0)
    await (transaction.commit() if kept else transaction.rollback())
    assert (await taken).number == 1
    found = await audit.verify_chain(writer)
    assert (found.links, found.acts, found.loose, found.wrong) == (1, 1, 0, None)
    for one in (holder, writer):
        await one.close()


async def test_older_links_come_first(empty: str) -> None:
    """What the version before has chained, and chains while both run, has its number as its id."""
    connection = await asyncpg.connect(empty)
    older = (
        "with head as (update access.head set number=number+1, hash=sha256(hash||int8send(number+1)||$1) where id=1 "
        "returning number, hash) insert into access.link (id, kind, at, count, root, hash) "
        "select number, 'LOOK', $2, 0, $3, hash from head"
    )
    root = chain.batch_root([])
    for _ in range(2):
        await connection.execute(older, chain.link_tail("LOOK", TODAY, 0, root), TODAY, root)
        await write(connection, 2)
    found = await audit.verify_chain(connection)
    assert (found.links, found.looks, found.loose, found.wrong) == (4, 4, 0, None)
    await connection.close()


async def test_batches_of_a_dead_process_are_chained(empty: str) -> None:
    """A process that died behind its replies leaves batches; the next one that starts puts them into the chain."""
    connection = await asyncpg.connect(empty)
    await audit.write_looks(connection, looks(2))
    async with open_access_log(empty, Bounds()) as log:
        await log.seal(None)
    found = await audit.verify_chain(connection)
    assert (found.links, found.looks, found.loose, found.wrong) == (1, 2, 0, None)
    await connection.close()


async def test_served_looks_chained(server: Server, people: People, log: Log) -> None:
    """Replies that wait together share a link; mutations follow; all of it holds."""
    worker = server.as_("grid_worker", grid=people.grid)
    asked = "query($id: ID!) { person(id: $id) { birthDate } }"
    await asyncio.gather(*(worker.ask(asked, id=people.id(at % 3)) for at in range(30)))
    for version in (1, 2):
        given = {"person": people.id(0), "expectedVersion": version}
        await worker.do("updatePerson", "person { id }", name="测试甲", **given)
    stale = await worker.do("updatePerson", "person { id }", person=people.id(0), expectedVersion=1)
    assert stale["errors"]
    await audit.take_anchor(log.connection, TODAY)
    found = await audit.verify_chain(log.connection)
    assert (found.looks, found.acts, found.loose, found.wrong) == (30, 3, 0, None)
    assert found.links < 33
    acts = [(one["mutation"], one["objects"], one["codes"]) for one in await log.acts()]
    assert acts[0] == ("update_person", [people.id(0)], []) and acts[2][1:] == ([], ["STALE_VERSION"])


async def test_lost_reply_leaves_its_look(server: Server, people: People, log: Log) -> None:
    """The entry is there before the reply is sent, so that it stays if the reply is never sent."""
    worker, seen = server.as_("grid_worker", grid=people.grid), []

    async def send(message: Any) -> None:
        seen.append(len(await log.all()))
        raise OSError("the client is gone")

    async def receive() -> Any:
        query = f'{{"query": "{{ person(id: \\"{people.id(0)}\\") {{ birthDate }} }}"}}'
        return {"type": "http.request", "body": query.encode(), "more_body": False}

    headers = [(b"content-type", b"application/json"), (b"authorization", worker.headers["authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b"", "asgi": {}}
    scope |= {
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("1.2.3.4", 5),
        "root_path": "",
    }
    with suppress(OSError):
        await worker.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    assert seen and set(seen) == {1} and [one["persons"] for one in await log.all()] == [[people.keys[0]]]


# --- properties ---

TEXTS = st.text(max_size=20)
PEOPLE = st.lists(st.uuids(), max_size=4)


@given(st.lists(st.tuples(TEXTS, PEOPLE), min_size=1, max_size=5), st.data())
def test_root_tells_entries_apart(entries: list[tuple[str, list[UUID]]], data: st.DataObject) -> None:
    """Other words, other people, another order or fewer of them make another root."""

    def root(salted: list[tuple[bytes, str, list[tuple[bytes, UUID]]]]) -> bytes:
        return chain.batch_root(
            chain.entry_digest(
                chain.content_commitment(salt, ["LOOK", text]),
                [chain.person_commitment(one, key) for one, key in people],
            )
            for salt, text, people in salted
        )

    salted = [
        (salt, text, list(zip(chain.make_salts(len(people)), people, strict=True)))
        for salt, (text, people) in zip(chain.make_salts(len(entries)), entries, strict=True)
    ]
    at = data.draw(st.integers(0, len(salted) - 1))
    salt, text, people = salted[at]
    others = [
        [*salted[:at], (salt, text + "x", people), *salted[at + 1 :]],
        [*salted[:at], (salt, text, [*people, (salt, UUID(int=1))]), *salted[at + 1 :]],
        salted[:at] + salted[at + 1 :],
    ]
    if at:
        others.append([salted[at], *salted[1:at], salted[0], *salted[at + 1 :]])
    assert all(root(other) != root(salted) for other in others)


@given(st.integers(1, 2**40), st.integers(0, 10**6), st.datetimes(min_value=TODAY.replace(tzinfo=None)))
def test_link_tells_all_apart(number: int, count: int, at: Any) -> None:
    at, before, root = at.replace(tzinfo=TODAY.tzinfo), chain.make_salts(2)[0] * 2, chain.make_salts(2)[1] * 2
    right = chain.link_hash(before, number, "LOOK", at, count, root)
    assert right not in {
        chain.link_hash(root, number, "LOOK", at, count, root),
        chain.link_hash(before, number + 1, "LOOK", at, count, root),
        chain.link_hash(before, number, "ACT", at, count, root),
        chain.link_hash(before, number, "LOOK", at - timedelta(microseconds=1), count, root),
        chain.link_hash(before, number, "LOOK", at, count + 1, root),
        chain.link_hash(before, number, "LOOK", at, count, before),
    }


def test_any_batches_hold(postgres: str, tables: str) -> None:
    """Whatever was written, in batches of whatever size, holds; with one row less anywhere it does not."""
    name = f"chain_{uuid4().hex}"
    with asyncio.Runner() as runner:
        connection: Any = runner.run(asyncpg.connect(runner.run(create_database(postgres, name, tables))))

        async def hold(batches: list[int], lost: int) -> None:
            async with tamper(connection):
                await write(connection, *batches)
                found = await audit.verify_chain(connection)
                assert (found.wrong, found.looks) == (None, sum(one for one in batches if one > 0))
                table = "look" if found.looks else "act"
                await connection.execute(
                    f"delete from access.{table} where id in "
                    f"(select id from access.{table} order by id offset $1 % {found.looks or found.acts} limit 1)",
                    lost,
                )
                assert (await audit.verify_chain(connection)).wrong

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.sampled_from([-2, -1, 1, 2, 3]), min_size=1, max_size=4), st.integers(0, 100))
        def check(batches: list[int], lost: int) -> None:
            runner.run(hold(batches, lost))

        try:
            check()
        finally:
            runner.run(connection.close())
            runner.run(drop_database(postgres, name))
