"""Who sees devices, what they read and their alarms: by place, by unit and by keeping them; and how lists are found."""

from __future__ import annotations

import pytest

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, TOWN, UNIT, VILLAGE, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")
LISTED = """{ devices(first: 100) { nodes { id gauges { readings(first: 5) { nodes { value } } } } }
  deviceAlarms(first: 100) { nodes { id device { id } } } deviceKinds { totalCount } deviceRules { totalCount } }"""


async def test_devices_are_seen_where_one_serves(network: Network) -> None:
    """By staff of the place, by the unit that answers for it and by its keeper; by nobody else."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind)
    await network.report(code, 4.0)
    [alarm] = await network.alarms(id)
    server = network.server
    seeing = [
        server.as_("grid_worker", grid=VILLAGE),
        server.as_("grid_leader", grid=VILLAGE),
        server.as_("town_dispatcher", grid=TOWN),
        server.as_("county_leader", grid=COUNTY),
        server.as_("auditor", grid=COUNTY),
        server.as_("administrator", grid=COUNTY),
        server.as_("department_handler", unit=UNIT),
        network.keeper,
    ]
    for caller in seeing:
        body = (await caller.ask(LISTED)).data
        mine = [one for one in body["devices"]["nodes"] if one["id"] == id]
        assert mine == [{"id": id, "gauges": [{"readings": {"nodes": [{"value": 4.0}]}}]}], caller.headers
        assert alarm["id"] in {one["id"] for one in body["deviceAlarms"]["nodes"]}
        assert body["deviceKinds"]["totalCount"] >= 4 and body["deviceRules"]["totalCount"] >= 1
        assert await network.see(id, caller)
    blind = [
        server,
        server.as_("resident", grid=VILLAGE),
        server.as_("grid_worker", grid=ELSEWHERE),
        server.as_("department_handler", unit=OTHER_UNIT),
        network.system,
    ]
    for caller in blind:
        answer = await caller.ask(LISTED)
        body = answer.body.get("data") or {}
        assert id not in str(body.get("devices")) and alarm["id"] not in str(body.get("deviceAlarms")), caller.headers
        assert await network.see(id, caller) is None
        node = "query($id: ID!) { node(id: $id) { id } }"
        assert (await caller.ask(node, id=alarm["id"])).data["node"] is None


async def test_lists_are_found_by_state_place_and_code(network: Network) -> None:
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind)
    conditions = {
        f'code: {{ equals: "{code}" }}': True,
        'code: { equals: "none" }': False,
        f'kind: {{ equals: "{kind}" }}': True,
        f'unit: {{ equals: "{UNIT}" }}': True,
        f'unit: {{ equals: "{OTHER_UNIT}" }}': False,
        f'grid: {{ within: "{TOWN}" }}': True,
        f'grid: {{ within: "{ELSEWHERE}" }}': False,
        "state: { equals: NEW }": True,
        "state: { in: [ALARM, OFFLINE] }": False,
        "mine: { equals: true }": False,
    }
    for condition, inside in conditions.items():
        asked = f"{{ devices(filter: {{ {condition} }}, first: 100) {{ nodes {{ id }} }} }}"
        nodes = (await network.manager.ask(asked)).data["devices"]["nodes"]
        assert (id in {one["id"] for one in nodes}) is inside, condition
    await network.report(code, 4.0)
    [alarm] = await network.alarms(id)
    conditions = {
        "state: { equals: ACTIVE }": True,
        "acknowledged: { equals: true }": False,
        "ended: { equals: false }": True,
        f'grid: {{ within: "{TOWN}" }}': True,
        'raisedAt: { before: "2026-01-01T00:00:00Z" }': False,
    }
    for condition, inside in conditions.items():
        asked = f"{{ deviceAlarms(filter: {{ {condition} }}, orderBy: LAST_AT_DESC, first: 100) {{ nodes {{ id }} }} }}"
        nodes = (await network.manager.ask(asked)).data["deviceAlarms"]["nodes"]
        assert (alarm["id"] in {one["id"] for one in nodes}) is inside, condition
    asked = f"""{{ grid(code: "{VILLAGE}") {{ devices(first: 100, filter: {{ state: {{ equals: ALARM }} }}) {{
      nodes {{ id }} counts(by: KIND) {{ values count }} }} deviceAlarms(first: 100) {{ nodes {{ id }} }} }} }}"""
    found = (await network.manager.ask(asked)).data["grid"]
    assert id in {one["id"] for one in found["devices"]["nodes"]}
    assert alarm["id"] in {one["id"] for one in found["deviceAlarms"]["nodes"]}
    asked = f"""{{ deviceRules(filter: {{ kind: {{ equals: "{kind}" }}, inForce: {{ equals: true }} }}) {{
      nodes {{ trigger threshold minutes category {{ code }} kind {{ code county {{ code }} }} }} }} }}"""
    assert (await network.manager.ask(asked)).data["deviceRules"]["nodes"] == [
        {
            "trigger": "ABOVE",
            "threshold": 3.0,
            "minutes": 0,
            "category": {"code": "utilities.water"},
            "kind": {"code": kind, "county": {"code": COUNTY}},
        }
    ]


async def test_actions_tell_what_may_be_done(network: Network) -> None:
    """To whoever keeps it, to whoever manages devices, and after it is retired."""
    kind = await network.kind()
    id, _ = await network.register(kind)

    async def allowed(caller: object) -> set[str]:
        return {one["name"] for one in (await network.see(id, caller))["actions"] if one["allowed"]}  # type: ignore[arg-type]

    assert await allowed(network.keeper) == {"silenceDevice"}
    assert await allowed(network.manager) == {"editDevice", "retireDevice", "silenceDevice"}
    assert await network.give(network.manager, "retireDevice", id) == []
    assert await allowed(network.manager) == set()
