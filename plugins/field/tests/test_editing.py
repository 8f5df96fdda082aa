"""Corrections and what met them: who corrects what and until when, what is refused, and how a conflict is decided."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gongzhi_server.testing import Server, codes_of

from .test_sync import AGO, MATTER, entry, reported, sync, text, worker

pytestmark = pytest.mark.asyncio(loop_scope="module")

EDITED = "case { title address urgency category { code } version } conflicts { id field mine theirs }"
WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
ADDRESS = {"address": text(None, "三组")}


@pytest.fixture
def office(shared_server: Server) -> Server:
    """One server for all of these tests: each has a case of its own."""
    return shared_server


async def edit(caller: Server, number: str, **given: Any) -> dict[str, Any]:
    payload: dict[str, Any] = await caller.do("editCase", EDITED, number=number, **given)
    return payload


def refusals(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


async def own(office: Server) -> tuple[Server, str]:
    """A resident, and a case that they reported."""
    found = await office.as_("administrator").ask("{ people(first: 1) { nodes { id } } }")
    nodes = (found.body.get("data") or {}).get("people") or {"nodes": []}
    if not nodes["nodes"]:
        found = await worker(office).ask("{ people(first: 1) { nodes { id } } }")
        nodes = found.data["people"]
    resident = office.as_("resident", person=nodes["nodes"][0]["id"].partition(":")[2])
    made = await resident.do("reportCase", "case { number }", **MATTER | {"channel": "MINI_APP"})
    assert made["errors"] == [], made
    return resident, str(made["case"]["number"])


BAD: list[tuple[dict[str, Any], str, list[str]]] = [
    ({}, "BAD_USER_INPUT", ["number"]),
    ({"title": text(str(MATTER["title"]), " ")}, "BAD_USER_INPUT", ["title", "value"]),
    ({"title": text(str(MATTER["title"]), "长" * 201)}, "BAD_USER_INPUT", ["title"]),
    ({"description": text(str(MATTER["description"]), "长" * 20_001)}, "BAD_USER_INPUT", ["description", "value"]),
    ({"address": text(None, "")}, "BAD_USER_INPUT", ["address", "value"]),
    ({"category": text("utilities.electricity", "no.such")}, "NOT_FOUND", ["category"]),
    # What could never be taken is refused, and not kept as a conflict.
    ({"title": text("没见过", " ")}, "BAD_USER_INPUT", ["title", "value"]),
    ({"category": text("没见过", "no.such")}, "NOT_FOUND", ["category"]),
    ({"number": "610921202601019999999", **ADDRESS}, "NOT_FOUND", ["number"]),
]


async def test_bad_corrections_change_nothing(office: Server) -> None:
    number = await reported(office)
    for given, code, path in BAD:
        found = refusals(await edit(worker(office), **{"number": number, **given}))
        assert found == [(code, path)], given
    two = {"title": text(str(MATTER["title"]), "甲"), "address": text(None, " ")}
    assert refusals(await edit(worker(office), number, **two)) == [("BAD_USER_INPUT", ["address", "value"])]
    query = "query($n: String!) { case(number: $n) { title conflicts { totalCount } } }"
    seen = (await worker(office).ask(query, n=number)).data["case"]
    assert seen == {"title": MATTER["title"], "conflicts": {"totalCount": 0}}, "of several nothing is made"


async def test_what_is_so_already_is_no_conflict(office: Server) -> None:
    """Whoever wants what is there, whatever they saw before, changes nothing; blanks around it do not matter."""
    number = await reported(office)
    first = await edit(worker(office), number, title=text("没见过", f" {MATTER['title']} "))
    assert first["conflicts"] == [] and first["case"]["version"] == 1
    done = await edit(worker(office), number, **ADDRESS)
    again = await edit(worker(office, "two"), number, **ADDRESS)
    assert done["case"]["version"] == again["case"]["version"] == 2


async def test_every_field_is_corrected(office: Server) -> None:
    number = await reported(office)
    given = {
        "title": text(str(MATTER["title"]), "新题"),
        "description": text(str(MATTER["description"]), "新描述"),
        "category": text("utilities.electricity", "roads"),
        "urgency": {"base": "ROUTINE", "value": "URGENT"},
        **ADDRESS,
    }
    done = await edit(worker(office), number, **given)
    assert (done["errors"], done["conflicts"]) == ([], [])
    case = done["case"]
    assert (case["title"], case["address"], case["urgency"]) == ("新题", "三组", "URGENT")
    assert (case["category"]["code"], case["version"]) == ("roads", 2)
    query = "query($n: String!) { case(number: $n) { changes(first: 20) { nodes { field before after } } } }"
    told = (await worker(office).ask(query, n=number)).data["case"]["changes"]["nodes"]
    kept = {one["field"]: (one["before"], one["after"]) for one in told}
    assert kept["category"] == ("utilities.electricity", "roads") and kept["urgency"] == ("ROUTINE", "URGENT")
    assert kept.keys() >= given.keys()


async def test_requester_corrects_until_it_is_accepted(office: Server) -> None:
    """Then the case is the office's; another resident never corrects it."""
    resident, number = await own(office)
    assert refusals(await edit(resident, number, title=text(str(MATTER["title"]), "我改的"))) == []
    neighbour = office.as_("resident", person=str(uuid4()))
    assert refusals(await edit(neighbour, number, **ADDRESS)) == [("NOT_FOUND", ["number"])]
    await sync(worker(office), entry("acceptCase", number=number, seen="REPORTED"))
    assert refusals(await edit(resident, number, **ADDRESS)) == [("FORBIDDEN", ["number"])]
    assert refusals(await edit(worker(office), number, **ADDRESS)) == []


async def test_closed_case_stays_as_it_is(office: Server) -> None:
    """Neither a correction nor the value of a conflict is written into what is over."""
    number = await reported(office)
    await edit(worker(office), number, title=text(str(MATTER["title"]), "甲"))
    late = await edit(worker(office, "two"), number, title=text(str(MATTER["title"]), "乙"))
    [conflict] = late["conflicts"]
    [settled] = await sync(worker(office), entry("handleInGrid", number=number, seen="REPORTED", text="已扶正。"))
    assert settled["state"] == "APPLIED"
    dispatcher = office.as_("county_dispatcher", grid="610921")
    closed = await dispatcher.do("closeCase", "case { status }", number=number, expectedVersion=3)
    assert closed["case"] == {"status": "CLOSED"}, closed
    assert refusals(await edit(worker(office), number, **ADDRESS)) == [("ILLEGAL_TRANSITION", ["number"])]
    given = {"conflict": conflict["id"]}
    mine = await worker(office).do("resolveConflict", "case { title }", **given, keep="MINE")
    assert codes_of(mine["errors"]) == ["ILLEGAL_TRANSITION"]
    theirs = await worker(office).do(
        "resolveConflict", "case { title } conflict { kept resolvedAt }", **given, keep="THEIRS"
    )
    assert theirs["errors"] == [] and theirs["case"] == {"title": "甲"} and theirs["conflict"]["kept"] == "THEIRS"


async def test_conflict_is_locked_after_its_case(office: Server, shared_database: str) -> None:
    """Whoever has the case may go on to its conflicts, and never waits for somebody who waits for the case."""
    number = await reported(office)
    await edit(worker(office), number, title=text(str(MATTER["title"]), "甲"))
    [conflict] = (await edit(worker(office, "two"), number, title=text(str(MATTER["title"]), "乙")))["conflicts"]
    holder, watcher = await asyncpg.connect(shared_database), await asyncpg.connect(shared_database)
    async with holder.transaction():
        await holder.execute("select from cases.case where number = $1 for update", number)
        given = {"conflict": conflict["id"], "keep": "THEIRS"}
        deciding = asyncio.create_task(worker(office).do("resolveConflict", "conflict { kept }", **given))
        while not await watcher.fetchval(WAITING):
            assert not deciding.done()
        key = UUID(conflict["id"].partition(":")[2])
        await holder.execute("select from sync.conflict where id = $1 for update nowait", key)
    assert (await deciding)["errors"] == []
    await holder.close()
    await watcher.close()


async def test_conflict_is_decided_once(office: Server) -> None:
    """By whoever works on the case: nobody of elsewhere, not the resident, and whatever comes second is refused."""
    number = await reported(office)
    await edit(worker(office), number, title=text(str(MATTER["title"]), "甲"))
    [conflict] = (await edit(worker(office, "two"), number, title=text(str(MATTER["title"]), "乙")))["conflicts"]
    assert (conflict["mine"], conflict["theirs"]) == ("乙", "甲")
    given = {"conflict": conflict["id"], "keep": "MINE"}
    for caller in (office.as_("grid_worker", grid="610921110"), office.as_("resident", person=str(uuid4())), office):
        answer = await caller.do("resolveConflict", "conflict { id }", **given)
        assert codes_of(answer["errors"]) in (["NOT_FOUND"], ["FORBIDDEN"]), answer
    none = await worker(office).do("resolveConflict", "case { id }", conflict="CaseConflict:x", keep="MINE")
    assert refusals(none) == [("NOT_FOUND", ["conflict"])]
    done = await worker(office).do("resolveConflict", "case { title }", **given)
    assert done == {"case": {"title": "乙"}, "errors": []}
    for keep in ("MINE", "THEIRS"):
        again = await worker(office).do("resolveConflict", "case { title }", **given | {"keep": keep})
        assert refusals(again) == [("ILLEGAL_TRANSITION", ["conflict"])]


@pytest.mark.parametrize(
    ("moved", "fits"),
    [
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
        (timedelta(days=-366), True),
        (timedelta(days=-366, seconds=-1), False),
    ],
)
async def test_phones_clock_is_believed_within_bounds(office: Server, moved: timedelta, fits: bool) -> None:
    """A little ahead, or for a year without a network; nothing is noted as written in the future."""
    number, now = await reported(office), office.clock()
    late = {**entry("editCase", number=number, **ADDRESS), "occurredAt": (now + moved).isoformat()}
    [result] = await sync(worker(office), late)
    assert (result["state"], [one["path"] for one in result["errors"]]) == (
        ("APPLIED", []) if fits else ("REFUSED", [["occurredAt"]])
    )
    if fits:
        query = "query($n: String!) { case(number: $n) { changes(first: 1) { nodes { field occurredAt } } } }"
        [change] = (await worker(office).ask(query, n=number)).data["case"]["changes"]["nodes"]
        assert change["field"] == "address" and change["occurredAt"] <= now.isoformat()


async def test_entries_are_refused_one_by_one(office: Server) -> None:
    """Bad input of every sort of entry is its own, with the field it is about."""
    number = await reported(office)
    asked: list[tuple[dict[str, Any], str, list[str]]] = [
        (entry("reportCase", **MATTER | {"title": " "}), "BAD_USER_INPUT", ["title"]),
        (entry("recordVisit", household="Household:x", at=AGO, note="到访"), "NOT_FOUND", ["household"]),
        (entry("editCase", number=number), "BAD_USER_INPUT", ["number"]),
        (entry("acceptCase", seen="REPORTED"), "BAD_USER_INPUT", ["number"]),
        (entry("handleInGrid", number=number, seen="REPORTED", text=" "), "BAD_USER_INPUT", ["text"]),
        (entry("handleInGrid", entry="nobody", seen="REPORTED", text="好"), "NOT_FOUND", ["entry"]),
    ]
    results = await sync(worker(office), *[one for one, _, _ in asked])
    for result, (_, code, path) in zip(results, asked, strict=True):
        assert result["state"] == "REFUSED", result
        assert [(one["code"], one["path"]) for one in result["errors"]] == [(code, path)], result
    seen = (await worker(office).ask("query($n: String!) { case(number: $n) { status version } }", n=number)).data
    assert seen["case"] == {"status": "REPORTED", "version": 1}


async def test_entry_that_was_refused_stays_refused(office: Server) -> None:
    """Sent again under its key it is answered as before; corrected it has another key."""
    number = await reported(office)
    wrong = entry("handleInGrid", number=number, seen="REPORTED", text=" ")
    first, second = await sync(worker(office), wrong), await sync(worker(office), wrong)
    assert first == second and first[0]["state"] == "REFUSED"
    right = entry("handleInGrid", number=number, seen="REPORTED", text="已扶正。")
    assert [one["state"] for one in await sync(worker(office), right)] == ["APPLIED"]
