"""What was written offline: carried out once, merged field by field, and nothing lost silently."""

from __future__ import annotations

import asyncio
from itertools import combinations
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.testing import Server, codes_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MATTER = {
    "kind": "HELP",
    "channel": "GRID_WORKER",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"},
}
RESULTS = """results { clientId state case { number status version title address urgency }
  conflict { id field base mine theirs by at } visit { at } errors { code message path } }"""
AGO = "2026-06-30T08:00:00+08:00"


@pytest.fixture
def office(shared_server: Server) -> Server:
    """One server for all of these tests: each has a case of its own."""
    return shared_server


pytestmark = pytest.mark.asyncio(loop_scope="module")


def worker(server: Server, name: str = "one") -> Server:
    return server.as_("grid_worker", grid="610921", sub=name)


def entry(change: str, name: str = "", /, **given: Any) -> dict[str, Any]:
    input = {"idempotencyKey": str(uuid4()), **given}
    return {"clientId": name or str(uuid4()), "occurredAt": AGO, "change": {change: input}}


async def sync(server: Server, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    payload = await server.do("sync", RESULTS, entries=list(entries))
    assert payload["errors"] == []
    return payload["results"]  # type: ignore[no-any-return]


async def reported(server: Server, **more: Any) -> str:
    [result] = await sync(worker(server), entry("reportCase", **{**MATTER, **more}))
    assert result["state"] == "APPLIED"
    return str(result["case"]["number"])


def text(base: str | None, value: str) -> dict[str, str | None]:
    return {"base": base, "value": value}


async def test_a_day_in_the_field(office: Server) -> None:
    """Reported, accepted and settled without a network; later entries name the case by the entry that made it."""
    home = (await worker(office).ask("{ households(first: 1) { nodes { id } } }")).data["households"]["nodes"][0]["id"]
    entries = (
        entry("reportCase", "a", **MATTER),
        entry("acceptCase", "b", entry="a", seen="REPORTED"),
        entry("recordVisit", "c", household=home, at="2026-06-30T07:00:00+08:00", note="水管漏水。"),
        entry("handleInGrid", "d", entry="a", seen="ACCEPTED", text="已扶正。"),
    )
    first = await sync(worker(office), *entries)
    assert [one["state"] for one in first] == ["APPLIED"] * 4
    assert first[3]["case"]["status"] == "REPLIED" and first[2]["visit"]["at"] == "2026-06-29T23:00:00+00:00"
    again = await sync(worker(office), *entries)
    assert again == [{**one, "case": one["case"] and first[3]["case"]} for one in first]
    query = "query($n: String!) { case(number: $n) { changes { nodes { field before after occurredAt at role } } } }"
    changes = (await worker(office).ask(query, n=first[0]["case"]["number"])).data["case"]["changes"]["nodes"]
    assert [(one["before"], one["after"]) for one in reversed(changes)] == [
        (None, "REPORTED"), ("REPORTED", "ACCEPTED"), ("ACCEPTED", "REPLIED"),
    ]  # fmt: skip
    assert {one["occurredAt"] for one in changes} == {"2026-06-30T00:00:00+00:00"}


async def test_nothing_is_taken_and_dropped(office: Server) -> None:
    """What is handled on the spot is settled in the grid: whoever names a level is told; an answer may have one."""
    said = {"number": await reported(office), "seen": "REPORTED", "text": "已扶正。", "level": "TOWN"}
    sending = "mutation($input: SyncInput!) { sync(input: $input) { results { state } } }"

    async def send(change: str) -> Any:
        return await worker(office).ask(
            sending, input={"idempotencyKey": str(uuid4()), "entries": [entry(change, **said)]}
        )

    assert (await send("handleInGrid")).codes == ["BAD_USER_INPUT"]
    assert (await send("replyToCase")).codes == []


async def test_one_key_for_both_ways(office: Server) -> None:
    """A report that was sent alone, with its answer lost, and then again in a batch, is one report."""
    key = str(uuid4())
    alone = await worker(office).do("reportCase", "case { number }", **MATTER, idempotencyKey=key)
    [result] = await sync(worker(office), entry("reportCase", **MATTER, idempotencyKey=key))
    assert result["case"]["number"] == alone["case"]["number"]


async def test_one_entry_stops_no_other(office: Server) -> None:
    number = await reported(office)
    results = await sync(
        worker(office),
        entry("reportCase", "a", **{**MATTER, "category": "nope"}),
        entry("acceptCase", "b", entry="a", seen="REPORTED"),
        entry("acceptCase", "c", number="610921202606300000010", seen="REPORTED"),
        entry("acceptCase", "d", number=number, entry="a", seen="REPORTED"),
        {**entry("acceptCase", "e", number=number, seen="REPORTED"), "occurredAt": "2026-07-02T00:00:00Z"},
        {**entry("acceptCase", "f", number=number, seen="REPORTED"), "occurredAt": "2026-06-30T00:00:00"},
        entry("replyToCase", "g", number=number, seen="REPORTED", text="不能"),
        entry("acceptCase", "h", number=number, seen="REPORTED"),
    )
    assert [(one["clientId"], one["state"], codes_of(one["errors"])) for one in results] == [
        ("a", "REFUSED", ["NOT_FOUND"]),
        ("b", "REFUSED", ["NOT_FOUND"]),
        ("c", "REFUSED", ["NOT_FOUND"]),
        ("d", "REFUSED", ["BAD_USER_INPUT"]),
        ("e", "REFUSED", ["BAD_USER_INPUT"]),
        ("f", "REFUSED", ["BAD_USER_INPUT"]),
        ("g", "REFUSED", ["ILLEGAL_TRANSITION"]),
        ("h", "APPLIED", []),
    ]
    assert results[1]["errors"][0]["path"] == ["entry"] and results[4]["errors"][0]["path"] == ["occurredAt"]


async def test_batches_are_bounded(office: Server) -> None:
    step = entry("acceptCase", "a", number="1", seen="REPORTED")
    many = [{**step, "clientId": str(at)} for at in range(51)]
    for entries in ([], many, [step, step], [{**step, "clientId": ""}]):
        payload = await worker(office).do("sync", RESULTS, entries=entries)
        assert codes_of(payload["errors"]) == ["BAD_USER_INPUT"] and payload["results"] is None
    two = {**step, "change": {**step["change"], **entry("editCase", number="1")["change"]}}
    [result] = (await worker(office).do("sync", RESULTS, entries=[two]))["results"]
    assert codes_of(result["errors"]) == ["BAD_USER_INPUT"], "of several changes in one entry none is made"


async def test_batches_are_costed(office: Server) -> None:
    """The cost is told before anything is done: as many cases as a batch may have, and what hangs on them."""
    given = {"idempotencyKey": "x", "entries": [entry("reportCase", "a", **MATTER)]}
    deep = "results { case { grid { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } } }"
    query = "mutation($i: SyncInput!) { sync(input: $i) { %s } }"
    assert (await worker(office).ask(query % deep, i=given)).codes == ["COST_EXCEEDED"]
    body = {"query": query % "results { case { id } }", "variables": {"i": given}, "extensions": {"cost": True}}
    reply = await office.client.post("/graphql", json=body, headers=worker(office).headers)
    assert reply.json()["extensions"]["cost"]["objects"] == 50


async def test_strangers_may_only_report(office: Server) -> None:
    number = await reported(office)
    results = await sync(
        office,
        entry("reportCase", "a", **{**MATTER, "channel": "MINI_APP"}),
        entry("acceptCase", "b", number=number, seen="REPORTED"),
        entry("editCase", "c", number=number, title=text(None, "x")),
    )
    assert [one["state"] for one in results] == ["APPLIED", "REFUSED", "REFUSED"]
    assert [codes_of(one["errors"]) for one in results[1:]] == [["FORBIDDEN"], ["NOT_FOUND"]]


async def test_batch_is_its_owners(office: Server) -> None:
    """A phone that keeps entries of one account sends none of them for another, nor for a stranger."""
    one, sent = worker(office, "one"), entry("reportCase", "a", **{**MATTER, "channel": "MINI_APP"})
    account = (await one.ask("{ me { account } }")).data["me"]["account"]
    for caller in (worker(office, "two"), office):
        payload = await caller.do("sync", RESULTS, entries=[sent], account=account)
        assert codes_of(payload["errors"]) == ["FORBIDDEN"] and payload["results"] is None
        assert payload["errors"][0]["path"] == ["account"]
    payload = await one.do("sync", RESULTS, entries=[sent], account=account)
    assert [result["state"] for result in payload["results"]] == ["APPLIED"]
    assert (await one.do("sync", RESULTS, entries=[sent], account="长" * 101))["errors"] != []


async def test_different_fields_merge(office: Server) -> None:
    number = await reported(office)
    one, two = worker(office, "one"), worker(office, "two")
    await sync(one, entry("editCase", number=number, title=text(MATTER["title"], "电线杆歪斜")))
    urgent = {"base": "ROUTINE", "value": "URGENT"}
    [late] = await sync(two, entry("editCase", number=number, address=text(None, "三组 8 号"), urgency=urgent))
    assert late["state"] == "APPLIED" and late["case"]["title"] == "电线杆歪斜"
    assert (late["case"]["address"], late["case"]["urgency"]) == ("三组 8 号", "URGENT")


async def test_same_field_is_kept_and_shown(office: Server) -> None:
    number = await reported(office)
    one, two = worker(office, "one"), office.as_("grid_leader", grid="610921", sub="two")
    await sync(one, entry("editCase", number=number, title=text(MATTER["title"], "甲")))
    late = entry("editCase", number=number, title=text(MATTER["title"], "乙"), address=text(None, "三组"))
    [result] = await sync(two, late)
    assert result["state"] == "CONFLICT" and (result["case"]["title"], result["case"]["address"]) == ("甲", "三组")
    [found] = result["conflict"]
    assert (found["field"], found["mine"], found["theirs"], found["by"]) == ("title", "乙", "甲", "grid_worker")
    assert await sync(two, late) == [result]
    conflicts = "conflicts(filter: { open: { equals: true } }) { nodes { id mine } }"
    query = f"query($n: String!) {{ case(number: $n) {{ {conflicts} }} }}"
    assert (await one.ask(query, n=number)).data["case"]["conflicts"]["nodes"] == [{"id": found["id"], "mine": "乙"}]
    auditor = office.as_("auditor")
    assert codes_of(
        (await auditor.do("resolveConflict", "case { id }", conflict=found["id"], keep="MINE"))["errors"]
    ) == ["FORBIDDEN"]
    settled = await one.do("resolveConflict", "case { title }", conflict=found["id"], keep="MINE")
    assert settled["case"]["title"] == "乙"
    assert (await one.ask(query, n=number)).data["case"]["conflicts"]["nodes"] == []
    again = await one.do("resolveConflict", "case { title }", conflict=found["id"], keep="THEIRS")
    assert codes_of(again["errors"]) == ["ILLEGAL_TRANSITION"]


async def test_steps_meet_others(office: Server) -> None:
    """A step onto a case that stands elsewhere is kept, with what was written; one that was done so is done."""
    number = await reported(office)
    one, two = worker(office, "one"), worker(office, "two")
    settle = {"number": number, "seen": "REPORTED"}
    await sync(one, entry("handleInGrid", **settle, text="已扶正。"))
    [same] = await sync(one, entry("handleInGrid", **settle, text="已扶正。"))
    assert (same["state"], same["conflict"]) == ("APPLIED", [])
    [other] = await sync(two, entry("handleInGrid", **settle, text="已报修。"))
    assert other["state"] == "CONFLICT" and other["case"]["status"] == "REPLIED"
    assert [(found["field"], found["mine"]) for found in other["conflict"]] == [
        ("status", "REPLIED"),
        ("reply", "已报修。"),
    ]
    taken, dispatcher = await reported(office), office.as_("county_dispatcher", grid="610921")
    assert (await dispatcher.do("acceptCase", "case { id }", number=taken, expectedVersion=1))["errors"] == []
    [met] = await sync(two, entry("handleInGrid", number=taken, seen="REPORTED", text="已报修。"))
    assert {found["by"] for found in met["conflict"]} == {"county_dispatcher"}, "who took a step online"
    stays = await two.do("resolveConflict", "case { id }", conflict=other["conflict"][0]["id"], keep="MINE")
    assert codes_of(stays["errors"]) == ["BAD_USER_INPUT"]
    [seen] = await sync(office.as_("auditor"), entry("editCase", number=number, title=text("x", "y")))
    assert codes_of(seen["errors"]) == ["FORBIDDEN"]


async def test_conflicts_are_for_staff(office: Server) -> None:
    number = await reported(office, anonymous=True)
    await sync(worker(office), entry("editCase", number=number, title=text("x", "y")))
    query = "query($n: String!) { case(number: $n) { conflicts { totalCount } changes { totalCount } } }"
    assert (await office.as_("integrator").ask(query, n=number)).data["case"] == {
        "conflicts": {"totalCount": 0}, "changes": {"totalCount": 0},
    }  # fmt: skip


# any order, any repetition


FIELDS = ("title", "address", "urgency")
SEEN = {"title": MATTER["title"], "address": None, "urgency": "ROUTINE"}
VALUES = {"title": ("甲", "乙", "丙"), "address": ("一组", "二组"), "urgency": ("URGENT", "EMERGENCY")}

edits = st.sampled_from(FIELDS).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name])))


class Model:
    """What a case is after edits, one after the other; the first delivery of each counts."""

    def __init__(self) -> None:
        self.now: dict[str, Any] = dict(SEEN)
        self.lost: list[tuple[str, str]] = []
        self.done: list[tuple[str, str]] = []

    def apply(self, name: str, base: Any, value: str) -> None:
        if self.now[name] == value:
            return
        if self.now[name] != base:
            self.lost.append((name, value))
            return
        self.now[name] = value
        self.done.append((name, value))

    @property
    def state(self) -> tuple[Any, ...]:
        return self.now, sorted(self.lost), self.done


def phone(number: str, plan: list[tuple[str, str]]) -> list[tuple[dict[str, Any], tuple[str, Any, str]]]:
    """A phone's entries with what they mean: each field's base is what this phone made of it before."""
    seen, made = dict(SEEN), []
    for name, value in plan:
        change = {name: text(seen[name], value)}
        made.append((entry("editCase", number=number, **change), (name, seen[name], value)))
        seen[name] = value
    return made


async def kept(server: Server, number: str) -> tuple[Any, ...]:
    """The case, what met others, and what was done, in order."""
    query = """query($n: String!) { case(number: $n) { title address urgency
      conflicts { nodes { field mine } } changes(last: 50) { nodes { field before after } } } }"""
    case = (await worker(server).ask(query, n=number)).data["case"]
    lost = sorted((one["field"], one["mine"]) for one in case["conflicts"]["nodes"])
    done = [(one["field"], one["after"]) for one in reversed(case["changes"]["nodes"]) if one["field"] in FIELDS]
    return {name: case[name] for name in FIELDS}, lost, done


@given(st.lists(edits, max_size=4), st.lists(edits, max_size=4), st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_delivery_is_some_order(
    office: Server, one: list[tuple[str, str]], two: list[tuple[str, str]], data: st.DataObject
) -> None:
    """However two phones' batches come, cut up, late and again: what counts is who came first, and nothing is lost."""
    number = await reported(office)
    phones = {"one": phone(number, one), "two": phone(number, two)}
    sent, model = {"one": 0, "two": 0}, Model()
    while any(sent[name] < len(entries) for name, entries in phones.items()):
        name = data.draw(st.sampled_from([name for name in phones if sent[name] < len(phones[name])]))
        start = data.draw(st.integers(0, sent[name]))
        stop = data.draw(st.integers(sent[name] + 1, len(phones[name])))
        for _, meant in phones[name][sent[name] : stop]:
            model.apply(*meant)
        sent[name] = stop
        await sync(worker(office, name), *[one for one, _ in phones[name][start:stop]])
        office.clock.move(seconds=1)
    for name, entries in phones.items():
        if entries:
            await sync(worker(office, name), *[one for one, _ in entries])
    assert await kept(office, number) == model.state


async def test_batches_at_once(office: Server) -> None:
    """Two phones at the same moment, each sending twice: the end is that of one of the orders there are."""
    number = await reported(office)
    plans = [("title", "甲"), ("address", "一组"), ("title", "丙")], [("title", "乙"), ("address", "二组")]
    one, two = (phone(number, plan) for plan in plans)
    batches = [("one", one), ("two", two), ("one", one), ("two", two)]
    await asyncio.gather(*(sync(worker(office, name), *[one for one, _ in made]) for name, made in batches))
    ends = []
    for places in combinations(range(len(one) + len(two)), len(one)):
        model, left = Model(), {True: [meant for _, meant in one], False: [meant for _, meant in two]}
        for at in range(len(one) + len(two)):
            model.apply(*left[at in places].pop(0))
        ends.append((model.now, sorted(model.lost), sorted(model.done)))
    now, lost, done = await kept(office, number)
    assert (now, lost, sorted(done)) in ends


async def test_texts_are_screened(office: Server) -> None:
    """What a phone has written is screened as what is said at once; where nothing was written, nothing is said."""
    number = await reported(office)
    asked = "results { state warnings { field concern } } errors { code }"
    entries = [
        entry("reportCase", **{**MATTER, "title": "住户信教"}),
        entry("editCase", number=number, description={"base": MATTER["description"], "value": "电话13800138000"}),
        entry("acceptCase", number=number, seen="REPORTED", note="当事人常上访"),
        entry("acceptCase", number="610921209901010000001", seen="REPORTED", note="当事人常上访"),
    ]
    results = (await worker(office).do("sync", asked, entries=entries))["results"]
    assert [one["state"] for one in results] == ["APPLIED", "APPLIED", "APPLIED", "REFUSED"]
    assert [one["warnings"] for one in results] == [
        [{"field": "title", "concern": "RELIGION"}],
        [{"field": "description.value", "concern": "PHONE"}],
        [{"field": "note", "concern": "HISTORY"}],
        [],
    ]
