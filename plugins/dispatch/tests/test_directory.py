"""The dispatch directory over HTTP: kept, proposed from, taken at a click, and never against the list of duties."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
import pytest_asyncio

from .actors import CASE, COUNTY, POWER, ROADS, SAFETY, TOWN, TOWN_HALL, Desks, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAITING = "select count(*) from pg_locks where not granted"
"""Whether somebody waits for a lock."""
RULE = "rule { id version unit { code } supportUnits { code } basis validTo previous { version validTo } }"
PROPOSAL = """query($n: String!) { case(number: $n) { dispatchProposal {
  leadUnit { code } supportUnits { code } rule { basis version } reason } } }"""
ENTRY = {"grid": COUNTY, "basis": "汉阴县派单目录（示例）第1条"}
"""Each story has a subject of its own, of which the directory says nothing."""
VILLAGE = "610921101222"
"""In which the cases of these desks are."""
SUBJECTS = ["village_affairs", "roads", "agriculture", "paperwork", "health", "other"]


@pytest_asyncio.fixture(scope="module", autouse=True, loop_scope="module")
async def unsaid(shared_database: str) -> None:
    """The demo county's directory forgets the subjects of the stories."""
    connection = await asyncpg.connect(shared_database)
    ended = "update dispatch.rule r set valid_to = r.valid_from from cases.category c where c.id = r.category_id "
    await connection.execute(ended + "and c.code = any($1)", SUBJECTS)
    await connection.close()


async def proposal(desks: Desks, number: str) -> dict[str, object] | None:
    found = (await desks.county.ask(PROPOSAL, n=number)).data["case"]["dispatchProposal"]
    return found and {**found, "leadUnit": found["leadUnit"]["code"]}


async def test_one_click_dispatch(desks: Desks) -> None:
    await desks.county.do(
        "setDispatchRule",
        RULE,
        **ENTRY,
        category="village_affairs",
        unit=ROADS,
        supportUnits=[SAFETY],
        expectedVersion=0,
    )
    number = (await desks.accepted(category="village_affairs"))["number"]
    found = await proposal(desks, number)
    assert found is not None and found["leadUnit"] == ROADS and found["supportUnits"] == [{"code": SAFETY}]
    assert "村务监督" in str(found["reason"]) and ENTRY["basis"] in str(found["reason"])
    case = await desks.step(desks.town, "dispatchCase", number, 2)
    assert case["leadUnit"] == {"code": ROADS} and case["supportUnits"] == [{"code": SAFETY}]


async def test_the_most_special_entry(desks: Desks) -> None:
    """A subject counts more than a place, and of two places the nearer one."""
    number = (await desks.accepted(category="roads.bus"))["number"]
    assert await proposal(desks, number) is None
    for category, grid, unit in (
        ("roads", VILLAGE, TOWN_HALL),
        ("roads.bus", COUNTY, ROADS),
        ("roads.bus", TOWN, SAFETY),
    ):
        entry = {**ENTRY, "category": category, "grid": grid, "unit": unit}
        assert (await desks.county.do("setDispatchRule", RULE, **entry, expectedVersion=0))["errors"] == []
        found = await proposal(desks, number)
        assert found is not None and found["leadUnit"] == unit


async def test_subject_that_begins_alike_is_another(desks: Desks, shared_database: str) -> None:
    connection = await asyncpg.connect(shared_database)
    for code in ("pets", "pets_lost"):
        added = (
            "insert into cases.category (code, name, edition) select $1, '宠物', edition from cases.category limit 1"
        )
        await connection.execute(added, code)
    await connection.close()
    entry = {**ENTRY, "category": "pets", "unit": ROADS}
    assert (await desks.county.do("setDispatchRule", RULE, **entry, expectedVersion=0))["errors"] == []
    assert await proposal(desks, (await desks.accepted(category="pets_lost"))["number"]) is None
    assert await proposal(desks, (await desks.accepted(category="pets"))["number"])


async def test_versions_of_an_entry(desks: Desks) -> None:
    await desks.county.do(
        "setDispatchRule", RULE, **ENTRY, category="agriculture.advice", unit=ROADS, expectedVersion=0
    )
    stale = await desks.county.do(
        "setDispatchRule", RULE, **ENTRY, category="agriculture.advice", unit=POWER, expectedVersion=0
    )
    assert refused(stale) == ["STALE_VERSION"]
    second = (
        await desks.county.do(
            "setDispatchRule", RULE, **ENTRY, category="agriculture.advice", unit=POWER, expectedVersion=1
        )
    )["rule"]
    assert second["version"] == 2 and second["previous"]["version"] == 1 and second["previous"]["validTo"]
    public = '{ dispatchRules(filter: { category: { equals: "agriculture.advice" } }) { nodes { version validTo } } }'
    seen = (await desks.server.ask(public)).data["dispatchRules"]["nodes"]
    assert {one["version"]: one["validTo"] is None for one in seen} == {1: False, 2: True}
    ended = await desks.county.do("endDispatchRule", RULE, rule=second["id"], expectedVersion=2)
    assert ended["rule"]["validTo"]
    number = (await desks.accepted(category="agriculture.advice"))["number"]
    click = await desks.county.do("dispatchCase", CASE, number=number, expectedVersion=2)
    assert [(one["code"], one["path"]) for one in click["errors"]] == [("NOT_FOUND", ["leadUnit"])]


async def test_closed_units_are_not_proposed(desks: Desks) -> None:
    await desks.admin.do(
        "addUnit", "unit { code }", code="GJGS", name="公交公司", kind="ENTERPRISE", reach="LINE", grid=COUNTY
    )
    await desks.county.do("setDispatchRule", RULE, **ENTRY, category="paperwork", unit="GJGS", expectedVersion=0)
    number = (await desks.accepted(category="paperwork"))["number"]
    assert (await proposal(desks, number) or {})["leadUnit"] == "GJGS"
    await desks.admin.do("closeUnit", "unit { code }", code="GJGS", expectedVersion=1)
    assert await proposal(desks, number) is None


async def test_the_accused_is_proposed_for_nothing(desks: Desks) -> None:
    """Neither to lead nor to help: an entry that names them fits no case against them, and every other."""
    entry = {**ENTRY, "category": "other", "unit": ROADS, "supportUnits": [SAFETY]}
    assert (await desks.county.do("setDispatchRule", RULE, **entry, expectedVersion=0))["errors"] == []
    for against, lead in ((POWER, ROADS), (ROADS, None), (SAFETY, None)):
        number = (await desks.accepted(category="other", kind="COMPLAINT", against=against))["number"]
        found = await proposal(desks, number)
        assert (found and found["leadUnit"]) == lead, against


async def test_who_keeps_the_directory(desks: Desks) -> None:
    mutation = "mutation($i: SetDispatchRuleInput!) { setDispatchRule(input: $i) { errors { code path } } }"
    given = {**ENTRY, "category": "other", "unit": ROADS, "expectedVersion": 0, "idempotencyKey": "entry"}
    assert (await desks.town.ask(mutation, i=given)).codes == ["FORBIDDEN"]
    elsewhere = desks.server.as_("county_dispatcher", grid="610921110")
    payload = (await elsewhere.ask(mutation, i=given)).data["setDispatchRule"]
    assert payload["errors"] == [{"code": "FORBIDDEN", "path": ["grid"]}]


async def test_listed_duties_stay_with_departments(desks: Desks) -> None:
    """A department's duty is not pushed down to a town, by hand or by the directory, until it is off the list."""
    basis = "县级部门职责清单（示例）第7项"
    duty = await desks.county.do(
        "listDuty", "duty { id kind basis }", category="health", grid=COUNTY, kind="COUNTY_DEPARTMENT", basis=basis
    )
    assert duty["errors"] == []
    number = (await desks.accepted(category="health"))["number"]
    pushed = await desks.town.do("dispatchCase", CASE, number=number, expectedVersion=2, leadUnit=TOWN_HALL)
    assert refused(pushed) == ["LISTED_DUTY"] and basis in pushed["errors"][0]["message"]
    entry = await desks.county.do(
        "setDispatchRule", RULE, **ENTRY, category="health", unit=TOWN_HALL, expectedVersion=0
    )
    assert refused(entry) == ["LISTED_DUTY"]
    public = "{ listedDuties(filter: { current: { equals: true } }) { nodes { basis category { code } } } }"
    seen = (await desks.server.ask(public)).data["listedDuties"]["nodes"]
    assert {"basis": basis, "category": {"code": "health"}} in seen
    await desks.county.do("unlistDuty", "duty { validTo }", duty=duty["duty"]["id"])
    case = await desks.step(desks.town, "dispatchCase", number, 2, leadUnit=TOWN_HALL)
    assert case["leadUnit"] == {"code": TOWN_HALL}


async def test_units_may_help_with_listed_duties(desks: Desks) -> None:
    await desks.county.do(
        "listDuty", "duty { id }", category="village_affairs", grid=COUNTY, kind="COUNTY_DEPARTMENT", basis="清单"
    )
    number = (await desks.accepted(category="village_affairs"))["number"]
    case = await desks.step(desks.town, "dispatchCase", number, 2, leadUnit=ROADS, supportUnits=[TOWN_HALL])
    assert case["supportUnits"] == [{"code": TOWN_HALL}]


async def test_entry_that_is_being_ended_is_not_renewed(desks: Desks, shared_database: str) -> None:
    """Whoever renews it waits for the end, and hears of it; before, the entry was ended and yet went on as another."""
    entry = {**ENTRY, "category": "agriculture", "unit": ROADS}
    made = await desks.county.do("setDispatchRule", RULE, **entry, expectedVersion=0)
    assert made["errors"] == []
    ending, watcher = [await asyncpg.connect(shared_database) for _ in range(2)]
    try:
        async with ending.transaction():
            key = int(made["rule"]["id"].partition(":")[2])
            await ending.execute("update dispatch.rule set valid_to = now() where id = $1", key)
            renewed = asyncio.create_task(desks.county.do("setDispatchRule", RULE, **entry, expectedVersion=1))
            async with asyncio.timeout(20):
                while not renewed.done() and not await watcher.fetchval(WAITING):
                    pass
        assert [error["code"] for error in (await renewed)["errors"]] == ["STALE_VERSION"]
        held = "select count(*) from dispatch.rule r join cases.category c on c.id = r.category_id where c.code = $1"
        assert await watcher.fetchval(f"{held} and r.valid_to is null", entry["category"]) == 0
    finally:
        await ending.close()
        await watcher.close()
