"""Clients that speak Open311 GeoReport v2 file cases and read them, and see what their key may see."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import asyncpg
import httpx
import pytest
from gongzhi_server.app import create_app
from gongzhi_server.testing import ESSENTIAL, TODAY, Clock, Server, built_schema, settings_for_tests

COUNTY = {"jurisdiction_id": "610921"}
POLE = {
    **COUNTY,
    "service_code": "roads.lighting",
    "description": "村口路灯不亮\n已经三天",
    "address_id": "610921101222-020202",
}
HOLDING = """
insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
select gen_random_uuid(), a.id, 'integrator', g.id, '2026-01-01', 'console'
from accounts.account a, grids.grid g where a.name = 'hotline' and g.code = '610921'
"""


@pytest.fixture
def hotline(server: Server) -> Server:
    return server.as_("integrator", grid="610921")


async def get(caller: Server, path: str, status: int = 200, /, **given: Any) -> Any:
    reply = await caller.client.get(f"/open311/{path}", params=given, headers=caller.headers)
    assert reply.status_code == status, reply.text
    return reply.json() if path.endswith("json") else ElementTree.fromstring(reply.text)


async def post(caller: Server, status: int = 201, /, headers: dict[str, str] | None = None, **given: Any) -> Any:
    sent = caller.headers | (headers or {})
    reply = await caller.client.post("/open311/v2/requests.json", data=given, headers=sent)
    assert reply.status_code == status, reply.text
    return reply.json()


async def file(caller: Server, **more: Any) -> str:
    [made] = await post(caller, **{**POLE, **more})
    return str(made["service_request_id"])


async def test_discovery_names_the_endpoint(server: Server) -> None:
    found = await get(server, "discovery.json")
    [endpoint] = found["endpoints"]
    assert endpoint["url"].endswith("/open311/v2") and endpoint["formats"] == ["text/xml", "application/json"]
    assert (await get(server, "discovery.xml")).findtext("endpoints/endpoint/url") == endpoint["url"]


async def test_services_are_the_subjects(server: Server) -> None:
    found = {one["service_code"]: one for one in await get(server, "v2/services.json", **COUNTY)}
    assert found["roads.lighting"]["service_name"] == "道路照明" and found["roads.lighting"]["group"] == "道路交通"
    assert "roads" not in found  # it has finer ones
    tree = await get(server, "v2/services.xml", **COUNTY)
    assert tree.tag == "services" and [one.tag for one in tree] == ["service"] * len(found)
    assert tree.findtext("service/metadata") == "true"


async def test_definition_lists_the_values(server: Server) -> None:
    found = await get(server, "v2/services/roads.lighting.json", **COUNTY)
    values = {one["code"]: {each["key"] for each in one["values"]} for one in found["attributes"]}
    assert values["kind"] == {"HELP", "CONSULT", "COMPLAINT", "SUGGESTION"} and "HOTLINE_12345" in values["channel"]
    tree = await get(server, "v2/services/roads.lighting.xml", **COUNTY)
    assert tree.tag == "service_definition" and tree.findtext("attributes/attribute/values/value/key") == "HELP"
    [error] = await get(server, "v2/services/no.such.json", 404, **COUNTY)
    assert error == {"code": 404, "description": "service_code provided was not found"}


async def test_filed_case_is_one_of_ours(server: Server, hotline: Server) -> None:
    given = {"attribute[kind]": "COMPLAINT", "attribute[urgency]": "URGENT", "phone": "13800000000", "email": "a@b.cn"}
    [made] = await post(hotline, **POLE, **given)
    number = made["service_request_id"]
    assert made["service_notice"].endswith("Not kept: email, phone.")
    asked = "kind urgency title description channel { code } grid { code } requester { id }"
    query = f"query($number: String!) {{ case(number: $number) {{ {asked} }} }}"
    case = (await hotline.ask(query, number=number)).data["case"]
    assert case == {
        "kind": "COMPLAINT", "urgency": "URGENT", "title": "村口路灯不亮", "description": POLE["description"],
        "channel": {"code": "HOTLINE_12345"}, "grid": {"code": POLE["address_id"]}, "requester": None,
    }  # fmt: skip
    receipt = made["service_notice"].split("code: ")[1].split(".")[0]
    opened = "query($number: String!, $code: String!) { caseByReceipt(number: $number, receiptCode: $code) { status } }"
    assert (await server.ask(opened, number=number, code=receipt)).data["caseByReceipt"] == {"status": "REPORTED"}


async def test_point_finds_the_grid(server: Server, hotline: Server) -> None:
    where = {"address_id": "", "lat": 32.89, "long": 108.51}
    [found] = await get(hotline, f"v2/requests/{await file(hotline, **where)}.json", **COUNTY)
    assert (found["lat"], found["long"]) == pytest.approx((32.89, 108.51), abs=1e-4)
    [error] = await post(hotline, 400, **{**POLE, "lat": 39.9, "long": 116.4})
    assert error["description"] == "lat and long lie outside of the jurisdiction"


async def test_same_request_is_filed_once(server: Server, hotline: Server) -> None:
    number = await file(hotline)
    assert await file(hotline) == number
    assert await file(hotline, phone="13800000000") != number
    once = {"headers": {"idempotency-key": "12345-1"}}
    [first] = await post(hotline, **once, **POLE)
    assert first["service_request_id"] != number
    assert (await post(hotline, **once, **POLE))[0]["service_request_id"] == first["service_request_id"]
    [error] = await post(hotline, 400, **once, **{**POLE, "description": "别的"})
    assert "another request" in error["description"]
    server.clock.move(days=1)
    assert await file(server.as_("integrator", grid="610921")) != number


async def test_status_follows_the_case(server: Server, hotline: Server) -> None:
    number = await file(hotline)
    [found] = await get(hotline, "v2/requests.json", **COUNTY, service_request_id=number)
    assert (found["status"], found["service_code"]) == ("open", "roads.lighting")
    assert found["expected_datetime"] and found["agency_responsible"] is None
    payload = await server.as_("grid_leader").do(
        "handleInGrid", "case { status }", number=number, expectedVersion=1, text="已换灯泡"
    )
    assert payload["errors"] == []
    [found] = await get(hotline, f"v2/requests/{number}.json", **COUNTY)
    assert (found["status"], found["status_notes"]) == ("closed", "已答复 Answered\n已换灯泡")
    numbers = [
        [one["service_request_id"] for one in await get(hotline, "v2/requests.json", **COUNTY, status=status)]
        for status in ("open", "closed")
    ]
    assert number not in numbers[0] and number in numbers[1]


async def test_pages_and_times_are_complete(server: Server, hotline: Server) -> None:
    made = []
    for at in range(5):
        server.clock.move(minutes=1)
        made.append(await file(server.as_("integrator", grid="610921"), description=f"第{at}件"))
    hotline = server.as_("integrator", grid="610921")
    since = {**COUNTY, "start_date": (TODAY + timedelta(seconds=30)).isoformat()}
    pages = [
        [one["service_request_id"] for one in await get(hotline, "v2/requests.json", **since, page=page, page_size=2)]
        for page in (1, 2, 3, 4)
    ]
    assert pages == [made[:2:-1], made[2:0:-1], made[:1], []]
    until = (TODAY + timedelta(minutes=2, seconds=30)).isoformat()
    found = await get(hotline, "v2/requests.json", **since, end_date=until)
    assert [one["service_request_id"] for one in found] == made[1::-1]
    tree = await get(hotline, "v2/requests.xml", **since)
    assert tree.tag == "service_requests" and len(tree.findall("request")) == 5
    [error] = await get(hotline, "v2/requests.json", 400, **COUNTY, start_date="2020-01-01T00:00:00Z",
                        end_date="2021-01-01T00:00:00Z")  # fmt: skip
    assert "90 days" in error["description"]


@pytest.mark.parametrize(
    "given",
    [
        {"end_date": "0001-01-01T00:00:00+00:00"},
        {"start_date": "9999-12-31T23:59:59Z"},
        {"start_date": "0001-01-01T00:00:00+23:59"},
        {"updated_after": "9999-12-31T23:59:59-23:59"},
    ],
)
async def test_moments_lie_in_the_calendar(hotline: Server, given: dict[str, str]) -> None:
    """What days cannot be counted from is the client's mistake, and is named."""
    [error] = await get(hotline, "v2/requests.json", 400, **COUNTY, **given)
    assert error == {"code": 400, "description": f"{next(iter(given))} must lie in the years 1800 to 2999"}


async def test_what_has_changed_since(server: Server, hotline: Server) -> None:
    """And where: below a grid, as `address_id` has it."""
    old, changed = await file(hotline, description="第一件"), await file(hotline, description="第二件")
    server.clock.move(minutes=10)
    since = server.clock().isoformat()
    dispatcher = server.as_("county_dispatcher", grid="610921")
    payload = await dispatcher.do("acceptCase", "case { id }", number=changed, expectedVersion=1)
    assert payload["errors"] == []
    fresh = await file(server.as_("integrator", grid="610921"), description="第三件")
    caller = server.as_("integrator", grid="610921")
    found = await get(caller, "v2/requests.json", **COUNTY, updated_after=since)
    assert {one["service_request_id"] for one in found} == {changed, fresh}
    place = POLE["address_id"]
    within = await get(caller, "v2/requests.json", **COUNTY, address_id=place[:9], updated_after=since)
    assert {one["service_request_id"] for one in within} == {changed, fresh}
    elsewhere = await get(caller, "v2/requests.json", **COUNTY, address_id="610921103", updated_after=since)
    assert elsewhere == [] and old not in {one["service_request_id"] for one in found}
    for bad in ({"updated_after": "yesterday"}, {"address_id": "610922"}, {"address_id": "610921x"}):
        [error] = await get(caller, "v2/requests.json", 400, **COUNTY, **bad)
        assert next(iter(bad)) in error["description"]


async def test_only_what_the_key_may_see(server: Server, hotline: Server, database: str) -> None:
    number = await file(hotline)
    for other in (server, server.as_("integrator", grid="610921102")):
        assert await get(other, "v2/requests.json", **COUNTY, service_request_id=number) == []
        [error] = await get(other, f"v2/requests/{number}.json", 404, **COUNTY)
        assert error["description"] == "service_request_id provided was not found"
    connection = await asyncpg.connect(database)
    await connection.execute("update cases.case set kind = 'TIP_OFF', series = 'SEALED' where number = $1", number)
    await connection.close()
    for caller in (hotline, server.as_("administrator")):
        assert await get(caller, "v2/requests.json", **COUNTY, service_request_id=number) == []
    [error] = await post(hotline, 400, **POLE, **{"attribute[kind]": "TIP_OFF"})
    assert "attribute[kind]" in error["description"]


async def test_errors_have_the_format_of_the_specification(server: Server, hotline: Server) -> None:
    assert (await get(server, "v2/services.json", 400))[0]["code"] == 400
    assert (await get(server, "v2/services.json", 404, jurisdiction_id="999999"))[0]["code"] == 404
    assert (await get(server, "v2/services.json", 404, jurisdiction_id="boston.gov"))[0]["code"] == 404
    tree = await get(server, "v2/requests/1.xml", 404, **COUNTY)
    assert tree.tag == "errors" and tree.findtext("error/code") == "404"
    assert (await post(server, 403, **POLE))[0]["description"].startswith("api_key is missing")
    assert (await post(server, 403, **POLE, api_key="nonsense"))[0]["description"].startswith("api_key was invalid")
    assert "address" in (await get(server, "v2/requests.json", 400, **COUNTY, api_key="x"))[0]["description"]
    assert (await post(hotline, 400, **COUNTY)) == [
        {"code": 400, "description": "service_code was not provided"},
        {"code": 400, "description": "description was not provided"},
    ]
    [error] = await post(hotline, 400, **{**POLE, "service_code": "no.such"})
    assert error["description"].startswith("category: ")
    assert "location" in (await post(hotline, 400, **{**POLE, "address_id": ""}))[0]["description"]
    reply = await server.client.post("/open311/v2/requests.json", json=POLE, headers=hotline.headers)
    assert reply.status_code == 415
    assert (await server.client.delete("/open311/v2/requests.json")).status_code == 405
    assert (await server.client.get("/open311/v2/requests")).status_code == 404
    page = {"page": 11, "page_size": 100}
    assert "from 1 to 10" in (await get(hotline, "v2/requests.json", 400, **COUNTY, **page))[0]["description"]


async def test_rates_and_trusted_documents(database: str, tmp_path: Path) -> None:
    """Limits hold here as they do at /graphql, and no list of trusted documents is needed."""
    chosen = settings_for_tests(database, tmp_path)
    object.__setattr__(chosen, "rates", True)
    object.__setattr__(chosen, "allow_list", True)
    app = create_app(chosen, database, Clock(), ESSENTIAL, background=False, schema=built_schema(None))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        reply = await client.get("/open311/v2/services.json", params=COUNTY)
        assert reply.status_code == 200 and 'address";r=' in reply.headers["ratelimit"]
        for _ in range(300):
            reply = await client.get("/open311/v2/services.json", params=COUNTY)
            if reply.status_code == 429:
                break
        assert int(reply.headers["retry-after"]) > 0 and reply.json()[0]["code"] == 429


async def test_api_keys_are_ours(server: Server, database: str) -> None:
    """What is filed with a key is its account's, which is nobody in person; a key that is over is refused."""
    administrator = server.as_("administrator")
    made = await administrator.do("addAccount", "account { id } code", name="hotline", grid="610921")
    signed = (await server.post("invitation", code=made["code"], password="correct horse battery")).body
    connection = await asyncpg.connect(database)
    await connection.execute(HOLDING)
    owner = server.with_token(signed["accessToken"])
    key = await owner.do("createApiKey", "apiKey { id } secret", label="311", permissions=["cases.view"])
    assert key["errors"] == []
    number = (await post(server, **POLE, api_key=key["secret"]))[0]["service_request_id"]
    bearer = server.with_token(key["secret"])
    [found] = await get(bearer, f"v2/requests/{number}.json", **COUNTY)
    assert found["description"] == POLE["description"]
    row = await connection.fetchrow("select account, requester_id from cases.case where number = $1", number)
    assert row and tuple(row) == ("hotline", None)
    assert (await owner.do("revokeApiKey", "apiKey { id }", apiKey=key["apiKey"]["id"]))["errors"] == []
    async with asyncio.timeout(10):
        while (await bearer.client.get("/open311/v2/services.json", params=COUNTY, headers=bearer.headers)).is_success:
            await asyncio.sleep(0.02)  # PostgreSQL tells of it
    assert (await post(server, 403, **POLE, api_key=key["secret"]))[0]["description"].startswith("api_key was invalid")
    await connection.close()


async def test_example_on_the_page_works(server: Server, hotline: Server) -> None:
    page = (Path(__file__).parents[3] / "docs" / "integrators" / "open311.md").read_text(encoding="utf-8")
    [form] = re.findall(r"```text form\n(.*?)```", page, re.DOTALL)
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    [made] = await post(hotline, **dict(line.split("=", 1) for line in form.splitlines()))
    assert set(made) == set(json.loads(shown)[0]) and made["account_id"] is None
    assert re.fullmatch(r"回执码 Receipt code: \S+\.", made["service_notice"])
