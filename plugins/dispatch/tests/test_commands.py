"""Every command of dispatch: who may not give it, what it makes of bad input, and where a case must stand for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import Server, put_ids

from .actors import CASE, COUNTY, MATTER, POWER, ROADS, SAFETY, TOWN_HALL, WATER, Desks

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
ENTRY = {"category": "other", "grid": COUNTY, "unit": ROADS, "basis": "派单目录第9条"}
DUTY = {"category": "roads", "grid": COUNTY, "kind": "COUNTY_DEPARTMENT", "basis": "职责清单第3项"}


@dataclass
class Scene:
    """Cases at every step, with what is asked of them, and who works on them."""

    desks: Desks
    dsn: str
    ids: dict[str, str]

    def caller(self, name: str) -> Server:
        kind, _, which = name.partition(" ")
        match kind:
            case "town" | "county" | "other":
                found: Server = getattr(self.desks, kind)
                return found
            case "unit":
                return self.desks.unit(which)
            case "stranger":
                return self.desks.server
        return self.desks.server.as_(kind, grid=which)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def make(self, caller: str, command: str, asks: str, **given: Any) -> str:
        payload = await self.caller(caller).do(command, asks + " { id }", **put_ids(given, self.ids))
        assert payload["errors"] == [], payload
        return str(payload[asks]["id"])

    async def count(self) -> list[Any]:
        """How many rows there are of everything in the plugin, and in which states the cases are."""
        connection = await asyncpg.connect(self.dsn)
        try:
            tables = await connection.fetch(
                "select table_name from information_schema.tables where table_schema='dispatch'"
            )
            counted = ", ".join(f"(select count(*) from dispatch.{one['table_name']})" for one in tables)
            return list(await connection.fetchrow(f'select {counted}, (select sum(version) from cases."case")'))
        finally:
            await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_server: Server, shared_database: str) -> Scene:
    desks = Desks(shared_server)
    found = Scene(desks, shared_database, {})
    ids, make = found.ids, found.make
    ids["reported"] = (await desks.reported())["number"]
    ids["accepted"] = (await desks.accepted())["number"]
    ids["tip"] = (await desks.reported(kind="TIP_OFF"))["number"]
    for name, support in (("dispatched", (SAFETY,)), ("disputed", ())):
        ids[name] = (await desks.dispatched(POWER, support))["number"]
    for name in ("handling", "asking", "suspended"):
        ids[name] = (await desks.handling())["number"]
    for name in ("replied", "closed"):
        ids[name] = (await desks.replied())["number"]
    await desks.step(desks.town, "closeCase", ids["closed"], 5)
    orders = (await desks.state(ids["dispatched"]))["orders"]
    ids["order"], ids["support"] = orders[POWER]["id"], orders[SAFETY]["id"]
    until = ids["until"] = (desks.server.clock() + timedelta(days=20)).isoformat()
    asked = {"expectedVersion": 4, "until": until, "reason": "等料"}
    ids["approval"] = await make(f"unit {POWER}", "requestExtension", "extension", number=":asking", **asked)
    hold = await make(f"unit {POWER}", "requestSuspension", "approval", number=":suspended", **asked)
    await make("town", "decideApproval", "approval", approval=hold, approve=True)
    objection = {"number": ":disputed", "expectedVersion": 3, "grounds": "不属我单位职责"}
    ids["objection"] = await make(f"unit {POWER}", "objectToDispatch", "objection", **objection)
    ids["merged"] = (await desks.reported())["number"]
    main = (await desks.handling())["number"]
    await desks.step(desks.town, "mergeCases", main, 4, merge=[ids["merged"]])
    connection = await asyncpg.connect(shared_database)
    ended = "update dispatch.rule r set valid_to = r.valid_from from cases.category c where c.id = r.category_id "
    await connection.execute(ended + "and c.code = 'other'")
    await connection.close()
    ids["rule"] = await make("county", "setDispatchRule", "rule", **ENTRY, expectedVersion=0)
    ids["duty"] = await make("county", "listDuty", "duty", **DUTY | {"category": "health"})
    return found


REASON = {"reason": "情况有变"}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "acknowledgeOrder": (f"unit {POWER}", {"order": ":order", "expectedVersion": 1}),
    "contribute": (f"unit {SAFETY}", {"order": ":support", "expectedVersion": 1, "text": "已设警戒线。"}),
    "decideApproval": ("town", {"approval": ":approval", "approve": True}),
    "dispatchCase": ("town", {"number": ":accepted", "expectedVersion": 2, "leadUnit": POWER}),
    "endDispatchRule": ("county", {"rule": ":rule", "expectedVersion": 1}),
    "escalateCase": (f"unit {POWER}", {"number": ":handling", "expectedVersion": 4, **REASON}),
    "listDuty": ("county", DUTY),
    "mergeCases": ("town", {"number": ":handling", "expectedVersion": 4, "merge": [":reported"]}),
    "objectToDispatch": (f"unit {POWER}", {"number": ":dispatched", "expectedVersion": 3, "grounds": "不属我单位"}),
    "recordFollowUp": ("town", {"number": ":replied", "expectedVersion": 5, "contact": "PHONE", "reached": False}),
    "requestClosing": ("town", {"number": ":replied", "expectedVersion": 5, **REASON}),
    "requestExtension": (f"unit {POWER}", {"number": ":handling", "expectedVersion": 4, "until": ":until", **REASON}),
    "requestSuspension": (f"unit {POWER}", {"number": ":handling", "expectedVersion": 4, "until": ":until", **REASON}),
    "requestVoiding": ("town", {"number": ":accepted", "expectedVersion": 2, **REASON}),
    "resumeCase": (f"unit {POWER}", {"number": ":suspended", "expectedVersion": 5}),
    "ruleOnObjection": ("county", {"objection": ":objection", "ruling": "REJECTED", **REASON}),
    "setDispatchRule": ("county", {**ENTRY, "expectedVersion": 1}),
    "unlistDuty": ("county", {"duty": ":duty"}),
    "unmergeCase": ("town", {"number": ":merged", "expectedVersion": 2, **REASON}),
    "withdrawOrder": ("town", {"order": ":support", "expectedVersion": 1, **REASON}),
}
"""Who gives each command, and with what: as it is given."""
OUTSIDERS = ("stranger", "town_dispatcher 610921102", f"unit {WATER}", "resident 610921")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, another town's dispatcher, another unit and a resident are refused as if nothing were there."""
    before = await scene.count()
    for caller in OUTSIDERS:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, MOVED = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NUMBER = {"number": "610921202601019999999"}
LONG = "长" * 2_001
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "acknowledgeOrder": (
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        ({"order": f"WorkOrder:{NOBODY}"}, MISSING, "order"),
        ({"order": "x"}, MISSING, "order"),
        ({"order": ":support"}, "FORBIDDEN", "order"),
    ),
    "contribute": (
        ({"text": " "}, INPUT, "text"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        ({"order": f"WorkOrder:{NOBODY}"}, MISSING, "order"),
    ),
    "decideApproval": (
        ({"approve": False}, INPUT, "reason"),
        ({"approve": False, "reason": " "}, INPUT, "reason"),
        ({"reason": LONG}, INPUT, "reason"),
        ({"approval": f"Approval:{NOBODY}"}, MISSING, "approval"),
    ),
    "dispatchCase": (
        ({"leadUnit": "nowhere"}, MISSING, "leadUnit"),
        ({"supportUnits": ["nowhere"]}, MISSING, "supportUnits"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        (NUMBER, MISSING, "number"),
    ),
    "endDispatchRule": (
        ({"rule": f"DispatchRule:{NOBODY}"}, MISSING, "rule"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "escalateCase": (
        ({"reason": ""}, INPUT, "reason"),
        ({"reason": LONG}, INPUT, "reason"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        (NUMBER, MISSING, "number"),
    ),
    "listDuty": (
        ({"basis": " "}, INPUT, "basis"),
        ({"category": "nothing"}, MISSING, "category"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "610921100"}, INPUT, "grid"),
        ({"category": "health"}, "DUPLICATE", "category"),
    ),
    "mergeCases": (
        ({"merge": []}, INPUT, "merge"),
        ({"merge": [":handling"]}, INPUT, "merge"),
        ({"merge": [":reported"] * 2 + [NUMBER["number"]]}, MISSING, "merge"),
        ({"merge": [":tip"]}, MISSING, "merge"),
        ({"merge": [":accepted"]}, MOVED, "number"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "objectToDispatch": (
        ({"grounds": ""}, INPUT, "grounds"),
        ({"suggestedUnit": "nowhere"}, MISSING, "suggestedUnit"),
        ({"number": ":disputed"}, "DUPLICATE", "number"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "recordFollowUp": (
        ({"solved": True}, INPUT, "reached"),
        ({"reached": True, "rating": 0}, INPUT, "rating"),
        ({"reached": True, "rating": 6}, INPUT, "rating"),
        ({"note": LONG}, INPUT, "note"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "requestClosing": (({"reason": " "}, INPUT, "reason"), ({"expectedVersion": 9}, STALE, "expectedVersion")),
    "requestExtension": (
        ({"reason": ""}, INPUT, "reason"),
        ({"until": "2026-06-29T02:00:00Z"}, INPUT, "until"),
        ({"until": "2026-07-20T02:00:00"}, INPUT, "until"),
        ({"until": "2027-07-20T02:00:00Z"}, INPUT, "until"),
        ({"number": ":asking"}, "DUPLICATE", "number"),
    ),
    "requestSuspension": (
        ({"reason": LONG}, INPUT, "reason"),
        ({"until": "2026-06-29T02:00:00Z"}, INPUT, "until"),
        ({"until": "2027-07-20T02:00:00Z"}, INPUT, "until"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "requestVoiding": (({"reason": ""}, INPUT, "reason"), (NUMBER, MISSING, "number")),
    "resumeCase": (({"expectedVersion": 9}, STALE, "expectedVersion"), (NUMBER, MISSING, "number")),
    "ruleOnObjection": (
        ({"reason": ""}, INPUT, "reason"),
        ({"ruling": "OPEN"}, INPUT, "ruling"),
        ({"ruling": "LAPSED"}, INPUT, "ruling"),
        ({"unit": "nowhere"}, MISSING, "unit"),
        ({"objection": f"DispatchObjection:{NOBODY}"}, MISSING, "objection"),
    ),
    "setDispatchRule": (
        ({"basis": ""}, INPUT, "basis"),
        ({"basis": "长" * 301}, INPUT, "basis"),
        ({"category": "nothing"}, MISSING, "category"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"unit": "nowhere"}, MISSING, "unit"),
        ({"supportUnits": ["nowhere"]}, MISSING, "supportUnits"),
        ({"expectedVersion": 0}, STALE, "expectedVersion"),
        ({"category": "health", "unit": TOWN_HALL, "expectedVersion": 1}, "LISTED_DUTY", "unit"),
    ),
    "unlistDuty": (({"duty": f"ListedDuty:{NOBODY}"}, MISSING, "duty"),),
    "unmergeCase": (
        ({"reason": ""}, INPUT, "reason"),
        ({"number": ":reported", "expectedVersion": 1}, MOVED, "number"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "withdrawOrder": (
        ({"reason": " "}, INPUT, "reason"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        ({"order": ":order"}, "FORBIDDEN", "order"),
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, [path])]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


STAGES = ("reported", "accepted", "dispatched", "handling", "suspended", "replied", "closed", "merged")
STEPS: dict[str, set[str]] = {
    "dispatchCase": {"accepted"},
    "objectToDispatch": {"dispatched"},
    "requestExtension": {"dispatched", "handling"},
    "requestSuspension": {"handling"},
    "requestVoiding": {"reported", "accepted", "dispatched", "handling", "suspended", "replied"},
    "requestClosing": {"replied"},
    "recordFollowUp": {"replied"},
    "resumeCase": {"suspended"},
    "unmergeCase": {"merged"},
    "mergeCases": {"reported", "accepted", "dispatched", "handling", "suspended", "replied"},
}
"""Where a case must stand for what is done with it."""
CELLS = [(command, stage) for command, allowed in STEPS.items() for stage in STAGES if stage not in allowed]


@pytest.mark.parametrize(("command", "stage"), CELLS)
async def test_step_out_of_its_turn(scene: Scene, command: str, stage: str) -> None:
    """Refused at the case; to a unit that has nothing to do with it yet, as if it were another's."""
    caller, good = GOOD[command]
    version = (await scene.desks.state(scene.ids[stage]))["version"]
    before = await scene.count()
    given = good | {"number": f":{stage}", "expectedVersion": version}
    if command == "mergeCases" and stage == "reported":
        given["merge"] = [":accepted"]
    [(code, path)] = await scene.give(caller, command, given)
    unknown = (
        {"FORBIDDEN", MISSING} if caller.startswith("unit") and stage in ("reported", "accepted", "merged") else set()
    )
    assert code in {MOVED} | unknown, (code, path)
    assert path == ["number"]
    assert await scene.count() == before


async def test_same_key_does_the_same_once(scene: Scene) -> None:
    """A desk that sends again gets the same answer, and the case does not move twice."""
    fresh = Desks(scene.desks.server)
    number = (await fresh.accepted())["number"]
    given, key = {"number": number, "expectedVersion": 2, "leadUnit": ROADS}, str(uuid4())
    assert await scene.give("town", "dispatchCase", given, key) == []
    after = await scene.count()
    assert await scene.give("town", "dispatchCase", given, key) == []
    assert await scene.count() == after
    other = await scene.give("town", "dispatchCase", given | {"leadUnit": WATER}, key)
    assert [code for code, _ in other] == ["IDEMPOTENCY_KEY_REUSED"]
    again = await scene.give("town", "dispatchCase", given)
    assert [code for code, _ in again] == [STALE]
    payload = await fresh.unit(ROADS).do("handleCase", CASE, number=number, expectedVersion=3)
    assert payload["errors"] == [] and MATTER["category"]


async def test_levels_go_up_to_the_county(scene: Scene) -> None:
    """One level at a time, with a reason each time; above the county there is none."""
    number = (await scene.desks.accepted())["number"]
    raised: list[str] = []
    for version in range(2, 8):
        given = {"number": number, "expectedVersion": version, "reason": f"本级无法解决（{version}）"}
        found = await scene.give("county", "escalateCase", given)
        if found:
            assert found == [("TOP_LEVEL", ["number"])]
            break
        query = "query($n: String!) { case(number: $n) { raisedTo timeline(last: 50) { type } } }"
        case = (await scene.desks.county.ask(query, n=number)).data["case"]
        raised.append(case["raisedTo"])
        assert [one["type"] for one in case["timeline"]].count("case.level_raised") == len(raised)
    levels = ["GRID", "VILLAGE", "TOWN", "COUNTY"]
    assert raised == levels[-len(raised) :] and raised[-1] == "COUNTY"


@pytest.mark.parametrize("stage", ["replied", "closed"])
async def test_orders_that_are_done_stay_so(scene: Scene, stage: str) -> None:
    """Once the case is answered its order is neither acknowledged nor worked on."""
    number = scene.ids[stage]
    order = (await scene.desks.state(number))["orders"][POWER]
    given = {"order": order["id"], "expectedVersion": order["version"]}
    assert await scene.give(f"unit {POWER}", "acknowledgeOrder", given) == [(MOVED, ["order"])]
    helped = await scene.give(f"unit {POWER}", "contribute", given | {"text": "补充"})
    assert helped == [(INPUT, ["order"])], "the lead unit answers the case itself"
