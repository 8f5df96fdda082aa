"""Orders of a hotline, filed once each."""

from __future__ import annotations

import asyncio
from typing import Any

from .conftest import MATTER, Desk

ORDER = {name: MATTER[name] for name in ("kind", "category", "title", "description", "grid")}
INTAKE = """
mutation Intake($input: IntakeCasesInput!) {
  intakeCases(input: $input) {
    results { externalNumber case { number status externalNumber source channel { code } } errors { code path } }
    errors { code path }
  }
}
"""


async def intake(desk: Desk, *entries: dict[str, Any]) -> Any:
    answer = await desk.system.ask(INTAKE, input={"entries": [{**ORDER, **one} for one in entries]})
    return answer.data["intakeCases"]


async def test_orders_are_filed_once(desk: Desk) -> None:
    """Whatever a resent order says; what is wrong with one does not touch the others."""
    found = await intake(
        desk, {"externalNumber": "A-1"}, {"externalNumber": "A-2", "grid": "999"}, {"externalNumber": "a b"}
    )
    good, lost, bad = found["results"]
    number = good["case"]["number"]
    assert good["case"] == {
        "number": number, "status": "REPORTED", "externalNumber": "A-1", "source": "hotline",
        "channel": {"code": "HOTLINE_12345"},
    }  # fmt: skip
    assert lost["case"] is None and lost["errors"] == [{"code": "NOT_FOUND", "path": ["grid"]}]
    assert bad["errors"] == [{"code": "BAD_USER_INPUT", "path": ["externalNumber"]}]
    await desk.accept(number)
    again = await intake(desk, {"externalNumber": "A-1", "title": "另一个标题"}, {"externalNumber": "A-2"})
    assert again["results"][0]["case"] == {**good["case"], "status": "ACCEPTED"}
    assert again["results"][1]["case"]["number"] != number


async def test_what_is_well_is_filed_together(desk: Desk) -> None:
    """In one transaction, whose act names all of its cases; what is not is filed by itself, and says what is wrong."""
    acts = "select objects, codes from access.act where mutation = 'intake_cases' order by at, id"
    before = len(await desk.connection.fetch(acts))
    found = await intake(
        desk, *({"externalNumber": f"T-{at}"} for at in range(3)), {"externalNumber": "T-3", "grid": "9"}
    )
    numbers = [one["case"]["number"] for one in found["results"] if one["case"]]
    keys = await desk.connection.fetch("select id from cases.case where number = any($1)", numbers)
    together, alone = (await desk.connection.fetch(acts))[before:]
    assert sorted(together["objects"]) == sorted(f"Case:{one['id']}" for one in keys) and len(keys) == 3
    assert (list(alone["objects"] or ()), alone["codes"]) == ([], ["NOT_FOUND"])


async def test_same_order_at_once(desk: Desk) -> None:
    found = await asyncio.gather(*(intake(desk, {"externalNumber": "B-1"}) for _ in range(5)))
    assert len({one["results"][0]["case"]["number"] for one in found}) == 1
    assert await desk.connection.fetchval("select count(*) from intake.entry") == 1


async def test_only_where_it_serves(desk: Desk) -> None:
    await desk.connection.execute(
        "update accounts.holding set grid_id = g.id from grids.grid g "
        "where g.code = '610921102' and g.valid_to is null "
        "and account_id = (select id from accounts.account where name = 'hotline')"
    )
    found = await intake(desk, {"externalNumber": "C-1"})
    assert found["results"][0]["errors"] == [{"code": "FORBIDDEN", "path": ["grid"]}]
    assert await desk.connection.fetchval("select count(*) from intake.entry") == 0
    twice = await intake(desk, {"externalNumber": "D"}, {"externalNumber": "D"})
    assert twice["errors"] == [{"code": "BAD_USER_INPUT", "path": ["entries", "externalNumber"]}]
    many = await intake(desk, *({"externalNumber": f"E{n}"} for n in range(101)))
    assert many["errors"] == [{"code": "BAD_USER_INPUT", "path": ["entries"]}]
    other = await desk.server.as_("grid_worker", grid="610921").ask(
        INTAKE, input={"entries": [{**ORDER, "externalNumber": "F"}]}
    )
    assert other.data["intakeCases"]["errors"] == [{"code": "FORBIDDEN", "path": []}]


async def test_tip_off_comes_in_sealed(desk: Desk) -> None:
    """The system that files it gets its number, and may not look at it again."""
    found = await intake(desk, {"externalNumber": "T-1", "kind": "TIP_OFF", "against": "610921-GDGS"})
    number = found["results"][0]["case"]["number"]
    answer = await desk.system.ask("query($n: String!) { case(number: $n) { id } }", n=number)
    assert answer.data["case"] is None


async def test_status_comes_back(desk: Desk) -> None:
    made = await desk.create(selection="{ externalNumber status }")
    [result] = (await intake(desk, {"externalNumber": "S-1"}))["results"]
    await desk.accept(result["case"]["number"])
    await desk.deliver()
    assert {"externalNumber": "S-1", "status": "ACCEPTED"} in [one.body["data"]["case"] for one in desk.receiver.got]
    assert made["errors"] == []


async def test_orders_are_screened(desk: Desk) -> None:
    """What the other system wrote is kept, and it is told what had better not be there."""
    asked = INTAKE.replace("results {", "results { warnings { field concern }")
    entries = [{**ORDER, "externalNumber": "W-1", "description": "请打13800138000"}, {**ORDER, "externalNumber": "W-2"}]
    found = (await desk.system.ask(asked, input={"entries": entries})).data["intakeCases"]["results"]
    assert [one["warnings"] for one in found] == [[{"field": "description", "concern": "PHONE"}], []]


async def test_numbers_of_official_papers(desk: Desk) -> None:
    numbers = ["陕安〔2026〕12345号", "12345-2026#7（重）", "ＡＢ１"]
    bad = ["〔2026〕1号", "安 1", "安\n1", "_1", "安" * 61, "a'b", "a%b"]
    found = (await intake(desk, *({"externalNumber": one} for one in [*numbers, *bad])))["results"]
    assert [one["case"]["externalNumber"] for one in found[:3]] == numbers
    assert [one["errors"][0]["path"] for one in found[3:]] == [["externalNumber"]] * len(bad)
    again = await intake(desk, {"externalNumber": numbers[0]})
    assert again["results"][0]["case"]["number"] == found[0]["case"]["number"]


async def test_an_address_alone_lies_in_the_county(desk: Desk) -> None:
    """As long as there is one county that the system files for."""
    nowhere = {"grid": None, "address": "县医院对面"}
    found = await intake(desk, {"externalNumber": "N-1", **nowhere}, {"externalNumber": "N-2", "grid": None})
    number = found["results"][0]["case"]["number"]
    answer = await desk.server.as_("county_dispatcher", grid="610921").ask(
        "query($n: String!) { case(number: $n) { address grid { code } } }", n=number
    )
    assert answer.data["case"] == {"address": "县医院对面", "grid": {"code": "610921"}}
    assert found["results"][1]["case"] is None and found["results"][1]["errors"]
