"""The five returns of the demo county: all but a twentieth of their cells are filled without asking anybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

from .conftest import COUNTY, DEMO, TOWN, VILLAGE, Offices, demo_form

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACES = {"activities": (VILLAGE, "leader"), "disputes": (COUNTY, "county")}
NOT_LISTED = "select count(*) from forms.cell where kind='FIGURE' and (source is null or rule is null or given is null)"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def told(shared_server: Server, shared_database: str) -> dict[str, Any]:
    """What filling each of the five returns told; every test here is about them, in whatever order they run."""
    offices, found = Offices(shared_server, shared_database), dict[str, Any]()
    for name in DEMO:
        place, caller = PLACES.get(name, (TOWN, "town"))
        form = await offices.declare(demo_form(name), grid=place)
        found[name] = await offices.fill(await offices.open(form, place, caller), caller)
    return found


async def test_five_returns_fill_themselves(offices: Offices, told: dict[str, Any]) -> None:
    """Of all their cells at least 95 % have a value, or one that is known to be small, and nobody was asked."""
    cells, filled = (sum(one[name] for one in told.values()) for name in ("cells", "filled"))
    print(f"{filled} of {cells} cells filled without a question: {100 * filled / cells:.1f} %")
    assert cells >= 28 and filled / cells >= 0.95
    assert (await offices.fetch(NOT_LISTED))[0][0] == 0


async def test_rows_behind_a_number_are_as_many(offices: Offices) -> None:
    """What lists the rows of a figure finds as many as it counts, for whoever filled it."""
    found = await offices.fetch(
        "select c.title, c.value, c.listing, c.given, r.code from forms.cell c "
        "join forms.return r on r.id=c.form_return_id where c.listing is not null and c.value is not null"
    )
    assert {one["code"] for one in found} == {"population", "households", "cases", "activities"}
    for one in found:
        _, caller = PLACES.get(one["code"], (TOWN, "town"))
        given = json.loads(one["given"])
        used = {name: value for name, value in given.items() if f"${name}:" in one["listing"]}
        listed = (await offices.caller(caller).ask(one["listing"], **used)).data["s0"]
        rows = listed.get("activities", listed)
        # Of more than a hundred people or households the list tells its length by the hundred.
        count, told = int(json.loads(one["value"])), rows["totalCount"]
        assert told == count or (count > 100 and told == count // 100 * 100), one["title"]


async def test_where_it_is_off_nothing_of_it_is_there(offices: Offices) -> None:
    """A county that switches it off sees no return, and fills none; what there is stays."""
    asked = "query { formReturns(first: 50) { nodes { id } } }"
    [before] = await offices.fetch(
        "select min(id::text) as id, count(*)::int as n from forms.return where state='FILLED'"
    )
    assert before["n"] > 0
    administrator = f"administrator {COUNTY}"
    for active, seen in ((False, False), (True, True)):
        given = {"plugin": "forms", "county": COUNTY, "active": active}
        payload = await offices.caller(administrator).do("setPluginActivation", "activation { active }", **given)
        assert payload["errors"] == [], payload
        answer = await offices.caller("county").ask(asked)
        nodes = ((answer.body.get("data") or {}).get("formReturns") or {"nodes": []})["nodes"]
        assert bool(nodes) is seen
        status, _ = await offices.post("county", f"/returns/FormReturn:{before['id']}/fill")
        assert (status == 200) is seen or active
    [after] = await offices.fetch("select count(*)::int as n from forms.return where state in ('FILLED', 'ASKING')")
    assert after["n"] >= before["n"]
