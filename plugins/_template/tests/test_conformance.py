"""What every plugin promises, and what this one does."""

from __future__ import annotations

from typing import Any

from gongzhi.testing import Conformance


class TestConformance(Conformance):
    plugin = "sample"


HOUSEHOLD = "{ households(first: 1) { nodes { id } } }"
NOTES = "query($id: ID!) { node(id: $id) { ... on Household { sampleNotes { text } } } }"


async def test_note_is_read_back(as_viewer: Any) -> None:
    worker = as_viewer("grid_worker")
    household = (await worker.ask(HOUSEHOLD)).data["households"]["nodes"][0]["id"]
    payload = await worker.do("addSampleNote", "note { text }", household=household, text="The gate is locked.")
    assert payload == {"note": {"text": "The gate is locked."}, "errors": []}
    assert (await worker.ask(NOTES, id=household)).data["node"]["sampleNotes"] == [{"text": "The gate is locked."}]


NOTED = "query($id: ID!) { node(id: $id) { ... on Household { members { nodes { person { sampleNoted } } } } } }"


async def test_background_runs(as_viewer: Any, run_jobs: Any, server: Any) -> None:
    """Notes are tidied away after three years; until then people show that there are some."""
    worker = as_viewer("grid_worker")
    household = (await worker.ask(HOUSEHOLD)).data["households"]["nodes"][0]["id"]
    await worker.do("addSampleNote", "note { text }", household=household, text="The gate is locked.")
    members = (await worker.ask(NOTED, id=household)).data["node"]["members"]["nodes"]
    assert {one["person"]["sampleNoted"] for one in members} <= {True}
    server.clock.move(days=3 * 366)
    assert (await run_jobs()).failed == []
    assert (await as_viewer("grid_worker").ask(NOTES, id=household)).data["node"]["sampleNotes"] == []


async def test_note_is_not_for_everybody(as_viewer: Any) -> None:
    household = (await as_viewer("grid_worker").ask(HOUSEHOLD)).data["households"]["nodes"][0]["id"]
    answer = await as_viewer("town_dispatcher").ask(NOTES, id=household)
    assert answer.codes == ["FORBIDDEN"] and answer.body["data"]["node"]["sampleNotes"] is None


MEMBERS = "{ households(first: 1) { nodes { id grid { code } members { nodes { person { id } } } } } }"
STEPPED = "case { number status } errors { message }"


async def test_closed_case_is_noted(as_viewer: Any, run_jobs: Any) -> None:
    """A resident's case is settled and rated; the handler notes it, and the case shows that there is a note."""
    worker = as_viewer("grid_worker")
    [household] = (await worker.ask(MEMBERS)).data["households"]["nodes"]
    person = household["members"]["nodes"][0]["person"]["id"]
    resident = as_viewer("resident", person=person.partition(":")[2])
    what = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯不亮", "description": "路灯"}
    made = await resident.do("reportCase", STEPPED, grid=household["grid"]["code"], **what)
    number = made["case"]["number"]
    await worker.do("handleInGrid", STEPPED, number=number, expectedVersion=1, text="已修好")
    rated = await resident.do("rateCase", STEPPED, number=number, rating=5, solved=True)
    assert rated["case"]["status"] == "CLOSED", rated
    assert (await run_jobs()).failed == []
    notes = (await worker.ask(NOTES, id=household["id"])).data["node"]["sampleNotes"]
    assert notes == [{"text": "A case was closed (诉求已办结)."}]
    asked = "query($number: String!) { case(number: $number) { sampleNoted } }"
    assert (await worker.ask(asked, number=number)).data["case"] == {"sampleNoted": True}
