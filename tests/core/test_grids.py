"""Grids over HTTP: added by their code, renamed, given a boundary, replaced; and which one a place lies in."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

pytestmark = pytest.mark.together

TOWN, VILLAGE, PIECE, GROUP, BASE = (
    "610921199",
    "610921199201",
    "610921199201-010000",
    "610921199201-010200",
    "610921199201-010203",
)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[100.0, 30.0], [100.1, 30.0], [100.1, 30.1], [100.0, 30.1], [100.0, 30.0]]],
}
HOLED = {
    "type": "Polygon",
    "coordinates": [
        *SQUARE["coordinates"],
        [[100.04, 30.04], [100.06, 30.04], [100.06, 30.06], [100.04, 30.06], [100.04, 30.04]],
    ],
}
BOW = {"type": "Polygon", "coordinates": [[[100.0, 30.0], [100.1, 30.1], [100.1, 30.0], [100.0, 30.1], [100.0, 30.0]]]}
GRID = "grid { code name kind parent { code } path { code } boundary boundaryNote validFrom validTo version }"


@pytest.fixture
def administrator(server: Server) -> Server:
    return server.as_("administrator", grid="610921")


@pytest_asyncio.fixture(loop_scope="module")
async def database(filled: str) -> Any:
    connection = await asyncpg.connect(filled)
    yield connection
    await connection.close()


async def content(database: Any) -> list[Any]:
    """All that is written about grids, to compare."""
    return [
        await database.fetchval(f"select md5(string_agg(t::text, '' order by t.id)) from grids.{table} t")
        for table in ("grid", "ring")
    ]


async def done(caller: Server, mutation: str, selection: str = GRID, **given: Any) -> Any:
    answer = await caller.do(mutation, selection, **given)
    assert answer["errors"] == []
    return answer["grid"]


async def refused(caller: Server, mutation: str, **given: Any) -> list[tuple[str, list[str]]]:
    answer = await caller.do(mutation, "grid { code }", **given)
    assert answer["grid"] is None
    return [(one["code"], one["path"]) for one in answer["errors"]]


async def at(server: Server, longitude: float, latitude: float, crs: str = "CGCS2000") -> str | None:
    asked = "query($p: PointInput!) { gridAt(point: $p) { code } }"
    found = (await server.ask(asked, p={"longitude": longitude, "latitude": latitude, "crs": crs})).data["gridAt"]
    return found and str(found["code"])


async def test_code_tells_place(administrator: Server) -> None:
    """Each level under the one its code names, down to the base grid."""
    for code in (TOWN, VILLAGE, PIECE, GROUP):
        await done(administrator, "addGrid", code=code, name=f"测试{code}")
    made = await done(administrator, "addGrid", code=BASE, name=" 测试三网格 ")
    assert (made["name"], made["kind"], made["parent"]) == ("测试三网格", "GRID_3", {"code": GROUP})
    path = ["61", "6109", "610921", TOWN, VILLAGE, PIECE, GROUP, BASE]
    assert [one["code"] for one in made["path"]] == path
    assert (made["validFrom"], made["validTo"], made["boundary"], made["version"]) == ("2026-06-30", None, None, 1)
    inside = await administrator.ask('{ grid(code: "610921") { children { totalCount } } }')
    assert inside.data["grid"]["children"]["totalCount"] == 11


async def test_county_under_province(server: Server) -> None:
    """A county that no city stands above."""
    administrator = server.as_("administrator")
    await done(administrator, "addGrid", code="42", name="湖北省")
    given = {"code": "429004", "name": "仙桃市"}
    assert await refused(administrator, "addGrid", **given) == [("NOT_FOUND", ["code"])]
    assert await refused(administrator, "addGrid", **given, parent="61") == [("BAD_USER_INPUT", ["parent"])]
    made = await done(administrator, "addGrid", **given, parent="42")
    assert [one["code"] for one in made["path"]] == ["42", "429004"]


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"code": "6109211"}, "BAD_USER_INPUT", ["code"]),
        ({"code": "610921100000"}, "BAD_USER_INPUT", ["code"]),
        ({"code": "610921100001-000102"}, "BAD_USER_INPUT", ["code"]),
        ({"code": "六一〇九二一"}, "BAD_USER_INPUT", ["code"]),
        ({"code": "610921100"}, "DUPLICATE", ["code"]),
        ({"code": VILLAGE}, "NOT_FOUND", ["code"]),
        ({"parent": "6109"}, "BAD_USER_INPUT", ["parent"]),
        ({"name": ""}, "BAD_USER_INPUT", ["name"]),
        ({"validFrom": "2026-07-01"}, "BAD_USER_INPUT", ["validFrom"]),
        ({"boundary": SQUARE}, "BAD_USER_INPUT", ["crs"]),
        ({"boundary": BOW, "crs": "CGCS2000"}, "BAD_USER_INPUT", ["boundary", "coordinates"]),
        ({"code": "610922100"}, "NOT_FOUND", ["code"]),
    ],
)
@pytest.mark.alone
async def test_bad_grid_refused(
    administrator: Server, database: Any, given: dict[str, Any], code: str, path: list[str]
) -> None:
    before = await content(database)
    usual = {"code": TOWN, "name": "测试镇"}
    assert await refused(administrator, "addGrid", **{**usual, **given}) == [(code, path)]
    assert await content(database) == before


@pytest.mark.alone
async def test_boundary_normalised(administrator: Server, server: Server, database: Any) -> None:
    """The outline is kept in CGCS2000, the original beside it, and places are found by it; a hole is outside."""
    await done(administrator, "addGrid", code=TOWN, name="测试镇", boundary=SQUARE, crs="CGCS2000", boundaryNote="虚构")
    assert await at(server, 100.05, 30.05) == TOWN
    given: dict[str, Any] = {"code": TOWN, "expectedVersion": 1, "boundary": HOLED, "crs": "GCJ02"}
    made = await done(administrator, "setBoundary", **given)
    west, south = made["boundary"]["coordinates"][0][0]
    assert 0.0005 < abs(west - 100.0) < 0.01 and 0.0005 < abs(south - 30.0) < 0.01
    assert (made["version"], made["boundaryNote"]) == (2, None)
    assert await at(server, 100.05, 30.05, "GCJ02") is None
    assert await at(server, 100.02, 30.02, "GCJ02") == TOWN
    assert await at(server, 100.00001, 30.02, "GCJ02") == TOWN
    assert await at(server, 99.99999, 30.02, "GCJ02") is None
    source = await database.fetchval("select boundary_source from grids.grid where code = $1", TOWN)
    assert '"GCJ02"' in source and "100.04" in source
    rings = "select count(*) from grids.ring r join grids.grid g on g.id = r.grid_id where g.code = $1"
    assert await database.fetchval(rings, TOWN) == 2
    made = await done(administrator, "setBoundary", code=TOWN, expectedVersion=2, boundary=None)
    assert made["boundary"] is None and await database.fetchval(rings, TOWN) == 0
    assert await at(server, 100.02, 30.02, "GCJ02") is None


@pytest.mark.parametrize(
    ("boundary", "path"),
    [
        ({"type": "Point", "coordinates": [100, 30]}, ["type"]),
        ("POLYGON((100 30, 101 30, 101 31, 100 30))", ["type"]),
        ({"type": "Polygon", "coordinates": []}, ["coordinates"]),
        ({"type": "Polygon", "coordinates": [SQUARE["coordinates"][0][:-1]]}, ["coordinates", "0"]),
        (
            {"type": "Polygon", "coordinates": [[[100, 30], [101, "30"], [101, 31], [100, 30]]]},
            ["coordinates", "0", "1"],
        ),
        ({"type": "Polygon", "coordinates": [[[30, 100], [30, 101], [31, 101], [30, 100]]]}, ["coordinates", "0", "0"]),
        (BOW, ["coordinates"]),
    ],
)
async def test_no_polygon_refused(administrator: Server, database: Any, boundary: Any, path: list[str]) -> None:
    before = await content(database)
    version = await database.fetchval("select version from grids.grid where code = '610921100'")
    given = {"code": "610921100", "expectedVersion": version, "boundary": boundary, "crs": "WGS84"}
    assert await refused(administrator, "setBoundary", **given) == [("BAD_USER_INPUT", ["boundary", *path])]
    assert await content(database) == before


async def test_boundary_must_be_said(administrator: Server) -> None:
    """Leaving it out is not the same as taking it away."""
    given = {"code": "610921100", "expectedVersion": 1}
    assert await refused(administrator, "setBoundary", **given) == [("BAD_USER_INPUT", ["boundary"])]


async def test_name_changes(administrator: Server, server: Server, database: Any) -> None:
    given = {"code": "610921100", "name": "新城关镇"}
    made = await done(administrator, "renameGrid", expectedVersion=1, **given)
    assert (made["name"], made["version"]) == ("新城关镇", 2)
    found = await server.ask('{ grids(first: 1, filter: { name: { contains: "新城" } }) { nodes { code } } }')
    assert found.data["grids"]["nodes"] == [{"code": "610921100"}]
    before = await content(database)
    assert await refused(administrator, "renameGrid", expectedVersion=1, **given) == [
        ("STALE_VERSION", ["expectedVersion"])
    ]
    unknown = {"code": "610921998", "name": "无", "expectedVersion": 1}
    assert await refused(administrator, "renameGrid", **unknown) == [("NOT_FOUND", ["code"])]
    assert await content(database) == before


@pytest.mark.alone
async def test_code_can_be_replaced(administrator: Server, server: Server, database: Any) -> None:
    """The old grid ends with its successor named; its code is free, and no place lies in it any more."""
    old: dict[str, Any] = {
        "code": TOWN,
        "name": "老镇",
        "boundary": SQUARE,
        "crs": "CGCS2000",
        "validFrom": "2020-01-01",
    }
    await done(administrator, "addGrid", **old)
    await done(administrator, "addGrid", code=VILLAGE, name="老村")
    await done(administrator, "addGrid", code="610921198", name="新镇")
    given: dict[str, Any] = {"code": TOWN, "expectedVersion": 1, "successor": "610921198"}
    before = await content(database)
    for wrong, code, path in (
        ({}, "BAD_USER_INPUT", ["code"]),
        ({"successor": TOWN}, "BAD_USER_INPUT", ["successor"]),
        ({"successor": VILLAGE}, "BAD_USER_INPUT", ["successor"]),
        ({"successor": "610921997"}, "NOT_FOUND", ["successor"]),
        ({"validTo": "2026-07-01"}, "BAD_USER_INPUT", ["validTo"]),
        ({"validTo": "2019-12-31"}, "BAD_USER_INPUT", ["validTo"]),
        ({"expectedVersion": 2}, "STALE_VERSION", ["expectedVersion"]),
    ):
        assert await refused(administrator, "replaceGrid", **{**given, **wrong}) == [(code, path)]
    assert await content(database) == before
    new = {"code": "610921198201", "name": "新村"}
    await done(administrator, "addGrid", **new)
    moved: dict[str, Any] = {"code": VILLAGE, "expectedVersion": 1, "successor": new["code"]}
    await done(administrator, "replaceGrid", **moved)
    made = await done(administrator, "replaceGrid", GRID[:-1] + "successor { code } }", **given)
    assert (made["validTo"], made["successor"], made["version"]) == ("2026-06-30", {"code": "610921198"}, 2)
    assert (await server.ask(f'{{ grid(code: "{TOWN}") {{ name }} }}')).data == {"grid": None}
    assert await at(server, 100.05, 30.05) is None
    assert (await done(administrator, "addGrid", code=TOWN, name="又一镇"))["path"][-1] == {"code": TOWN}


async def test_others_may_not(server: Server, database: Any) -> None:
    """Without the permission the field is refused; with it elsewhere, the grid."""
    before = await content(database)
    asked = "mutation($input: AddGridInput!) { addGrid(input: $input) { grid { code } } }"
    given = {"code": TOWN, "name": "测试镇"}
    answer = await server.as_("grid_leader", grid="610921").ask(asked, input={"idempotencyKey": "one", **given})
    assert answer.codes == ["FORBIDDEN"] and answer.body["data"] == {"addGrid": None}
    town = server.as_("administrator", grid="610921100")
    assert await refused(town, "addGrid", **given) == [("FORBIDDEN", ["code"])]
    assert await refused(town, "addGrid", code="42", name="湖北省") == [("FORBIDDEN", ["code"])]
    assert await refused(town, "renameGrid", code="610921", name="新县", expectedVersion=1) == [("FORBIDDEN", ["code"])]
    assert await content(database) == before


# --- where a place lies ---


async def test_place_outside_every_grid(server: Server) -> None:
    assert await at(server, 0.0, 0.0) is None


@pytest.mark.parametrize(
    "point",
    [
        {"longitude": 32.89, "latitude": 108.51, "crs": "WGS84"},
        {"longitude": 500000.0, "latitude": 3640000.0, "crs": "CGCS2000"},
    ],
)
async def test_no_place_on_earth(server: Server, point: dict[str, Any]) -> None:
    """Swapped axes and metres are told, with the field."""
    answer = await server.ask("query($p: PointInput!) { gridAt(point: $p) { code } }", p=point)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["extensions"]["path"] == ["point"]
    assert "108.51" not in answer.errors[0]["message"]


async def test_shapeless_codes_are_refused_in_chinese(server: Server) -> None:
    chinese = Server(server.client, server.clock, {"accept-language": "zh"})
    answer = await chinese.ask('{ grids(filter: { grid: { within: "zz" } }) { totalCount } }')
    assert answer.codes == ["BAD_USER_INPUT"]
    field, _, said = answer.errors[0]["message"].partition("：")
    assert field == "grids(filter.grid.within)"  # whoever wrote the query finds the argument by its name
    assert said and said[0] > "\u4e00" and "grid" not in said
