"""Every command of ties: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import Server, put_ids

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, TOWN, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = ("deed", "tie")
VERSIONED = ("tie",)


@dataclass
class Scene:
    """A ground with a row at every step."""

    ground: Ground
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        if name in ("keeper", "town", "leader", "handler"):
            found: Server = getattr(self.ground, name)
            return found
        kind, _, which = name.partition(" ")
        if kind == "stranger":
            return self.ground.server
        if kind == "resident":
            return self.ground.resident(int(which))
        place = {"unit": which} if kind == "department_handler" else {"grid": which}
        return self.ground.server.as_(kind, sub=name, **place)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and how often what is there has changed."""
        counted = ", ".join(f"(select count(*) from ties.{one}) {one}" for one in TABLES)
        changed = ", ".join(f"(select sum(version) from ties.{one}) {one}_v" for one in VERSIONED)
        [row] = await self.ground.fetch(
            f"select {counted}, {changed}, (select count(*) from ties.deed where withdrawn_at is not null)"
        )
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(ground: Ground) -> Scene:
    return await set_scene(ground)


async def set_scene(ground: Ground) -> Scene:
    """Rows of their own, in each state that a command asks for."""
    found = Scene(ground)
    ids = found.ids
    ids["active"] = await ground.town_tie(0)
    deed = {"tie": ids["active"], "kind": "VISIT", "day": ground.day(0), "text": "走访座谈。"}
    for name in ("deed", "withdrawn"):
        ids[name] = (await ground.done(ground.keeper, "recordTieDeed", "deed { id }", **deed))["id"]
    await ground.done(ground.keeper, "withdrawTieDeed", "deed { id }", deed=ids["withdrawn"])
    ids["ended"] = await ground.town_tie(1)
    assert await ground.give(ground.keeper, "endTie", ids["ended"]) == []
    ids["asked"] = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(2), office="常委")
    ids["asked, too"] = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(3), office="常委")
    ids["person"], ids["home"] = ground.person(4), ground.home(4)
    ids["today"], ids["tomorrow"], ids["before"] = ground.day(0), ground.day(1), ground.day(-1)
    ids["next year"], ids["far"] = ground.day(300), ground.day(2_000)
    return found


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "answerTieAsHelped": ("town", {"tie": ":asked", "expectedVersion": 1, "agreed": True}),
    "answerTieAsHelper": ("resident 3", {"tie": ":asked, too", "expectedVersion": 1, "agreed": True}),
    "endTie": ("town", {"tie": ":active", "expectedVersion": 3}),
    "proposeTie": (
        "keeper",
        {"kind": "LEADER_TOWN", "grid": TOWN, "person": ":person", "office": "副县长", "endsOn": ":next year"},
    ),
    "recordTieDeed": (
        "resident 0",
        {"tie": ":active", "kind": "JOBS", "day": ":today", "text": "介绍务工二十人。"},
    ),
    "withdrawTieDeed": ("keeper", {"deed": ":deed"}),
}
"""Who gives each command, and with what."""
OUTSIDERS = (
    "stranger",
    "resident 9",
    f"department_handler {OTHER_UNIT}",
    f"grid_worker {TOWN}",
    f"auditor {COUNTY}",
    f"town_dispatcher {ELSEWHERE}",
)
INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_TIE = ({"tie": f"Tie:{NOBODY}"}, MISSING, "tie")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
SHUT = ({"tie": ":ended", "expectedVersion": 4}, LATE, "tie")
EMPTY = ({"text": " "}, INPUT, "text")
LONG = ({"text": "长" * 2_001}, INPUT, "text")
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "answerTieAsHelped": (SHUT, ({"tie": ":active", "expectedVersion": 3}, LATE, "tie"), NO_TIE, OLD),
    "answerTieAsHelper": (({"tie": ":asked"}, MISSING, "tie"), NO_TIE, OLD),
    "endTie": (SHUT, NO_TIE, OLD),
    "proposeTie": (
        ({"grid": None}, INPUT, "grid"),
        ({"person": None}, INPUT, "person"),
        ({"office": None}, INPUT, "office"),
        ({"unit": UNIT}, INPUT, "unit"),
        ({"household": ":home"}, INPUT, "household"),
        ({"office": "长" * 61}, INPUT, "office"),
        ({"endsOn": ":today"}, INPUT, "endsOn"),
        ({"endsOn": ":far"}, INPUT, "endsOn"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
        ({"grid": COUNTY}, INPUT, "grid"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"kind": "UNIT_VILLAGE", "person": None, "office": None, "unit": "610921-NONE"}, MISSING, "unit"),
        ({"kind": "UNIT_VILLAGE", "person": None, "office": None, "unit": UNIT}, INPUT, "grid"),
        ({"kind": "CADRE_HOUSEHOLD", "grid": None, "household": ":home", "unit": UNIT}, INPUT, "person"),
    ),
    "recordTieDeed": (
        ({"day": ":tomorrow"}, INPUT, "day"),
        ({"day": ":before"}, INPUT, "day"),
        ({"case": "nothing"}, MISSING, "case"),
        EMPTY,
        LONG,
        NO_TIE,
    ),
    "withdrawTieDeed": (
        ({"deed": ":withdrawn"}, LATE, "deed"),
        ({"deed": f"TieDeed:{NOBODY}"}, MISSING, "deed"),
    ),
}
"""What is wrong with the input, and the field that is named."""
CHAIN = ("proposeTie", "answerTieAsHelped", "answerTieAsHelper", "recordTieDeed", "withdrawTieDeed", "endTie")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys() == set(CHAIN)


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, another resident, another unit, those of another town, and who only looks are refused."""
    before = await scene.count()
    for caller in OUTSIDERS:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


async def test_sent_twice_is_done_once(scene: Scene) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    for command in CHAIN:
        caller, given = GOOD[command]
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after != before, command
