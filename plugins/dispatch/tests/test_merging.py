"""Duplicates over HTTP: seen at intake, found at the desk, merged so that nobody is left out, and taken apart again."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from gongzhi_dispatch.merging.similar_cases import HEARD, SHOWN
from gongzhi_server.testing import Server

from .actors import CASE, MATTER, POWER, Desks, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIMILAR = (
    "query($n: String!) { case(number: $n) { similarCases(first: 3) { number title similarity distance status } } }"
)
SEEN = """query($number: String!, $receiptCode: String!) { caseByReceipt(number: $number, receiptCode: $receiptCode) {
  status reply { text } mayRate rating timeline(last: 20) { type note } } }"""
NEARBY = {"longitude": 108.5105, "latitude": 32.8903, "crs": "WGS84"}
ELSEWHERE = {"place": None, "grid": "610921110"}


async def lamp(desks: Desks, **more: object) -> dict[str, Any]:
    """A case about a street lamp; every test has one at a place of its own."""
    return await desks.reported(**{"category": "roads.lighting", "title": "集镇路口路灯不亮", **more})


async def seen(server: Server, receipt: dict[str, Any]) -> Any:
    return (await server.ask(SEEN, **receipt)).data["caseByReceipt"]


async def test_similar_cases(desks: Desks) -> None:
    """The same lamp, reported by two, comes first; another subject, or another town, does not come at all."""
    first = await lamp(desks, title="三岔路口路灯整夜不亮")
    other = await lamp(desks, category="agriculture.advice", title="茶苗栽种请教")
    away = await lamp(desks, title="三岔路口路灯整夜不亮", **ELSEWHERE)
    second = await lamp(desks, title="三岔路口的路灯不亮了", place=NEARBY)
    found = (await desks.town.ask(SIMILAR, n=second["number"])).data["case"]["similarCases"]
    assert found[0]["number"] == first["number"] and 50 < found[0]["distance"] < 70
    assert found == sorted(found, key=lambda one: -one["similarity"]) and 0.5 < found[0]["similarity"] <= 1
    assert not {other["number"], away["number"]} & {one["number"] for one in found}
    worker = desks.server.as_("grid_worker", grid="610921101")
    assert (await worker.ask(SIMILAR, n=second["number"])).codes == ["FORBIDDEN"]


async def test_similar_stay_within_sight(desks: Desks) -> None:
    """A dispatcher sees similar cases in their own grids only, and tip-offs never."""
    first = await lamp(desks, title="文化广场路灯损坏")
    tip = await lamp(desks, kind="TIP_OFF", title="文化广场路灯损坏", against=POWER)
    second = await lamp(desks, title="文化广场路灯损坏")
    grid = (
        await desks.county.ask("query($n: String!) { case(number: $n) { grid { code } } }", n=second["number"])
    ).data
    assert grid["case"]["grid"]["code"].startswith("610921101222")
    for caller in (desks.county, desks.town):
        numbers = [
            one["number"] for one in (await caller.ask(SIMILAR, n=second["number"])).data["case"]["similarCases"]
        ]
        assert first["number"] in numbers and tip["number"] not in numbers
    assert (await desks.county.ask(SIMILAR, n=tip["number"])).data["case"]["similarCases"] == []


async def test_similar_at_intake(desks: Desks) -> None:
    """A resident learns that it is known already: what, about how far, how far it is, and nothing else."""
    asked = "case { number } similar(first: 3) { category { name } distance phase }"
    matter = {**MATTER, "category": "roads.lighting", "title": "桥头路灯忽明忽暗"}
    first = await desks.server.do("reportCase", asked, **matter)
    again = await desks.server.do("reportCase", asked, **{**matter, "place": NEARBY})
    assert {"category": {"name": "道路照明"}, "distance": 100, "phase": "REPORTED"} in again["similar"]
    private = {**matter, "category": "dispute.marriage_family", "title": "邻居夫妻吵架"}
    await desks.server.do("reportCase", asked, **private)
    assert (await desks.server.do("reportCase", asked, **private))["similar"] == []
    tip = await desks.server.do("reportCase", asked, **{**matter, "kind": "TIP_OFF"})
    assert tip["similar"] == [] and first["case"]["number"] != again["case"]["number"]


async def test_merged_requesters_are_answered(desks: Desks) -> None:
    """Three report one lamp. All get the answer on their own receipt and may rate; one says it is not solved."""
    main = await desks.handling()
    others = [await lamp(desks) for _ in range(2)]
    numbers = sorted(one["number"] for one in others)
    merged = await desks.town.do(
        "mergeCases", "case { version merged { number status requester { name } } }",
        number=main["number"], expectedVersion=4, merge=numbers,
    )  # fmt: skip
    assert [one["number"] for one in merged["case"]["merged"]] == numbers
    assert {one["status"] for one in merged["case"]["merged"]} == {"MERGED"}
    await desks.step(desks.unit(POWER), "replyToCase", main["number"], merged["case"]["version"], text="灯已修好。")
    for one in others:
        found = await seen(desks.server, one)
        assert found["status"] == "MERGED" and found["reply"] == {"text": "灯已修好。"} and found["mayRate"]
        assert {"type": "case.answered_with", "note": "灯已修好。"} in found["timeline"]
    good = await desks.server.do("rateCase", "case { status rating }", **others[0], rating=5, solved=True)
    assert good["case"] == {"status": "MERGED", "rating": 5}
    assert (await desks.state(main["number"]))["status"] == "REPLIED"
    await desks.server.do("rateCase", CASE, **others[1], rating=1, solved=False)
    assert (await desks.state(main["number"]))["status"] == "HANDLING"
    version = (await desks.state(main["number"]))["version"]
    await desks.step(desks.unit(POWER), "replyToCase", main["number"], version, text="换了新灯。")
    assert (await seen(desks.server, others[1]))["reply"] == {"text": "换了新灯。"}


async def test_merged_cases_are_rated_while_the_answer_stands(desks: Desks, shared_database: str) -> None:
    """What a requester is told that they may do is what they may, wherever the case stands that theirs is part of."""
    connection = await asyncpg.connect(shared_database)
    person = str(await connection.fetchval("select id from people.person where erased_at is null order by id limit 1"))
    await connection.close()
    requester = desks.server.as_("resident", person=person, sub="merged")
    main = await desks.handling()
    other = (await requester.do("reportCase", "case { number }", **MATTER))["case"]["number"]
    await desks.town.do("mergeCases", CASE, number=main["number"], expectedVersion=4, merge=[other])
    power = desks.unit(POWER)
    told = "query($n: String!) { case(number: $n) { mayRate actions { name allowed } } }"
    for caller, step, version, more, rateable in (
        (power, "replyToCase", 5, {"text": "灯已修好。"}, True),
        (desks.county, "reopenCase", 6, {"reason": "复查"}, False),
        (power, "replyToCase", 7, {"text": "换了新灯。"}, True),
        (desks.county, "closeCase", 8, {}, False),
    ):
        await desks.step(caller, step, main["number"], version, **more)
        found = (await requester.ask(told, n=other)).data["case"]
        allowed = {one["name"]: one["allowed"] for one in found["actions"]}["rateCase"]
        assert (allowed, found["mayRate"]) == (rateable, rateable), step
        payload = await requester.do("rateCase", CASE, number=other, rating=3, solved=True)
        assert refused(payload) == ([] if rateable else ["ILLEGAL_TRANSITION"]), step


async def test_unmerge(desks: Desks) -> None:
    main, other = await desks.handling(), await lamp(desks)
    await desks.town.do("mergeCases", CASE, number=main["number"], expectedVersion=4, merge=[other["number"]])
    query = "query($n: String!) { case(number: $n) { version mergedInto { number } } }"
    found = (await desks.town.ask(query, n=other["number"])).data["case"]
    assert found["mergedInto"] == {"number": main["number"]}
    apart = await desks.step(desks.town, "unmergeCase", other["number"], found["version"], reason="不是同一盏灯")
    assert apart["status"] == "REPORTED"
    await desks.step(desks.unit(POWER), "replyToCase", main["number"], 5, text="灯已修好。")
    alone = await seen(desks.server, other)
    assert alone["reply"] is None and alone["mayRate"] is False
    assert [one["type"] for one in alone["timeline"]] == ["case.reported", "case.merged", "case.unmerged"]
    assert "case.parted" in (await desks.state(main["number"]))["steps"]


async def test_what_is_not_merged(desks: Desks) -> None:
    main = await desks.reported()
    accepted, tip = await desks.accepted(), await lamp(desks, kind="TIP_OFF")
    for merge, code in (
        ([accepted["number"]], "ILLEGAL_TRANSITION"),
        ([tip["number"]], "BAD_USER_INPUT"),
        ([main["number"]], "BAD_USER_INPUT"),
        ([], "BAD_USER_INPUT"),
        (["610921202601019999999"], "NOT_FOUND"),
    ):
        payload = await desks.county.do("mergeCases", CASE, number=main["number"], expectedVersion=1, merge=merge)
        assert refused(payload) == [code], merge
    assert (await desks.state(main["number"]))["version"] == 1


SPOTS = [(109.5011, 32.0011), (109.5003, 32.0018), (109.5019, 32.0001)]
"""Three places in one cell of the lattice."""


async def test_nobody_is_found_from_many_distances(shared_database: str) -> None:
    """However many matters somebody reports, and from wherever: what they are told is the same for a whole cell."""
    connection = await asyncpg.connect(shared_database)
    kept = connection.transaction()
    await kept.start()
    mine, theirs = await connection.fetch(
        "select c.id from cases.case c join cases.category k on k.id=c.category_id where c.series='ORDINARY' "
        "and k.code like 'roads.%' and c.status not in ('DECLINED','WITHDRAWN','VOIDED','MERGED') order by c.id limit 2"
    )
    await connection.execute(
        "update cases.case c set category_id=d.category_id, title='路灯不亮', reported_at=d.reported_at, "
        "grid_id=d.grid_id, longitude=$2, latitude=$3 from cases.case d where d.id=$1 and c.id=any($4)",
        *(mine["id"], *SPOTS[0], [mine["id"], theirs["id"]]),
    )
    move = "update cases.case set longitude=$2, latitude=$3 where id=$1"
    heard = []
    for spot in SPOTS:
        await connection.execute(move, theirs["id"], *spot)
        told = []
        for east in range(-9, 10, 3):
            for north in range(-9, 10, 3):
                await connection.execute(move, mine["id"], 109.501 + east * 0.00117, 32.001 + north * 0.00113)
                found = await connection.fetch(HEARD, mine["id"], list(SHOWN), 20)
                told.append([(one["category_id"], one["metres"], one["status"]) for one in found])
        heard.append(told)
    await kept.rollback()
    await connection.close()
    assert heard[0] == heard[1] == heard[2] and any(heard[0])
