"""A county's leader over HTTP: figures, whistle calls and supervision, and nobody's file and no case."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from gongzhi_server.testing import Clock, Server

from .actors import COUNTY, POWER, TOWN, Offices, opening, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUPERVISED = """{ supervisions(first: 50) { totalCount nodes { id caseNumber level state reason reply light
  unit { code } case { title } } } }"""
CALLED = "{ whistles(first: 50) { nodes { id matter state units { unit { code } light } case { number } } } }"
OVERVIEW = """query($grid: String!) {
  grid(code: $grid) { statistics(from: "2026-01-01", to: "2026-06-30") { reported completionRate } }
  digest(grid: $grid, period: WEEK, at: "2026-06-30") { title }
}"""
FILES = """{
  people(first: 5) { totalCount nodes { name phone residentId } }
  households(first: 5) { totalCount nodes { number address } }
  cases(first: 5) { totalCount nodes { number title description } }
}"""


def leader(server: Server, grid: str = COUNTY) -> Server:
    return server.as_("county_leader", grid=grid, sub="leads")


async def supervised(offices: Offices, **more: Any) -> tuple[str, str]:
    """A case that is supervised: its number, and the supervision's id."""
    number = await offices.case()
    given = {"number": number, "level": "SUPERVISION", "reason": "久未办结", **more}
    made = await offices.do(offices.town, "superviseCase", "supervision { id }", **given)
    return number, made["supervision"]["id"]


async def read(caller: Server) -> dict[str, Any]:
    return {one["id"]: one for one in (await caller.ask(SUPERVISED)).data["supervisions"]["nodes"]}


async def test_leader_sees_what_offices_do(offices: Offices, clock: Clock) -> None:
    opening(clock)
    number, supervision = await supervised(offices)
    call = {"kind": "ROUTINE", "matter": "联合整治", "grid": TOWN, "units": [POWER]}
    whistle = (await offices.do(offices.town, "callWhistle", "whistle { id }", **call))["whistle"]["id"]
    caller = leader(offices.server)
    seen = (await read(caller))[supervision]
    assert (seen["caseNumber"], seen["reason"], seen["unit"]) == (number, "久未办结", {"code": POWER})
    assert seen["case"] is None
    called = {one["id"]: one for one in (await caller.ask(CALLED)).data["whistles"]["nodes"]}
    assert called[whistle]["matter"] == "联合整治" and called[whistle]["case"] is None
    overview = (await caller.ask(OVERVIEW, grid=COUNTY)).data
    assert overview["grid"]["statistics"] and overview["digest"]["title"]
    away = leader(offices.server, "610921110")
    assert supervision not in await read(away), "of the places one leads alone"
    assert (await away.ask(OVERVIEW, grid=COUNTY)).data["grid"]["statistics"] is None


async def test_leader_opens_no_file(offices: Offices, clock: Clock, shared_database: str) -> None:
    """No person, household or case by list, id or number; no protected value; nothing is done."""
    opening(clock)
    number, supervision = await supervised(offices)
    caller = leader(offices.server)
    connection = await asyncpg.connect(shared_database)
    try:
        person = await connection.fetchval("select id from people.person order by id limit 1")
        household = await connection.fetchval("select id from people.household limit 1")
        case = await connection.fetchval("select id from cases.case where number = $1", number)
    finally:
        await connection.close()
    answer = await caller.ask(FILES)
    assert all(not (answer.data or {}).get(one) or answer.data[one]["totalCount"] == 0
               for one in ("people", "households", "cases"))  # fmt: skip
    for id in (f"Person:{person}", f"Household:{household}", f"Case:{case}"):
        assert (await caller.ask("query($id: ID!) { node(id: $id) { id } }", id=id)).data["node"] is None, id
    assert (await caller.ask("query($n: String!) { case(number: $n) { title } }", n=number)).data["case"] is None
    for mutation, selection, given in (
        ("reveal", "people { phone }", {"ids": [f"Person:{person}"], "fields": ["phone"], "purpose": "了解"}),
        ("superviseCase", "supervision { id }", {"number": number, "level": "LISTED", "reason": "请办"}),
        ("liftSupervision", "supervision { id }", {"supervision": supervision, "expectedVersion": 1, "reason": "好"}),
        (
            "requestBulkExport",
            "export { id }",
            {"document": "{ supervisions { nodes { level } } }", "purpose": "看", "grid": COUNTY},
        ),
    ):
        assert await denied(caller, mutation, selection, **given), mutation


async def denied(caller: Server, mutation: str, selection: str, **given: Any) -> bool:
    """Whether the permission is held nowhere, so that nothing was looked at."""
    kind = mutation[0].upper() + mutation[1:]
    asked = f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}"
    answer = await caller.ask(asked, input={"idempotencyKey": mutation, **given})
    return [one["extensions"]["code"] for one in answer.errors or ()] == ["FORBIDDEN"]


async def test_leader_learns_of_no_tip_off(offices: Offices, clock: Clock, shared_database: str) -> None:
    """What is supervised of a tip-off, or of a case against a unit, is for those who see the case alone."""
    opening(clock)
    (sealed, one), (against, other) = await supervised(offices), await supervised(offices)
    connection = await asyncpg.connect(shared_database)
    try:
        await connection.execute("update cases.case set series = 'SEALED' where number = $1", sealed)
        accused = (
            "update cases.case set accused_unit_id = (select id from units.unit where code = $2) where number = $1"
        )
        await connection.execute(accused, against, "610921-SLJ")
    finally:
        await connection.close()
    caller = leader(offices.server)
    before = await caller.ask(SUPERVISED)
    assert not {one, other} & (await read(caller)).keys()
    assert {one, other} <= (await read(offices.county)).keys(), "who sees tip-offs goes on to"
    _, third = await supervised(offices)
    after = await caller.ask(SUPERVISED)
    assert after.data["supervisions"]["totalCount"] == before.data["supervisions"]["totalCount"] + 1
    assert third in await read(caller)
    assert refused(await offices.town.do("liftSupervision", "supervision { id }", supervision=one, expectedVersion=1,
                                         reason="好")) == [("NOT_FOUND", ["supervision"])]  # fmt: skip
