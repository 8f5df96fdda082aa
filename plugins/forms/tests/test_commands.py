"""Every command of forms: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import Server, put_ids

from .conftest import COUNTY, DAY, ELSEWHERE, TOWN, VILLAGE, Offices, cell_of, form_of, question_of
from .test_workbook import office_workbook

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = ("cell", "form", "inquiry", "objection", "return", "step")
VERSIONS = ("form", "inquiry", "objection", "return")


@dataclass
class Scene:
    """A county with forms and returns at every step."""

    offices: Offices
    ids: dict[str, str] = field(default_factory=dict)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.offices.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and how often what is there has changed."""
        counted = ", ".join(f'(select count(*) from forms."{one}") {one}_n' for one in TABLES)
        changed = ", ".join(f'(select sum(version) from forms."{one}") {one}_v' for one in VERSIONS)
        [row] = await self.offices.fetch(f"select {counted}, {changed}")
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_server: Server, shared_database: str) -> Scene:
    return await set_scene(Offices(shared_server, shared_database))


async def set_scene(offices: Offices, code: str = "scene") -> Scene:
    """A form of its own with returns in each state that a command asks for."""
    cell = cell_of(code).replace(f'name = "{code}"', 'name = "scene"')
    question = question_of("asked", f"{code}-asked", f"问题 {code}")
    ids = {"form": await offices.declare(form_of(code, cell, question))}
    ids["idle"] = await offices.declare(form_of(f"{code}-idle", cell_of(f"{code}idle")), tried=False)
    ids["retired"] = await offices.declare(form_of(f"{code}-retired", cell_of(f"{code}retired")))
    await offices.done("county", "retireForm", "form { id }", form=ids["retired"], expectedVersion=2)
    for name, day in (
        ("open", "2026-01-01"),
        ("asking", "2026-02-01"),
        ("filled", "2026-03-01"),
        ("signed", "2026-04-01"),
    ):
        ids[name] = await offices.open(ids["form"], day=day)
        if name == "open":
            continue
        await offices.fill(ids[name])
        ids[f"{name}_asked"] = (await offices.cells(ids[name]))["asked"]["inquiry"]["id"]
        if name != "asking":
            given = {"inquiry": ids[f"{name}_asked"], "expectedVersion": 1, "value": 1}
            await offices.done("leader", "answerFormInquiry", "inquiry { id }", **given)
    await offices.sign(ids["signed"], "second", "town", "chief")
    for name, about in (("objection", "signed"), ("decided", "signed")):
        given = {"formReturn": ids[about], "cell": "scene" if name == "objection" else "asked", "reason": "有误"}
        ids[name] = (await offices.done("town", "objectToFormCell", "objection { id }", **given))["id"]
    given = {"objection": ids["decided"], "expectedVersion": 1, "upheld": False, "grounds": "无误"}
    await offices.done("county", "decideFormObjection", "objection { id }", **given)
    return Scene(offices, ids)


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "answerFormInquiry": ("leader", {"inquiry": ":asking_asked", "expectedVersion": 1, "value": 3}),
    "decideFormObjection": (
        "county",
        {"objection": ":objection", "expectedVersion": 1, "upheld": True, "grounds": "漏计"},
    ),
    "declareForm": ("county", {"grid": COUNTY, "declaration": form_of("good", cell_of("good"))}),
    "objectToFormCell": ("town", {"formReturn": ":filled", "cell": "asked", "reason": "有误"}),
    "openFormReturn": ("leader", {"form": ":form", "grid": VILLAGE, "day": DAY}),
    "retireForm": ("county", {"form": ":form", "expectedVersion": 3}),
    "sendBackFormReturn": ("town", {"formReturn": ":filled", "expectedVersion": 4, "reason": "有误"}),
    "setFormTemplate": (
        "county",
        {"form": ":form", "expectedVersion": 2, "content": office_workbook("{scene} {asked}")},
    ),
    "signFormReturn": ("second", {"formReturn": ":filled", "expectedVersion": 3}),
}
"""Who gives each command, and with what; those that are given in turn see what the one before has left."""
OUTSIDERS = ("stranger", f"grid_leader {ELSEWHERE}", f"grid_worker {ELSEWHERE}", f"auditor {COUNTY}")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, leaders and workers of another place, and who may only look are refused, and change nothing."""
    before = await scene.count()
    # Whoever sees a return may object to it.
    callers = [one for one in OUTSIDERS if not (one.startswith("auditor") and command == "objectToFormCell")]
    for caller in callers:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_RETURN = ({"formReturn": f"FormReturn:{NOBODY}"}, MISSING, "formReturn")
NO_FORM = ({"form": f"Form:{NOBODY}"}, MISSING, "form")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
SIGNED = {"formReturn": ":signed", "expectedVersion": 6}
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "answerFormInquiry": (
        ({"value": -1}, INPUT, "value"),
        ({"value": "3"}, INPUT, "value"),
        ({"value": True}, INPUT, "value"),
        ({"inquiry": ":signed_asked", "expectedVersion": 2}, LATE, "inquiry"),
        ({"inquiry": f"FormInquiry:{NOBODY}"}, MISSING, "inquiry"),
        OLD,
    ),
    "decideFormObjection": (
        ({"grounds": " "}, INPUT, "grounds"),
        ({"objection": ":decided", "expectedVersion": 2}, LATE, "objection"),
        ({"objection": f"FormObjection:{NOBODY}"}, MISSING, "objection"),
        OLD,
    ),
    "declareForm": (
        ({"declaration": "code ="}, INPUT, "declaration"),
        (
            {"declaration": form_of("good", cell_of("good")).replace("610921-MZJ", "610921-XXX")},
            MISSING,
            "declaration.asker",
        ),
        ({"declaration": form_of("good", cell_of("scene"))}, "DUPLICATE", "declaration.cells.0"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
    ),
    "objectToFormCell": (
        ({"reason": ""}, INPUT, "reason"),
        ({"cell": "none"}, MISSING, "cell"),
        ({"formReturn": ":open"}, LATE, "formReturn"),
        ({"formReturn": ":signed", "cell": "scene"}, "DUPLICATE", "cell"),
        NO_RETURN,
    ),
    "openFormReturn": (
        ({"day": "2026-03-05"}, "DUPLICATE", "day"),
        ({"grid": TOWN}, "FORBIDDEN", "grid"),
        ({"grid": f"{VILLAGE}-010101"}, INPUT, "grid"),
        ({"form": ":idle"}, LATE, "form"),
        ({"form": ":retired"}, LATE, "form"),
        NO_FORM,
    ),
    "retireForm": (({"form": ":retired", "expectedVersion": 3}, LATE, "form"), OLD, NO_FORM),
    "sendBackFormReturn": (
        ({"reason": " ", "expectedVersion": 3}, INPUT, "reason"),
        (SIGNED, "FORBIDDEN", "formReturn"),
        NO_RETURN,
    ),
    "setFormTemplate": (
        ({"content": "bm8="}, INPUT, "content"),
        ({"content": office_workbook("{scene}")}, INPUT, "content"),
        ({"form": ":retired", "expectedVersion": 3}, LATE, "form"),
        OLD,
        NO_FORM,
    ),
    "signFormReturn": (
        (SIGNED, "FORBIDDEN", "formReturn"),
        ({"formReturn": ":open", "expectedVersion": 1}, "FORBIDDEN", "formReturn"),
        OLD,
        NO_RETURN,
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    # Of a village whose return waits for it.
    caller = "second" if command == "sendBackFormReturn" else caller
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


@pytest.mark.parametrize(
    "caller, path, query, status",
    [
        ("county", "/forms/Form:{0}/try", {"grid": VILLAGE, "day": DAY}, 404),
        ("county", "/forms/{idle}/try", {"grid": VILLAGE, "day": "June"}, 400),
        ("county", "/forms/{idle}/try", {"grid": TOWN, "day": DAY}, 400),
        ("county", "/forms/{idle}/try", {"grid": "1", "day": DAY}, 404),
        ("leader", "/forms/{idle}/try", {"grid": VILLAGE, "day": DAY}, 403),
        ("stranger", "/forms/{idle}/try", {"grid": VILLAGE, "day": DAY}, 401),
        (f"grid_worker {VILLAGE}", "/returns/{open}/fill", {}, 404),
        (f"grid_leader {ELSEWHERE}", "/returns/{open}/fill", {}, 404),
        ("leader", "/returns/FormReturn:{0}/fill", {}, 404),
        ("leader", "/returns/x/fill", {}, 404),
        ("leader", "/returns/{signed}/fill", {}, 400),
    ],
)  # fmt: skip
async def test_routes_refuse(scene: Scene, caller: str, path: str, query: dict[str, str], status: int) -> None:
    """What is not there, is not theirs or cannot be done changes nothing."""
    before = await scene.count()
    found, body = await scene.offices.post(caller, path.format(NOBODY, **scene.ids), **query)
    assert (found, "errors" in body) == (status, True), body
    assert await scene.count() == before


async def test_a_source_that_cannot_be_read_keeps_nothing(scene: Scene) -> None:
    """Named by its cell; the form does not come into force."""
    source = "grid(code: $grid) { nonsense }"
    text = form_of("wrong", cell_of("wrong").replace(cell_of("wrong").split('figure = "')[1].split('"\n')[0], source))
    form = await scene.offices.declare(text, tried=False)
    status, body = await scene.offices.post("county", f"/forms/{form}/try", grid=VILLAGE, day=DAY)
    assert status == 400 and "nonsense" in str(body)
    assert (await scene.offices.fetch("select tried_at from forms.form where code='wrong'"))[0]["tried_at"] is None


async def test_sent_twice_is_done_once(scene: Scene) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    # Of its own, so that it leaves the others as they are, in whatever order tests run.
    scene = await set_scene(scene.offices, "twice")
    for command in (
        "answerFormInquiry",
        "signFormReturn",
        "sendBackFormReturn",
        "decideFormObjection",
        "declareForm",
        "openFormReturn",
        "setFormTemplate",
        "retireForm",
        "objectToFormCell",
    ):
        caller, given = GOOD[command]
        if command == "objectToFormCell":
            given = given | {"formReturn": ":signed"}
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after != before, command
