"""Every command of safety: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import Server, put_ids

from .conftest import COUNTY, ELSEWHERE, ITEMS, OTHER_UNIT, PNG, TOWN, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = ("answer", "checklist", "hazard", "inspection", "item", "photo", "site", "step")
ACTIONS = "query($id: ID!) { node(id: $id) { ... on SafetyHazard { actions { name allowed reason } } } }"


@dataclass
class Scene:
    """A ground with a site and a hazard at every step."""

    ground: Ground
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        if name in ("publisher", "worker", "handler", "second"):
            found: Server = getattr(self.ground, name)
            return found
        kind, _, which = name.partition(" ")
        if kind == "stranger":
            return self.ground.server
        if kind == "firm":
            return self.ground.firm(int(which))
        place = {"unit": which} if kind == "department_handler" else {"grid": which}
        return self.ground.server.as_(kind, sub=name, **place)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and how often what is there has changed."""
        counted = ", ".join(f"(select count(*) from safety.{one}) {one}" for one in TABLES)
        changed = ", ".join(f"(select sum(version) from safety.{one}) {one}_v" for one in ("hazard", "site"))
        [row] = await self.ground.fetch(f"select {counted}, {changed}, (select count(*) from cases.case)")
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(ground: Ground) -> Scene:
    return await set_scene(ground)


async def set_scene(ground: Ground) -> Scene:
    """Sites and hazards of their own, in each state that a command asks for."""
    found = Scene(ground)
    ids = found.ids
    trade = f"t-{uuid4().hex[:8]}"
    ids["trade"], ids["checklist"], ids["code"] = trade, await ground.publish(trade), f"C-{uuid4().hex[:8]}"
    ids["other checklist"] = ground.lists["workshop"]
    ids["site"] = await ground.register(0, trade)
    ids["taken"] = await ground.register(0, trade, code=ids["code"])
    ids["closed"] = await ground.register(0, trade)
    assert await ground.give(ground.worker, "closeSafetySite", ids["closed"]) == []
    for name in ("open", "corrected", "passed", "gone", "objected"):
        ids[name] = await ground.hazard("exits" if name == "passed" else "wiring", 0)
    await ground.correct(ids["corrected"])
    for name in ("passed", "gone"):
        await ground.passed(ids[name], ground.handler)
    assert await ground.give(ground.firm(0), "objectToSafetyHazard", ids["objected"]) == []
    ids["burdened"] = (await ground.see(ids["open"]))["site"]["id"]
    ids["at"], ids["person"], ids["somebody"] = ground.now.isoformat(), ground.person(0), ground.person(1)
    ids["before"], ids["ahead"] = ground.ago(days=9), ground.ago(days=-1)
    return found


ANSWERS = [{"code": one["code"], "finding": "MET"} for one in ITEMS]
SITE = {
    "grid": TOWN, "code": "91610921MA7GOOD001", "name": "小吃店", "trade": ":trade", "address": "北街 2 号",
    "unit": UNIT, "person": ":person",
}  # fmt: skip
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "closeSafetySite": ("worker", {"site": ":site", "expectedVersion": 1}),
    "confirmSafetyHazard": (
        "second",
        {"hazard": ":passed", "expectedVersion": 2, "confirmed": True, "text": "照片清楚。"},
    ),
    "decideSafetyObjection": (
        "handler",
        {"hazard": ":objected", "expectedVersion": 2, "upheld": False, "text": "不成立。"},
    ),
    "editSafetySite": ("worker", {"site": ":site", "expectedVersion": 1, "name": "面馆", "person": ":somebody"}),
    "extendSafetyDeadline": ("handler", {"hazard": ":open", "expectedVersion": 1, "days": 5, "text": "等待配件。"}),
    "objectToSafetyHazard": ("firm 0", {"hazard": ":open", "expectedVersion": 1, "text": "已达标。"}),
    "publishSafetyChecklist": (
        "publisher",
        {"county": COUNTY, "trade": "good", "name": "小商店", "items": ITEMS},
    ),
    "recordSafetyInspection": (
        "worker",
        {"site": ":site", "checklist": ":checklist", "at": ":at", "answers": ANSWERS, "remark": "正常"},
    ),
    "registerSafetySite": ("worker", SITE),
    "reinspectSafetyHazard": (
        "worker",
        {"hazard": ":corrected", "at": ":at", "passed": True, "text": "已整改。", "photos": [PNG]},
    ),
    "reportSafetyCorrection": (
        "firm 0",
        {"hazard": ":open", "expectedVersion": 1, "text": "已换线。", "photos": [PNG]},
    ),
}
"""Who gives each command, and with what."""
OUTSIDERS = (
    "stranger",
    "firm 1",
    f"department_handler {OTHER_UNIT}",
    f"grid_worker {ELSEWHERE}",
    f"auditor {COUNTY}",
    f"town_dispatcher {ELSEWHERE}",
)


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, another firm, another unit, those of another town, and who only looks are refused."""
    before = await scene.count()
    for caller in OUTSIDERS:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_SITE = ({"site": f"SafetySite:{NOBODY}"}, MISSING, "site")
NO_HAZARD = ({"hazard": f"SafetyHazard:{NOBODY}"}, MISSING, "hazard")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
SHUT = ({"site": ":closed", "expectedVersion": 2}, LATE, "site")
GONE = ({"hazard": ":gone", "expectedVersion": 2}, LATE, "hazard")
EMPTY = ({"text": " "}, INPUT, "text")
LONG = ({"text": "长" * 2_001}, INPUT, "text")
NO_PHOTO = "bm90IGEgZmlsZQ=="
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "closeSafetySite": (
        ({"site": ":burdened"}, "HAZARD_OPEN", "site"),
        SHUT,
        NO_SITE,
        OLD,
    ),
    "confirmSafetyHazard": (({"hazard": ":open", "expectedVersion": 1}, LATE, "hazard"), EMPTY, GONE, NO_HAZARD, OLD),
    "decideSafetyObjection": (
        ({"hazard": ":open", "expectedVersion": 1}, LATE, "hazard"),
        EMPTY,
        GONE,
        NO_HAZARD,
        OLD,
    ),
    "editSafetySite": (
        ({"name": " "}, INPUT, "name"),
        ({"address": "长" * 201}, INPUT, "address"),
        ({"trade": "unheard-of"}, MISSING, "trade"),
        ({"trade": "有误"}, INPUT, "trade"),
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        SHUT,
        NO_SITE,
        OLD,
    ),
    "extendSafetyDeadline": (
        ({"days": 0}, INPUT, "days"),
        ({"days": 91}, INPUT, "days"),
        ({"hazard": ":corrected", "expectedVersion": 2}, LATE, "hazard"),
        EMPTY,
        GONE,
        NO_HAZARD,
        OLD,
    ),
    "objectToSafetyHazard": (
        ({"hazard": ":objected", "expectedVersion": 2}, LATE, "hazard"),
        EMPTY,
        LONG,
        GONE,
        NO_HAZARD,
        OLD,
    ),
    "publishSafetyChecklist": (
        ({"county": TOWN}, INPUT, "county"),
        ({"county": "610999"}, MISSING, "county"),
        ({"trade": "有误"}, INPUT, "trade"),
        ({"trade": ":trade"}, "DUPLICATE", "replaces"),
        ({"replaces": ":checklist"}, "DUPLICATE", "replaces"),
        ({"name": ""}, INPUT, "name"),
        ({"items": []}, INPUT, "items"),
        ({"items": [ITEMS[0], ITEMS[0]]}, INPUT, "items"),
        ({"items": [ITEMS[0] | {"basis": " "}]}, INPUT, "items.0.basis"),
        ({"items": [ITEMS[0] | {"days": 0}]}, INPUT, "items.0.days"),
        ({"items": [ITEMS[0] | {"code": "第一"}]}, INPUT, "items.0.code"),
    ),
    "recordSafetyInspection": (
        ({"checklist": f"SafetyChecklist:{NOBODY}"}, MISSING, "checklist"),
        ({"checklist": ":other checklist"}, INPUT, "checklist"),
        ({"at": ":ahead"}, INPUT, "at"),
        ({"at": "2026-06-30T09:00:00"}, INPUT, "at"),
        ({"answers": ANSWERS[:2]}, INPUT, "answers"),
        ({"answers": [*ANSWERS, ANSWERS[0]]}, INPUT, "answers"),
        ({"answers": [*ANSWERS, {"code": "unheard-of", "finding": "MET"}]}, INPUT, "answers.3.code"),
        ({"answers": [ANSWERS[0] | {"days": 3}, *ANSWERS[1:]]}, INPUT, "answers.0.days"),
        ({"answers": [ANSWERS[0] | {"note": "长" * 501}, *ANSWERS[1:]]}, INPUT, "answers.0.note"),
        ({"answers": [ANSWERS[0], ANSWERS[1] | {"photos": [NO_PHOTO]}, ANSWERS[2]]}, INPUT, "answers.1.photos.0"),
        ({"answers": [one | {"photos": [PNG, PNG]} for one in ANSWERS]}, INPUT, "answers"),
        ({"remark": " "}, INPUT, "remark"),
        ({"site": ":closed"}, LATE, "site"),
        NO_SITE,
    ),
    "registerSafetySite": (
        ({"code": ":code"}, "DUPLICATE", "code"),
        ({"code": "有误"}, INPUT, "code"),
        ({"name": ""}, INPUT, "name"),
        ({"address": " "}, INPUT, "address"),
        ({"trade": "unheard-of"}, MISSING, "trade"),
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
    ),
    "reinspectSafetyHazard": (
        ({"photos": []}, INPUT, "photos"),
        ({"photos": [NO_PHOTO]}, INPUT, "photos.0"),
        ({"photos": [PNG] * 6}, INPUT, "photos"),
        ({"at": ":before"}, "SEEN_SINCE", "at"),
        ({"at": ":ahead"}, INPUT, "at"),
        ({"hazard": ":passed"}, LATE, "hazard"),
        ({"hazard": ":gone"}, LATE, "hazard"),
        EMPTY,
        NO_HAZARD,
    ),
    "reportSafetyCorrection": (
        ({"photos": []}, INPUT, "photos"),
        ({"photos": [PNG, "%%"]}, INPUT, "photos.1"),
        ({"hazard": ":corrected", "expectedVersion": 2}, LATE, "hazard"),
        EMPTY,
        LONG,
        GONE,
        NO_HAZARD,
        OLD,
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


STAFF = {"reinspectSafetyHazard", "extendSafetyDeadline"}
ALLOWED: dict[str, dict[str, set[str]]] = {
    "open": {
        "handler": STAFF,
        "worker": {"reinspectSafetyHazard"},
        "firm 0": {"reportSafetyCorrection", "objectToSafetyHazard"},
        f"auditor {COUNTY}": set(),
    },
    "corrected": {"handler": {"reinspectSafetyHazard"}, "firm 0": {"objectToSafetyHazard"}},
    "objected": {"handler": {*STAFF, "decideSafetyObjection"}, "firm 0": {"reportSafetyCorrection"}},
    "passed": {"handler": set(), "second": {"confirmSafetyHazard"}, "worker": set(), "firm 0": set()},
    "gone": {"handler": set(), "second": set(), "firm 0": set()},
}
"""What is done to a hazard in each state, and by whom."""


@pytest.mark.parametrize("state", ALLOWED)
async def test_actions_say_what_may_be_done(scene: Scene, state: str) -> None:
    """By the state of a hazard and by who asks, as the commands themselves would refuse it."""
    for name, allowed in ALLOWED[state].items():
        seen = (await scene.caller(name).ask(ACTIONS, id=scene.ids[state])).data["node"]["actions"]
        assert {one["name"] for one in seen if one["allowed"]} == allowed, name
    own = (await scene.caller("handler").ask(ACTIONS, id=scene.ids["passed"])).data["node"]["actions"]
    assert {one["name"]: one["reason"] for one in own}["confirmSafetyHazard"] == "FOUR_EYES"


async def test_sent_twice_is_done_once(scene: Scene) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    scene = await set_scene(scene.ground)
    versions = {"reportSafetyCorrection": 3, "closeSafetySite": 2}
    for command in (
        "publishSafetyChecklist",
        "registerSafetySite",
        "recordSafetyInspection",
        "editSafetySite",
        "closeSafetySite",
        "extendSafetyDeadline",
        "objectToSafetyHazard",
        "reportSafetyCorrection",
        "reinspectSafetyHazard",
        "confirmSafetyHazard",
        "decideSafetyObjection",
    ):
        caller, given = GOOD[command]
        # What has changed since by a command before.
        given = given | ({"expectedVersion": versions[command]} if command in versions else {})
        given = given | ({"expectedVersion": 2} if command == "objectToSafetyHazard" else {})
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after != before, command
