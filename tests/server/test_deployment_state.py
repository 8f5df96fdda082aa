"""What those who look after a deployment are told of it by GraphQL, as the commands tell it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
from gongzhi_server.findings import audit_verification
from gongzhi_server.storage import audit
from gongzhi_server.testing import TODAY, Server

STATE = "{ deploymentState { name count english chinese } handlersBehind { name count english chinese } }"
CHAIN = "query($anchor: String) { auditChain(anchor: $anchor) }"
DUE = "{ retentionDue { name count english chinese } }"
PARKED = (
    "insert into events.job (id, name, key, due_at, state, attempts, arguments, error) "
    "values ($1, $2, $3, now(), 'PARKED', 9, '{}', 'ValueError at handlers.py:12')"
)


async def ask(server: Server, document: str, role: str = "auditor", **variables: Any) -> Any:
    found = await server.as_(role).ask(document, **variables)
    return found.data


async def test_state_names_what_is_wrong(server: Server, filled: str) -> None:
    """Versions and sizes stand there in any case; a job that was given up, and what nobody numbers, are counted."""
    well = {one["name"]: one for one in (await ask(server, STATE))["deploymentState"]}
    assert "gongzhi-server" in well["versions"]["english"] and well["versions"]["count"] == 0
    assert well["database"]["chinese"].startswith("PostgreSQL ") and well["parked"]["count"] == 0
    # In tests nobody works in the background, so nobody leads.
    assert well["leader"]["count"] == 1 and "没有主进程" in well["leader"]["chinese"]
    connection = await asyncpg.connect(filled)
    [handler] = await connection.fetch("select name from events.consumer order by name limit 1")
    await connection.execute(PARKED, uuid4(), handler["name"], "of a test")
    await connection.execute("update events.counter set given = given + 500")
    await connection.close()
    found = await ask(server, STATE, "administrator")
    ill = {one["name"]: one for one in found["deploymentState"]}
    assert ill["parked"]["count"] == 1 and ill["parked"]["english"].startswith("jobs that were given up: 1")
    assert ill["handlers"]["count"] > 0 and "500" in ill["handlers"]["chinese"]
    [first, *others] = found["handlersBehind"]
    assert (first["name"], first["count"]) == (handler["name"], 500) and "given up: 1" in first["english"]
    assert all("given up: 0" in one["english"] for one in others)


async def test_state_is_for_few(server: Server) -> None:
    """Who may not examine a deployment is told nothing of it."""
    for role in ("town_dispatcher", "resident", "stranger"):
        asked = server if role == "stranger" else server.as_(role)
        for document in (STATE, CHAIN, DUE):
            found = await asked.ask(document)
            assert not any(found.body["data"].values()) and set(found.codes) == {"FORBIDDEN"}, (role, found.body)


async def test_chain_is_followed_and_found_broken(server: Server, filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its start, from an anchor that was kept, and as far as there is time; what was changed is named."""
    for at in range(3):
        await server.as_("administrator").do("addAccount", "account { id }", name=f"chained.{at}")
    connection = await asyncpg.connect(filled)
    waiting = (await ask(server, CHAIN))["auditChain"]
    assert waiting["state"] == "WHOLE" and "no link" not in waiting["text"]
    await audit.seal_acts(connection, TODAY)
    whole = (await ask(server, CHAIN))["auditChain"]
    assert whole["state"] == "WHOLE" and set(whole["anchor"]) == {"number", "at", "hash"}
    line = orjson.dumps(whole["anchor"]).decode()
    again = (await ask(server, CHAIN, anchor=line))["auditChain"]
    assert again["state"] == "WHOLE" and again["anchor"]["hash"] == whole["anchor"]["hash"]
    for wrong in ("yesterday", "{}", '{"number":1,"at":"x","hash":"zz"}', '{"number":-1,"at":"x","hash":""}', "[1]"):
        found = await server.as_("auditor").ask(CHAIN, anchor=wrong)
        assert found.body["data"]["auditChain"] is None and found.codes == ["BAD_USER_INPUT"], wrong
        assert found.errors[0]["extensions"]["path"] == ["anchor"]
    later = orjson.dumps(whole["anchor"] | {"number": whole["anchor"]["number"] + 7}).decode()
    assert (await ask(server, CHAIN, anchor=later))["auditChain"]["state"] == "BROKEN"
    with monkeypatch.context() as hurry:
        hurry.setattr(audit_verification, "PATIENCE", -1.0)
        late = (await ask(server, CHAIN))["auditChain"]
        assert late["state"] == "UNFINISHED" and late["anchor"] is None
    await connection.execute("update access.act set mutation = 'something_else' where mutation = 'add_account'")
    await connection.close()
    broken = (await ask(server, CHAIN))["auditChain"]
    assert (
        broken["state"] == "BROKEN" and broken["anchor"] is None and "does not say what was written" in broken["text"]
    )


async def test_what_is_past_its_time_is_counted(server: Server, filled: str) -> None:
    """By table, with what it holds; nothing is listed that is not due."""
    connection = await asyncpg.connect(filled)
    before = (await ask(server, DUE))["retentionDue"]
    assert all(one["count"] > 0 for one in before)
    table = "performance.operation"
    assert table not in [one["name"] for one in before]
    person = "update people.person set {} where id in (select id from people.person order by id limit 3)"
    await connection.execute(person.format("died_on = $1"), (TODAY - timedelta(days=365 * 30)).date())
    await connection.close()
    after = {one["name"]: one for one in (await ask(server, DUE))["retentionDue"]}
    assert after["people.person"]["count"] == 3 and after["people.person"]["chinese"]
