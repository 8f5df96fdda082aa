"""Patrols that end in a case before anybody had to ask, and the centres where anybody can."""

from __future__ import annotations

import asyncpg
from gongzhi_server.testing import Server, codes_of

GRID = "610921100201"
FINDING = {"category": "utilities.electricity", "title": "路灯不亮", "description": "村口路灯不亮"}
PATROL = {"grid": GRID, "at": "2026-06-30T09:00:00+08:00", "found": "村口路灯不亮，其余正常。"}
RECORDED = """patrol { id at found grid { code } case { number } }
  case { number origin requester { id } filedBy { id } channel { code } grid { code } }"""
LISTED = """query($g: String!) { grid(code: $g) {
  patrols(first: 1) { totalCount nodes { id } }
  cases(filter: { origin: { equals: PROACTIVE } }, first: 1) { nodes { number } }
} }"""
CENTRES = """{ grid(code: "610921") {
  governanceCenter { name units { code } }
  governanceCenters(first: 100) { totalCount }
  patrols(first: 5) { totalCount nodes { case { origin } } }
} }"""


async def village(server: Server) -> str:
    answer = await server.ask(
        '{ grids(filter: { kind: { equals: VILLAGE }, grid: { within: "610921" } }, last: 1) { nodes { code } } }'
    )
    return str(answer.data["grids"]["nodes"][0]["code"])


async def test_patrol_becomes_a_case(server: Server, database: str) -> None:
    """Nobody asked, so it has no requester; who found it is who filed it, and sees it."""
    code = await village(server)
    connection = await asyncpg.connect(database)
    person = await connection.fetchval("select id from people.person limit 1")
    await connection.close()
    worker = server.as_("grid_worker", grid=code, person=f"Person:{person}")
    payload = await worker.do("recordPatrol", RECORDED, **{**PATROL, "grid": code, "case": FINDING})
    case = payload["case"]
    assert (case["origin"], case["channel"]["code"], case["grid"]["code"]) == ("PROACTIVE", "GRID_WORKER", code)
    assert case["requester"] is None and case["filedBy"]["id"] == f"Person:{person}"
    assert payload["patrol"]["case"]["number"] == case["number"]
    query = "query($n: String!) { case(number: $n) { patrol { id at } } }"
    found = (await server.as_("county_dispatcher", grid="610921").ask(query, n=case["number"])).data["case"]["patrol"]
    assert found == {"id": payload["patrol"]["id"], "at": "2026-06-30T01:00:00+00:00"}
    grid = (await worker.ask(LISTED, g=code)).data["grid"]
    assert grid["patrols"]["nodes"] == [{"id": found["id"]}] and grid["cases"]["nodes"] == [{"number": case["number"]}]
    for other in (server, server.as_("resident"), server.as_("grid_worker", grid="610921100")):
        assert (await other.ask(LISTED, g=code)).data["grid"]["patrols"]["totalCount"] == 0


async def test_patrol_that_finds_nothing(server: Server) -> None:
    code = await village(server)
    payload = await server.as_("grid_worker", grid=code).do("recordPatrol", RECORDED, **{**PATROL, "grid": code})
    assert payload["case"] is None and payload["patrol"]["case"] is None and payload["errors"] == []


BAD: tuple[tuple[dict[str, object], str, list[str]], ...] = (
    ({"grid": "610921100"}, "FORBIDDEN", ["grid"]),
    ({"grid": "1"}, "NOT_FOUND", ["grid"]),
    ({"at": "2026-06-30T12:00:00+08:00"}, "BAD_USER_INPUT", ["at"]),
    ({"at": "2026-06-30T09:00:00"}, "BAD_USER_INPUT", ["at"]),
    ({"found": " "}, "BAD_USER_INPUT", ["found"]),
    ({"case": {**FINDING, "kind": "TIP_OFF"}}, "BAD_USER_INPUT", ["case", "kind"]),
    ({"case": {**FINDING, "title": " "}}, "BAD_USER_INPUT", ["case", "title"]),
    ({"case": {**FINDING, "category": "nope"}}, "NOT_FOUND", ["case", "category"]),
)


async def test_bad_patrols(server: Server) -> None:
    here = await village(server)
    for change, code, path in BAD:
        given = {**PATROL, "grid": here, **change}
        payload = await server.as_("grid_worker", grid=here).do("recordPatrol", "patrol { id }", **given)
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, path)], change
        assert payload["patrol"] is None


CENTER = "center { grid { code kind } name address dutyPhone units { code } validTo version }"


async def test_centre_of_a_village(server: Server) -> None:
    """Anybody reads it: where it is, whom to call, who sits there."""
    code = await village(server)
    keeper = server.as_("administrator")
    given = {"grid": code, "name": "便民综治中心", "address": "村口 1 号", "dutyPhone": "09155200000"}
    made = (await keeper.do("setGovernanceCenter", CENTER, **given, units=["610921-GDGS", "610921-SLJ"]))["center"]
    assert made["version"] == 1 and [unit["code"] for unit in made["units"]] == ["610921-GDGS", "610921-SLJ"]
    stale = await keeper.do("setGovernanceCenter", CENTER, **given)
    assert codes_of(stale["errors"]) == ["STALE_VERSION"]
    await keeper.do("setGovernanceCenter", CENTER, **given, expectedVersion=1, units=["610921-SLJ"])
    query = (
        "query($g: String!) { grid(code: $g) { governanceCenter { name address dutyPhone units { code } version } } }"
    )
    found = (await server.ask(query, g=code)).data["grid"]["governanceCenter"]
    assert found == {
        **{name: given[name] for name in ("name", "address", "dutyPhone")},
        "units": [{"code": "610921-SLJ"}],
        "version": 2,
    }
    closed = await keeper.do("closeGovernanceCenter", CENTER, grid=code, expectedVersion=2)
    assert closed["center"]["validTo"] == "2026-06-30"
    assert (await server.ask(query, g=code)).data["grid"]["governanceCenter"] is None
    again = await keeper.do("setGovernanceCenter", CENTER, **given)
    assert again["center"]["version"] == 1


async def test_bad_centres(server: Server) -> None:
    keeper = server.as_("administrator", grid="610921100")
    given = {"grid": "610921100", "name": "综治中心"}
    for change, code in (
        ({"grid": "61"}, "BAD_USER_INPUT"),
        ({"grid": "610921101"}, "FORBIDDEN"),
        ({"name": ""}, "BAD_USER_INPUT"),
        ({"dutyPhone": "110110110110110"}, "BAD_USER_INPUT"),
        ({"units": ["nope"]}, "NOT_FOUND"),
    ):
        payload = await keeper.do("setGovernanceCenter", CENTER, **{**given, **change})
        assert codes_of(payload["errors"]) == [code], change
    worker = server.as_("grid_worker", grid="610921100")
    query = "mutation($i: SetGovernanceCenterInput!) { setGovernanceCenter(input: $i) { errors { code } } }"
    assert (await worker.ask(query, i={"idempotencyKey": "k", **given})).codes == ["FORBIDDEN"]


async def test_demo_has_centres(server: Server) -> None:
    """The county, every town, and a few villages; and patrols behind what was found beforehand."""
    grid = (await server.as_("administrator").ask(CENTRES)).data["grid"]
    assert grid["governanceCenter"]["name"] == "汉阴县综治中心" and len(grid["governanceCenter"]["units"]) >= 3
    assert grid["governanceCenters"]["totalCount"] > 10 and grid["patrols"]["totalCount"] > 0
    assert {one["case"]["origin"] for one in grid["patrols"]["nodes"]} == {"PROACTIVE"}


async def test_patrols_of_a_year(server: Server) -> None:
    """What a telephone brings after weeks without a connection is taken, what is older is a slip."""
    here = await village(server)
    worker = server.as_("grid_worker", grid=here)
    for at, code in (("2025-07-01T09:00:00+08:00", []), ("2025-06-20T09:00:00+08:00", ["BAD_USER_INPUT"])):
        payload = await worker.do("recordPatrol", "patrol { at }", **{**PATROL, "grid": here, "at": at})
        assert codes_of(payload["errors"]) == code, at


async def test_patrol_and_its_case_are_one(server: Server, database: str) -> None:
    """A finding that cannot be a case leaves no patrol either: whoever sends it again sends both."""
    here = await village(server)
    worker = server.as_("grid_worker", grid=here)
    connection = await asyncpg.connect(database)
    try:
        count = "select count(*) from patrols.patrol"
        before = await connection.fetchval(count)
        finding = {**FINDING, "attachments": ["Attachment:nothing"]}
        payload = await worker.do("recordPatrol", "patrol { id }", **{**PATROL, "grid": here, "case": finding})
        assert payload["patrol"] is None and payload["errors"][0]["path"][0] == "case"
        assert await connection.fetchval(count) == before
        await worker.do("recordPatrol", "patrol { id }", **{**PATROL, "grid": here, "case": FINDING})
        assert await connection.fetchval(count) == before + 1
    finally:
        await connection.close()


async def test_units_of_a_centre_are_replaced_whole(server: Server) -> None:
    """Each once, in any order; without a list nobody sits there; and the number is a telephone's."""
    keeper, code = server.as_("administrator"), await village(server)
    given = {"grid": code, "name": "便民综治中心"}
    lists: tuple[tuple[list[str], list[str]], ...] = (
        (["610921-SLJ", "610921-GDGS", "610921-SLJ"], ["610921-GDGS", "610921-SLJ"]),
        (["610921-GDGS"], ["610921-GDGS"]),
        ([], []),
    )
    for version, (units, seated) in enumerate(lists):
        seen = {"expectedVersion": version} if version else {}
        payload = await keeper.do("setGovernanceCenter", CENTER, **given, **seen, units=units)
        assert payload["errors"] == [], payload
        assert sorted(one["code"] for one in payload["center"]["units"]) == seated
        assert payload["center"]["version"] == version + 1
    stale = await keeper.do("closeGovernanceCenter", CENTER, grid=code, expectedVersion=1)
    assert codes_of(stale["errors"]) == ["STALE_VERSION"]
