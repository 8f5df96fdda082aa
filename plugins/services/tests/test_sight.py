"""Who sees what of services: catalogue, applications, papers, visits and lapses, by every kind of caller."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

from .conftest import COUNTY, OTHER_UNIT, PDF, UNIT, Hall

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN = "610921101"
NODE = "query($id: ID!) { node(id: $id) { id } }"
PARTS = """query($id: ID!) { node(id: $id) { ... on ServiceApplication {
  papers { id code url } visits { id } matter { id documents { id } } } } }"""
LOOKS = "{ me { accessLog(first: 20) { nodes { fields reader { role } } } } }"
ACCOUNT = "worker-who-helps"
CALLERS = (
    "stranger",
    "applicant",
    "guardian of nobody",
    "proxy",
    "worker",
    "handler",
    "handler elsewhere",
    "manager",
    "manager of a town",
    "county_dispatcher",
    "county_leader",
    "auditor",
    "administrator",
    "data_protection_officer",
)
EVERYBODY = set(CALLERS)
CONCERNED = {"applicant", "proxy", "handler"}
SUPERVISORS = {"manager", "county_leader", "auditor"}


class Callers:
    """Callers by what they are."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall

    def __getitem__(self, name: str) -> Server:
        as_, village = self.hall.server.as_, self.hall.people[0]["village"]
        match name:
            case "stranger":
                return self.hall.server
            case "applicant":
                return self.hall.resident(0)
            case "guardian of nobody":
                return self.hall.resident(1)
            case "proxy":
                return as_("grid_worker", grid=village, sub=ACCOUNT)
            case "worker":
                return as_("grid_worker", grid=village, sub="another worker")
            case "handler":
                return self.hall.handler
            case "handler elsewhere":
                return as_("department_handler", unit=OTHER_UNIT)
            case "manager":
                return self.hall.manager
            case "manager of a town":
                return as_("service_manager", grid=TOWN)
        return as_(name, grid=COUNTY)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def application(hall: Hall) -> str:
    """An application by a proxy, with a file, a visit and a lapse."""
    agreed = {"purpose": "services.proxy", "recipient": ACCOUNT, "noticeVersion": 1}
    await hall.done(hall.resident(0), "giveConsent", "consent { id }", **agreed)
    given = {"person": hall.person(0), "proxy": "GRID_WORKER", "papers": [{"code": "form", "content": PDF}]}
    id = await hall.apply(caller=Callers(hall)["proxy"], **given)
    for day in ("2026-06-29", "2026-06-30"):
        visit = {"day": day, "place": "VILLAGE_STATION", "reason": "提交材料"}
        assert await hall.give(hall.resident(0), "recordServiceVisit", id, **visit) == []
    return id


async def who_sees(hall: Hall, id: str) -> set[str]:
    """The callers who see an object by its id."""
    callers = Callers(hall)
    answers = {name: await callers[name].ask(NODE, id=id) for name in CALLERS}
    return {name for name, answer in answers.items() if answer.body["data"]["node"] is not None}


async def test_the_catalogue_is_for_everybody(hall: Hall, application: str) -> None:
    """A matter and what it wants, also once it is offered no longer: whoever applied under it reads it still."""
    parts = (await hall.handler.ask(PARTS, id=application)).data["node"]
    for one in (parts["matter"]["id"], parts["matter"]["documents"][0]["id"]):
        assert await who_sees(hall, one) == EVERYBODY, one
    ended = await hall.publish()
    await hall.done(hall.manager, "endServiceMatter", "matter { id }", matter=ended)
    assert await who_sees(hall, ended) == EVERYBODY


async def test_applications_are_for_those_whom_they_concern(hall: Hall, application: str) -> None:
    """The applicant, the proxy and the unit, with papers and visits; no grid, no town, and nobody who supervises."""
    parts = (await hall.handler.ask(PARTS, id=application)).data["node"]
    for one in (application, parts["papers"][0]["id"], parts["visits"][0]["id"]):
        assert await who_sees(hall, one) == CONCERNED, one


async def test_lapses_are_also_for_supervision(hall: Hall, application: str) -> None:
    """Of a county's unit in the county; a town's manager supervises what units of the town do."""
    lapse = (await hall.lapses(application))["TOO_MANY_VISITS"]["id"]
    assert await who_sees(hall, lapse) == CONCERNED | SUPERVISORS


async def test_lists_have_what_one_sees(hall: Hall, application: str) -> None:
    """Root lists, one's own list, and the way from the case have the same rows as the objects themselves."""
    listed = (
        "{ serviceApplications(first: 50) { nodes { id } } me { serviceApplications(first: 50) { nodes { id } } } }"
    )
    for name in ("applicant", "proxy", "handler", "worker", "manager"):
        found = (await Callers(hall)[name].ask(listed)).data
        assert ({"id": application} in found["serviceApplications"]["nodes"]) == (name in CONCERNED), name
        own = {"id": application} in found["me"]["serviceApplications"]["nodes"]
        assert own == (name == "applicant"), name


async def test_reading_papers_is_a_look(hall: Hall, application: str) -> None:
    """Whoever opens what is filled in or handed in is in the applicant's log; a list of papers by name is none."""
    names = "query($id: ID!) { node(id: $id) { ... on ServiceApplication { papers { code name state } } } }"
    before = await looks(hall)
    await hall.handler.ask(names, id=application)
    assert await looks(hall) == before
    seen = (await hall.handler.ask(PARTS, id=application)).data["node"]["papers"]
    assert any(one["url"] for one in seen)
    after = await looks(hall)
    assert len(after) == len(before) + 1 and any("ServicePaper.url" in fields for fields in after)


async def looks(hall: Hall) -> list[Any]:
    found = (await hall.resident(0).ask(LOOKS)).data["me"]["accessLog"]["nodes"]
    return [one["fields"] for one in found if one["reader"]["role"] == "department_handler"]


async def test_lists_are_asked_by_unit_and_state(hall: Hall, application: str) -> None:
    """A unit sees what it owes, by state; the catalogue is asked by unit; lapses by kind and by whether answered."""
    asked = """query($u: String!) {
      serviceApplications(first: 50, filter: { unit: { equals: $u }, state: { in: [SUBMITTED] } }) { nodes { id } }
      serviceMatters(first: 50, filter: { unit: { equals: $u } }) { nodes { unit { code } } }
      serviceLapses(first: 50, filter: { unit: { equals: $u }, kind: { equals: TOO_MANY_VISITS },
        answered: { equals: false } }) { nodes { application { id } } } }"""
    found = (await hall.handler.ask(asked, u=UNIT)).data
    assert {"id": application} in found["serviceApplications"]["nodes"]
    assert {one["unit"]["code"] for one in found["serviceMatters"]["nodes"]} == {UNIT}
    assert {"application": {"id": application}} in found["serviceLapses"]["nodes"]
    other = (await hall.handler.ask(asked, u=OTHER_UNIT)).data
    assert [other[name]["nodes"] for name in other] == [[], [], []]


async def test_a_consent_that_is_over_opens_nothing(hall: Hall, application: str) -> None:
    """After its year the proxy sees nothing more, and may do nothing more, though nobody took it back."""
    proxy = Callers(hall)["proxy"]
    assert await hall.see(application, proxy) is not None
    hall.server.clock.move(days=366)
    proxy = Callers(hall)["proxy"]
    assert await hall.see(application, proxy) is None
    found = await hall.give(proxy, "withdrawServiceApplication", application)
    assert found == [("NOT_FOUND", ["application"])]
    assert await hall.see(application, hall.resident(0)) is not None
