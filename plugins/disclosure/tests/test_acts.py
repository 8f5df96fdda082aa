"""What auditors read of what was done: in their county, by office, without values, and not from whom a tip-off came."""

from __future__ import annotations

from typing import Any

from gongzhi_server.testing import Server

COUNTY, TOWN, OTHER = "610921", "610921107", "610921100"
ACTS = """query($filter: ActFilter, $after: String) { acts(filter: $filter, first: 2, after: $after) {
  totalCount nodes { at account mutation objects codes reader { role grid { code } unit { code } } }
  pageInfo { hasNextPage endCursor } } }"""
MATTER = {"category": "roads.lighting", "description": "路灯不亮了", "title": "路灯"}


async def read(server: Server, grid: str = COUNTY, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await server.as_("auditor", grid=grid).ask(ACTS, **variables)).data["acts"]
    return found


async def report(server: Server, kind: str, channel: str = "GRID_WORKER", **given: Any) -> str:
    done = await server.do("reportCase", "case { id }", kind=kind, grid=TOWN, channel=channel, **MATTER, **given)
    assert done["errors"] == []
    return str(done["case"]["id"])


async def test_auditor_reads_what_was_done(server: Server) -> None:
    """The last first, a page at a time; searched by account and mutation, with what was refused."""
    worker, leader = server.as_("grid_worker", grid=TOWN), server.as_("grid_leader", grid=TOWN)
    number = await report(worker, "HELP")
    assert (await leader.do("addAccount", "account { id }", name="!!"))["errors"]
    refused = await read(server, filter={"account": {"equals": f"grid_leader-{TOWN}"}})
    assert [(one["mutation"], one["objects"]) for one in refused["nodes"]] == [("add_account", [])]
    assert refused["nodes"][0]["codes"]
    mine = {"account": {"equals": f"grid_worker-{TOWN}"}}
    found = await read(server, filter=mine)
    assert found["totalCount"] == 1
    [one] = found["nodes"]
    assert (one["mutation"], one["objects"], one["codes"]) == ("report_case", [number], [])
    assert one["reader"] == {"role": "grid_worker", "grid": {"code": TOWN}, "unit": None}
    await report(worker, "HELP")
    await report(worker, "HELP")
    first = await read(server, filter=mine)
    assert first["totalCount"] == 3 and first["pageInfo"]["hasNextPage"] and first["nodes"][0]["at"] >= one["at"]
    rest = await read(server, filter=mine, after=first["pageInfo"]["endCursor"])
    assert [each["objects"] for each in rest["nodes"]] == [[number]]
    assert (await read(server, filter={**mine, "mutation": {"equals": "close_case"}}))["totalCount"] == 0


async def test_others_read_nothing_of_it(server: Server) -> None:
    """Neither those without the office, nor auditors of elsewhere; residents' acts and tip-offs are in no list."""
    worker = server.as_("grid_worker", grid=TOWN)
    await report(worker, "HELP")
    before = (await read(server))["totalCount"]
    assert before > 0 and (await read(server, OTHER))["totalCount"] == 0
    for role in ("administrator", "town_dispatcher", "data_protection_officer", "resident"):
        found = await server.as_(role, grid=COUNTY).ask(ACTS)
        assert found.body["data"]["acts"] is None and found.codes == ["FORBIDDEN"], role
    against = (await server.ask("{ units(first: 1) { nodes { code } } }")).data["units"]["nodes"][0]["code"]
    await report(worker, "TIP_OFF", against=against)
    await report(server.as_("resident", grid=TOWN), "HELP", "MINI_APP")
    assert (await read(server))["totalCount"] == before
