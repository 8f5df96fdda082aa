"""Deciding on exports: refused with grounds, once, by somebody else; and who asks for what nobody may have."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gongzhi_server.testing import codes_of

from .conftest import FIELDS, NAMES, OPEN, House


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


async def test_refused_with_grounds(house: House) -> None:
    """Whoever asked reads why; it is not released after all, and its rows count no more."""
    export = (await house.ask(NAMES))["export"]
    given = {"export": export["id"], "expectedVersion": export["version"]}
    for grounds in (" ", "字" * 2_001):
        payload = await house.officer.do("refuseBulkExport", FIELDS, **given, grounds=grounds)
        assert refused(payload) == [("BAD_USER_INPUT", ["grounds"])]
    payload = await house.officer.do(
        "refuseBulkExport", "export { id state grounds version }", **given, grounds="不必要"
    )
    assert payload["errors"] == [] and payload["export"]["state"] == "REFUSED"
    shown = "query($id: ID!) { node(id: $id) { ... on BulkExport { state grounds download } } }"
    mine = (await house.asker.ask(shown, id=export["id"])).data["node"]
    assert mine == {"state": "REFUSED", "grounds": "不必要", "download": None}
    [notice] = (await house.asker.ask("{ me { notices { nodes { kind about } } } }")).data["me"]["notices"]["nodes"]
    assert notice == {"kind": "export.refused", "about": export["id"]}
    late = await house.release({**export, "version": 2})
    assert refused(late) == [("ILLEGAL_TRANSITION", ["export"])]


async def test_decided_once(house: House) -> None:
    export = (await house.ask(NAMES))["export"]
    given = {"export": export["id"], "expectedVersion": 1}
    await house.enrol("tongshi", "data_protection_officer")
    colleague = house.named("data_protection_officer", "tongshi")
    answers = await asyncio.gather(
        house.officer.do("refuseBulkExport", FIELDS, **given, grounds="不必要"),
        house.officer.do("releaseBulkExport", FIELDS, **given),
        colleague.do("releaseBulkExport", FIELDS, **given),
    )
    done = [one["export"]["state"] for one in answers if not one["errors"]]
    assert len(done) == 1 and done[0] in ("READY", "REFUSED")
    codes = {code for one in answers for code in codes_of(one["errors"])}
    assert codes == {"STALE_VERSION"}


async def test_waits_for_a_day(house: House) -> None:
    export = (await house.ask(NAMES))["export"]
    house.server.clock.move(hours=24)
    late = house.named("data_protection_officer", "baohu")
    assert refused(await house.release(export, late)) == [("ILLEGAL_TRANSITION", ["export"])]


async def test_others_decide_nothing(house: House) -> None:
    """Neither whoever asked, nor an officer of another town, nor what is no export."""
    export = (await house.ask(NAMES))["export"]
    given = {"export": export["id"], "expectedVersion": 1}
    document = "mutation($i: ReleaseBulkExportInput!) { releaseBulkExport(input: $i) { errors { code } } }"
    assert (await house.asker.ask(document, i={"idempotencyKey": "k", **given})).codes == ["FORBIDDEN"]
    await house.enrol("zhen", "data_protection_officer", grid="610921101")
    away = house.named("data_protection_officer", "zhen", grid="610921101")
    assert refused(await house.release(export, away)) == [("NOT_FOUND", ["export"])]
    for id in ("BulkExport:999", "nonsense", "Grid:1"):
        payload = await house.officer.do("releaseBulkExport", FIELDS, export=id, expectedVersion=1)
        assert refused(payload) == [("NOT_FOUND", ["export"])], id


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"purpose": " "}, "BAD_USER_INPUT", ["purpose"]),
        ({"grid": "61"}, "BAD_USER_INPUT", ["grid"]),  # a province
        ({"grid": "nowhere"}, "NOT_FOUND", ["grid"]),
        ({"variables": ["x"]}, "BAD_USER_INPUT", ["variables"]),
    ],
)
async def test_bad_requests(house: House, change: dict[str, Any], code: str, path: list[str]) -> None:
    assert refused(await house.ask(OPEN, **change)) == [(code, path)]
    assert await house.database.fetchval("select count(*) from exports.export") == 0
