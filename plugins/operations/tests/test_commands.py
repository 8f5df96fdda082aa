"""Every command of operations: who may not give it, what it makes of bad input, and where a thing must stand for it."""

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

from .actors import COUNTY, POWER, TOWN, TOWN_HALL, VILLAGE, WATER, Offices

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
OTHER_TOWN = "610921112"


@dataclass
class Scene:
    """Whistle calls, supervisions and emergencies at every step."""

    offices: Offices
    dsn: str
    ids: dict[str, str]

    def caller(self, name: str) -> Server:
        kind, _, which = name.partition(" ")
        match kind:
            case "town" | "county" | "village":
                found: Server = getattr(self.offices, kind)
                return found
            case "unit":
                return self.offices.unit(which)
            case "colleague":
                return self.offices.server.as_("town_dispatcher", grid=TOWN, sub="a colleague")
            case "stranger":
                return self.offices.server
        return self.offices.server.as_(kind, grid=which)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def make(self, caller: str, command: str, asks: str, **given: Any) -> str:
        payload = await self.caller(caller).do(command, asks + " { id }", **put_ids(given, self.ids))
        assert payload["errors"] == [], payload
        return str(payload[asks]["id"])

    async def count(self) -> list[Any]:
        """How many rows there are of everything in the plugin, and how often what is under way has changed."""
        connection = await asyncpg.connect(self.dsn)
        try:
            tables = await connection.fetch(
                "select table_schema||'.'||table_name name from information_schema.tables "
                "where table_schema in ('whistles', 'supervision', 'emergency', 'centers', 'patrols')"
            )
            counted = ", ".join(f"(select count(*) from {one['name']})" for one in tables)
            return list(await connection.fetchrow(f'select {counted}, (select sum(version) from cases."case")'))
        finally:
            await connection.close()


CALL = {"kind": "ROUTINE", "matter": "占道堆料", "grid": VILLAGE, "units": [POWER, WATER]}
RULE = {"county": COUNTY, "level": "REMINDER", "overdue": "P1D", "reply": "P2D", "basis": "督办办法第3条"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_server: Server, shared_database: str) -> Scene:
    offices = Offices(shared_server)
    found = Scene(offices, shared_database, {})
    ids, make = found.ids, found.make
    ids["ahead"] = (shared_server.clock() + timedelta(days=3)).isoformat()
    ids["until"] = (shared_server.clock() + timedelta(hours=5)).isoformat()
    plan = {"text": "先移杆后清运", "tasks": [{"unit": POWER, "text": "移杆", "dueAt": ":ahead"}]}
    for name in ("called", "planned", "closed"):
        ids[name] = await make("town", "callWhistle", "whistle", **CALL)
        if name != "called":
            await make("town", "planWhistle", "whistle", whistle=f":{name}", expectedVersion=1, **plan)
    await make(f"unit {POWER}", "checkInToWhistle", "whistle", whistle=":closed")
    await make("town", "planWhistle", "whistle", whistle=":closed", expectedVersion=2, **plan)
    tasks = "query($id: ID!) { node(id: $id) { ... on Whistle { version plan { tasks { id } } } } }"
    for name in ("planned", "closed"):
        seen = (await offices.town.ask(tasks, id=ids[name])).data["node"]
        ids[f"{name}_task"] = seen["plan"]["tasks"][0]["id"]
    await make(f"unit {POWER}", "completeWhistleTask", "whistle", task=":closed_task", result="已移。")
    version = (await offices.town.ask(tasks, id=ids["closed"])).data["node"]["version"]
    await make("town", "closeWhistle", "whistle", whistle=":closed", expectedVersion=version, outcome="已清运")
    for name in ("pending", "refused"):
        ids[name] = await make("village", "callWhistle", "whistle", **CALL | {"kind": "TOUGH"})
    await make("town", "decideWhistle", "whistle", whistle=":refused", approve=False)
    ids["case"], ids["other_case"] = await offices.case(), await offices.case()
    asked = {"level": "REMINDER", "reason": "已久未办"}
    ids["open"] = await make("town", "superviseCase", "supervision", number=":case", **asked)
    ids["answered"] = await make("town", "superviseCase", "supervision", number=":other_case", **asked)
    answer = {"supervision": ":answered", "expectedVersion": 1, "text": "下周完成。"}
    await make(f"unit {POWER}", "answerSupervision", "supervision", **answer)
    number = ids["lifted_case"] = await offices.case()
    ids["lifted"] = await make("town", "superviseCase", "supervision", number=number, **asked)
    await make("town", "liftSupervision", "supervision", supervision=":lifted", expectedVersion=1, reason="已办结")
    emergency = {"powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨红色预警", "until": ":until"}
    ids["waiting"] = await make("town", "declareEmergency", "emergency", grid=TOWN, **emergency)
    ids["active"] = await make("county", "declareEmergency", "emergency", grid=OTHER_TOWN, **emergency)
    ids["ended"] = await make("county", "declareEmergency", "emergency", grid="610921110", **emergency)
    await make("county", "endEmergency", "emergency", emergency=":ended", expectedVersion=1)
    connection = await asyncpg.connect(shared_database)
    [*found_grids] = await connection.fetch(
        "select g.code from grids.grid g left join centers.center c on c.grid_id=g.id and c.valid_to is null "
        "where g.kind='VILLAGE' and c.id is null order by g.code limit 2"
    )
    await connection.close()
    ids["bare"], ids["seat"] = (one["code"] for one in found_grids)
    await make("administrator 610921", "setGovernanceCenter", "center", grid=":seat", name="综治中心")
    return found


TASK = {"unit": POWER, "text": "移杆", "dueAt": ":ahead"}
EMERGENCY = {"grid": "610921107", "powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": ":until"}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "answerSupervision": (f"unit {POWER}", {"supervision": ":open", "expectedVersion": 1, "text": "三日内完成。"}),
    "assessWhistle": ("town", {"whistle": ":closed", "unit": POWER, "rating": 5}),
    "callWhistle": ("town", CALL),
    "checkInToWhistle": (f"unit {POWER}", {"whistle": ":called"}),
    "closeGovernanceCenter": ("administrator 610921", {"grid": ":seat", "expectedVersion": 1}),
    "closeWhistle": ("town", {"whistle": ":called", "expectedVersion": 1, "outcome": "已处置"}),
    "completeWhistleTask": (f"unit {POWER}", {"task": ":planned_task", "result": "已移。"}),
    "confirmEmergency": ("colleague", {"emergency": ":waiting", "confirm": True}),
    "decideWhistle": ("town", {"whistle": ":pending", "approve": True}),
    "declareEmergency": ("county", EMERGENCY),
    "endEmergency": ("county", {"emergency": ":active", "expectedVersion": 1}),
    "liftSupervision": ("town", {"supervision": ":open", "expectedVersion": 1, "reason": "已办"}),
    "planWhistle": ("town", {"whistle": ":called", "expectedVersion": 1, "text": "方案", "tasks": [TASK]}),
    "recordPatrol": (f"grid_worker {VILLAGE}", {"grid": VILLAGE, "at": "2026-06-30T01:00:00Z", "found": "正常。"}),
    "setGovernanceCenter": ("administrator 610921", {"grid": ":bare", "name": "综治中心"}),
    "setSupervisionRule": ("administrator 610921", RULE),
    "superviseCase": ("town", {"number": ":lifted_case", "level": "REMINDER", "reason": "已久"}),
}
"""Who gives each command, and with what: as it is given."""
OUTSIDERS = ("stranger", "town_dispatcher 610921102", "unit 610921-JTJ", "resident 610921")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, another town's dispatcher, a unit that was not called and a resident are refused, and change nothing."""
    before = await scene.count()
    for caller in OUTSIDERS:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION"
LONG = "长" * 2_001
NO_WHISTLE = ({"whistle": f"Whistle:{NOBODY}"}, MISSING, "whistle")
NO_SUPERVISION = ({"supervision": f"Supervision:{NOBODY}"}, MISSING, "supervision")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "answerSupervision": (({"text": " "}, INPUT, "text"), OLD, NO_SUPERVISION),
    "assessWhistle": (
        ({"rating": 0}, INPUT, "rating"),
        ({"rating": 6}, INPUT, "rating"),
        ({"unit": TOWN_HALL}, MISSING, "unit"),
        ({"comment": LONG}, INPUT, "comment"),
        NO_WHISTLE,
    ),
    "callWhistle": (
        ({"matter": ""}, INPUT, "matter"),
        ({"matter": LONG}, INPUT, "matter"),
        ({"units": []}, INPUT, "units"),
        ({"units": ["nowhere"]}, MISSING, "units"),
        ({"grid": None}, INPUT, "grid"),
        ({"case": ":case"}, INPUT, "grid"),
        ({"grid": None, "case": "610921202601019999999"}, MISSING, "case"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"checkInWithin": "soon"}, INPUT, "checkInWithin"),
    ),
    "checkInToWhistle": (({"unit": TOWN_HALL}, MISSING, "unit"), ({"unit": WATER}, MISSING, "unit"), NO_WHISTLE),
    "closeGovernanceCenter": (OLD, ({"grid": ":bare"}, MISSING, "grid"), ({"grid": "1"}, MISSING, "grid")),
    "closeWhistle": (({"outcome": " "}, INPUT, "outcome"), OLD, NO_WHISTLE),
    "completeWhistleTask": (
        ({"result": " "}, INPUT, "result"),
        ({"result": LONG}, INPUT, "result"),
        ({"task": f"WhistleTask:{NOBODY}"}, MISSING, "task"),
    ),
    "confirmEmergency": (({"emergency": f"Emergency:{NOBODY}"}, MISSING, "emergency"),),
    "decideWhistle": (NO_WHISTLE, ({"whistle": ":refused"}, "DUPLICATE", "whistle")),
    "declareEmergency": (
        ({"reason": ""}, INPUT, "reason"),
        ({"reason": "长" * 501}, INPUT, "reason"),
        ({"powers": []}, MISSING, "powers"),
        ({"powers": ["EVERYTHING"]}, MISSING, "powers"),
        ({"until": "2026-06-30T01:00:00Z"}, INPUT, "until"),
        ({"until": "2026-07-09T01:00:00Z"}, INPUT, "until"),
        ({"until": "2026-06-30T18:00:00"}, INPUT, "until"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": OTHER_TOWN}, "DUPLICATE", "previous"),
        ({"previous": ":ended"}, MISSING, "previous"),
    ),
    "endEmergency": (OLD, ({"emergency": f"Emergency:{NOBODY}"}, MISSING, "emergency")),
    "liftSupervision": (({"reason": ""}, INPUT, "reason"), OLD, NO_SUPERVISION),
    "planWhistle": (
        ({"text": " "}, INPUT, "text"),
        ({"tasks": []}, INPUT, "tasks"),
        ({"tasks": [TASK, TASK | {"unit": TOWN_HALL}]}, MISSING, "tasks.1.unit"),
        ({"tasks": [TASK | {"text": ""}]}, INPUT, "tasks.0.text"),
        ({"tasks": [TASK | {"dueAt": "2026-06-29T02:00:00Z"}]}, INPUT, "tasks.0.dueAt"),
        OLD,
    ),
    "recordPatrol": (
        ({"found": ""}, INPUT, "found"),
        ({"at": "2026-07-30T01:00:00Z"}, INPUT, "at"),
        ({"at": "2025-06-01T01:00:00Z"}, INPUT, "at"),
        ({"at": "2026-06-30T01:00:00"}, INPUT, "at"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"case": {"category": "nothing", "title": "灯", "description": "坏"}}, MISSING, "case.category"),
        ({"case": {"category": "roads", "title": "", "description": "坏"}}, INPUT, "case.title"),
        ({"case": {"category": "roads", "title": "灯", "description": "坏", "kind": "TIP_OFF"}}, INPUT, "case.kind"),
    ),
    "setGovernanceCenter": (
        ({"name": ""}, INPUT, "name"),
        ({"address": "长" * 201}, INPUT, "address"),
        ({"dutyPhone": "12"}, INPUT, "dutyPhone"),
        ({"units": ["nowhere"]}, MISSING, "units"),
        ({"expectedVersion": 3}, MISSING, "grid"),
        ({"grid": ":seat"}, STALE, "expectedVersion"),
        ({"grid": "610921999"}, MISSING, "grid"),
    ),
    "setSupervisionRule": (
        ({"county": TOWN}, INPUT, "county"),
        ({"county": "999999"}, MISSING, "county"),
        ({"overdue": "soon"}, INPUT, "overdue"),
        ({"reply": "P"}, INPUT, "reply"),
        ({"basis": " "}, INPUT, "basis"),
    ),
    "superviseCase": (
        ({"reason": ""}, INPUT, "reason"),
        ({"replyWithin": "soon"}, INPUT, "replyWithin"),
        ({"number": ":case"}, "DUPLICATE", "level"),
        ({"number": "610921202601019999999"}, MISSING, "number"),
        ({"level": "LISTED"}, "FORBIDDEN", "level"),
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


STAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "whistle": {
        "assessWhistle": ("pending", "refused", "called", "planned"),
        "checkInToWhistle": ("refused", "closed"),
        "closeWhistle": ("pending", "refused", "closed"),
        "decideWhistle": ("refused", "called", "planned", "closed"),
        "planWhistle": ("pending", "refused", "closed"),
    },
    "supervision": {
        "answerSupervision": ("answered", "lifted"),
        "liftSupervision": ("lifted",),
    },
    "emergency": {
        "confirmEmergency": ("active", "ended"),
        "endEmergency": ("waiting", "ended"),
    },
}
"""Where each kind of thing stands when a command comes too early or too late."""
CELLS = [(kind, command, stage) for kind, steps in STAGES.items() for command, late in steps.items() for stage in late]


@pytest.mark.parametrize(("kind", "command", "stage"), CELLS, ids=[f"{one[1]}-{one[2]}" for one in CELLS])
async def test_step_out_of_its_turn(scene: Scene, kind: str, command: str, stage: str) -> None:
    """Refused for the state it is in, at the field that names it, whatever else is right."""
    caller, good = GOOD[command]
    given = good | {kind: f":{stage}"}
    if "expectedVersion" in good:
        text = f"query($id: ID!) {{ node(id: $id) {{ ... on {kind.title()} {{ version }} }} }}"
        seen = (await scene.offices.county.ask(text, id=scene.ids[stage])).data["node"]
        given["expectedVersion"] = seen["version"]
    if kind == "emergency":
        caller = "county"
    before = await scene.count()
    [(code, path)] = await scene.give(caller, command, given)
    # A unit does not even see a call that was never made.
    unseen = {MISSING} if command == "checkInToWhistle" and stage == "refused" else set()
    assert code in {"ILLEGAL_TRANSITION", "DUPLICATE"} | unseen and path == [kind], (code, path)
    assert await scene.count() == before
