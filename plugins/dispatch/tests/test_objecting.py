"""The objection court over HTTP: an objection, a ruling, a precedent, the cap on returns, the county's word."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .actors import CASE, COUNTY, POWER, ROADS, SAFETY, WATER, Desks, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

OBJECTION = "objection { id dueAt ruling unit { code } suggestedUnit { code } }"
RULING = """objection { ruling reason ruledAt } case { status version leadUnit { code } }
  directoryChange { before { unit { code } } after { unit { name code } basis version } }"""


async def objected(desks: Desks, number: str, version: int, unit: str = POWER, **more: object) -> Any:
    payload = await desks.unit(unit).do(
        "objectToDispatch", OBJECTION, number=number, expectedVersion=version, grounds="不属我单位职责", **more
    )
    assert payload["errors"] == [], payload
    return payload["objection"]


async def ruled(desks: Desks, objection: str, ruling: str = "UPHELD", **more: object) -> Any:
    payload = await desks.county.do(
        "ruleOnObjection", RULING, objection=objection, ruling=ruling, reason="属公路养护范围", **more
    )
    assert payload["errors"] == [], payload
    return payload


async def test_ruling_becomes_the_directory(desks: Desks) -> None:
    """The unit is right; the case is dispatched anew, and the next one goes to the right unit at once."""
    subject = {"category": "dispute.business"}
    await desks.county.do(
        "setDispatchRule",
        "rule { id }",
        category="dispute.business",
        grid=COUNTY,
        unit=POWER,
        basis="目录",
        expectedVersion=0,
    )
    number = (await desks.accepted(**subject))["number"]
    await desks.step(desks.town, "dispatchCase", number, 2)
    objection = await objected(desks, number, 3, suggestedUnit=ROADS)
    assert objection["suggestedUnit"] == {"code": ROADS} and objection["ruling"] == "OPEN" and objection["dueAt"]
    payload = await ruled(desks, objection["id"], unit=ROADS)
    assert payload["objection"]["ruling"] == "UPHELD" and payload["objection"]["reason"] == "属公路养护范围"
    assert payload["case"]["status"] == "RETURNED" and payload["case"]["leadUnit"] is None
    change = payload["directoryChange"]
    assert change["before"]["unit"]["code"] == POWER and change["after"]["unit"]["code"] == ROADS
    assert change["after"]["version"] == 2 and "属公路养护范围" in change["after"]["basis"]
    again = await desks.step(desks.town, "dispatchCase", number, payload["case"]["version"])
    assert again["status"] == "DISPATCHED" and again["leadUnit"] == {"code": ROADS}
    next_one = (await desks.accepted(**subject))["number"]
    assert (await desks.step(desks.town, "dispatchCase", next_one, 2))["leadUnit"] == {"code": ROADS}
    found = await desks.state(number)
    assert found["returns"] == 1 and found["firstReceiver"] == {"code": POWER}
    assert found["steps"][-4:] == ["case.objected", "case.objection_ruled", "case.returned", "case.dispatched"]


async def test_rejected_objection(desks: Desks) -> None:
    number = (await desks.dispatched(POWER))["number"]
    objection = await objected(desks, number, 3)
    payload = await ruled(desks, objection["id"], "REJECTED")
    assert payload["case"]["status"] == "DISPATCHED" and payload["directoryChange"] is None
    twice = await desks.unit(POWER).do("objectToDispatch", OBJECTION, number=number, expectedVersion=3, grounds="再议")
    assert refused(twice) == ["DUPLICATE"]
    settled = await desks.other.do("ruleOnObjection", RULING, objection=objection["id"], ruling="UPHELD", reason="改判")
    assert refused(settled) == ["DUPLICATE"]
    await desks.step(desks.unit(POWER), "handleCase", number, 3)


async def test_who_may_rule(desks: Desks) -> None:
    """Nobody rules on a dispatch of their own, nor does the town; the unit itself may not either."""
    number = (await desks.accepted())["number"]
    await desks.step(desks.county, "dispatchCase", number, 2, leadUnit=POWER)
    objection = (await objected(desks, number, 3))["id"]
    given = {"objection": objection, "ruling": "UPHELD", "reason": "同意"}
    alone = await desks.county.do("ruleOnObjection", RULING, **given)
    assert [(one["code"], one["path"]) for one in alone["errors"]] == [("FOUR_EYES", ["objection"])]
    mutation = "mutation($i: RuleOnObjectionInput!) { ruleOnObjection(input: $i) { errors { code } } }"
    for caller in (desks.town, desks.unit(POWER)):
        assert (await caller.ask(mutation, i={**given, "idempotencyKey": "r"})).codes == ["FORBIDDEN"]
    odd = await desks.other.do("ruleOnObjection", RULING, **{**given, "ruling": "LAPSED"})
    assert [(one["code"], one["path"]) for one in odd["errors"]] == [("BAD_USER_INPUT", ["ruling"])]
    assert (await desks.other.do("ruleOnObjection", RULING, **given))["case"]["status"] == "RETURNED"


async def test_late_objection(desks: Desks) -> None:
    """Two working days from the next day on: a weekend and a holiday do not count."""
    desks.server.clock.time = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)  # Wednesday, before National Day
    number = (await Desks(desks.server).dispatched(POWER))["number"]
    given = {"number": number, "expectedVersion": 3, "grounds": "不属我单位职责"}
    desks.server.clock.time = datetime(2026, 10, 9, 10, 0, 1, tzinfo=UTC)  # Friday, a second past six
    assert refused(await Desks(desks.server).unit(POWER).do("objectToDispatch", OBJECTION, **given)) == ["TERM_OVER"]
    desks.server.clock.time = datetime(2026, 10, 9, 10, 0, tzinfo=UTC)
    filed = await Desks(desks.server).unit(POWER).do("objectToDispatch", OBJECTION, **given)
    assert filed["errors"] == []


async def test_handling_ends_an_objection(desks: Desks) -> None:
    number = (await desks.dispatched(POWER))["number"]
    await objected(desks, number, 3)
    await desks.step(desks.unit(POWER), "handleCase", number, 3)
    query = "query($n: String!) { case(number: $n) { objections { nodes { ruling } } } }"
    assert (await desks.county.ask(query, n=number)).data["case"]["objections"]["nodes"] == [{"ruling": "LAPSED"}]
    after = await desks.unit(POWER).do("objectToDispatch", OBJECTION, number=number, expectedVersion=4, grounds="晚了")
    assert refused(after) == ["ILLEGAL_TRANSITION"]


async def test_county_caps_returns_otherwise(desks: Desks) -> None:
    """Where the county lets units return a case once, it designates after that."""
    chosen = {"setting": "dispatch.returns", "county": "610921", "value": "1"}
    done = await desks.server.as_("administrator").do("setCountySetting", "errors { code }", **chosen)
    assert done["errors"] == []
    number = (await desks.dispatched(POWER))["number"]
    first = await ruled(desks, (await objected(desks, number, 3))["id"])
    given = {"number": number, "expectedVersion": first["case"]["version"], "leadUnit": WATER}
    assert refused(await desks.town.do("dispatchCase", CASE, **given)) == ["RETURN_CAP"]
    done = await desks.server.as_("administrator").do("setCountySetting", "errors { code }", **chosen | {"value": None})
    assert (await desks.town.do("dispatchCase", CASE, **given))["errors"] == done["errors"] == []


async def test_cap_on_returns(desks: Desks) -> None:
    """Twice returned, the county designates a unit, which keeps the case; who had it first stays on record."""
    number = (await desks.dispatched(POWER))["number"]
    first = await ruled(desks, (await objected(desks, number, 3))["id"])
    case = await desks.step(desks.town, "dispatchCase", number, first["case"]["version"], leadUnit=WATER)
    second = await ruled(desks, (await objected(desks, number, case["version"], WATER))["id"])
    given = {"number": number, "expectedVersion": second["case"]["version"], "leadUnit": SAFETY}
    assert refused(await desks.town.do("dispatchCase", CASE, **given)) == ["RETURN_CAP"]
    designated = await desks.other.do("dispatchCase", CASE, **given)
    assert designated["case"]["leadUnit"] == {"code": SAFETY}
    kept = await desks.unit(SAFETY).do(
        "objectToDispatch", OBJECTION, number=number, expectedVersion=designated["case"]["version"], grounds="也不是"
    )
    assert refused(kept) == ["RETURN_CAP"]
    found = await desks.state(number)
    assert "case.referred" in found["steps"] and found["returns"] == 2 and found["firstReceiver"] == {"code": POWER}
    assert [one["state"] for one in found["workOrders"]["nodes"]] == ["RETURNED", "RETURNED", "ISSUED"]
