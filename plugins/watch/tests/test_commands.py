"""Every command of watch: who may not give it, what it makes of bad input, and what `actions` tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations

from .conftest import CONDITIONS, COUNTY, ELSEWHERE, FACTS, OTHER_UNIT, PNG, TOWN, Ground
from .scenes import ANSWERS, FACT, GOOD, Scene, set_scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
ACTIONS = "query($id: ID!) { node(id: $id) { ... on Watch { actions { name allowed reason } } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(ground: Ground) -> Scene:
    return await set_scene(ground)


OUTSIDERS = (
    "stranger",
    "head neighbour",
    f"department_handler {OTHER_UNIT}",
    f"grid_worker {ELSEWHERE}",
    f"auditor {COUNTY}",
    f"county_leader {COUNTY}",
    f"town_dispatcher {ELSEWHERE}",
)
# A worker and a dispatcher of another town may have made an error, too; they name a unit of their county.
ANYBODYS = {"requestErrorExemption": {f"grid_worker {ELSEWHERE}", f"town_dispatcher {ELSEWHERE}", f"auditor {COUNTY}"}}


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, a neighbour, another unit, those of another town, and who only looks are refused."""
    before, leaders = await scene.count(), {f"county_leader {COUNTY}"}
    free = ANYBODYS.get(command, set()) | (leaders if command in ANYBODYS else set())
    for caller in (one for one in OUTSIDERS if one not in free):
        if command == "proposeWatch" and caller == "head neighbour":
            caller = "head new"
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
Wrong = tuple[dict[str, Any], str, str]
OLD: Wrong = ({"expectedVersion": 99}, STALE, "expectedVersion")
EMPTY: Wrong = ({"text": " "}, INPUT, "text")
LONG: Wrong = ({"text": "长" * 2_001}, INPUT, "text")
NO_WATCH: Wrong = ({"watch": f"Watch:{NOBODY}"}, MISSING, "watch")
NO_MEASURE: Wrong = ({"measure": f"WatchMeasure:{NOBODY}"}, MISSING, "measure")
NO_ERROR: Wrong = ({"exemption": f"ErrorExemption:{NOBODY}"}, MISSING, "exemption")
NO_FILE = "bm90IGEgZmlsZQ=="
BAD_FACTS: tuple[Wrong, ...] = (
    ({"facts": []}, INPUT, "facts"),
    ({"facts": [FACT | {"code": "unheard-of"}]}, MISSING, "facts.0.code"),
    ({"facts": [FACT, FACT | {"day": "2026-12-01"}]}, INPUT, "facts.1.day"),
    ({"facts": [FACT | {"day": "2020-01-01"}]}, INPUT, "facts.0.day"),
    ({"facts": [FACT | {"text": " "}]}, INPUT, "facts.0.text"),
    ({"facts": [FACT | {"pictures": [NO_FILE]}]}, INPUT, "facts.0.pictures.0"),
    ({"facts": [FACT, FACT | {"pictures": [PNG] * 3}]}, INPUT, "facts"),
)


def is_late(name: str) -> Wrong:
    return ({"watch": f":{name}"}, LATE, "watch")


BAD: dict[str, tuple[Wrong, ...]] = {
    "answerWatchExit": (EMPTY, LONG, OLD, NO_WATCH, ({"by": f"Person:{NOBODY}"}, "FORBIDDEN", "by")),
    "assessWatch": (EMPTY, LONG, OLD, NO_WATCH, is_late("watched"), ({"ground": "MARGINAL"}, INPUT, "ground")),
    "confirmWatch": (EMPTY, LONG, OLD, NO_WATCH, is_late("asked"), is_late("watched")),
    "contestWatch": (EMPTY, LONG, OLD, NO_WATCH),
    "decideWatchContest": (EMPTY, OLD, NO_WATCH, is_late("refused"), ({"ground": "UNSTABLE"}, INPUT, "ground")),
    "declareWatchFacts": (*BAD_FACTS, OLD, NO_WATCH),
    "finishWatchMeasure": (EMPTY, LONG, OLD, NO_MEASURE),
    "leaveWatch": (EMPTY, OLD, NO_WATCH, ({"by": ":person new"}, "FORBIDDEN", "by")),
    "objectToErrorExemption": (EMPTY, OLD, NO_ERROR, ({"exemption": ":error"}, LATE, "exemption")),
    "planWatchMeasure": (
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"dueOn": "2026-01-01"}, INPUT, "dueOn"),
        ({"dueOn": "2030-01-01"}, INPUT, "dueOn"),
        ({"owner": " "}, INPUT, "owner"),
        EMPTY,
        OLD,
        NO_WATCH,
        is_late("asked"),
    ),
    "proposeWatch": (
        ({"household": f"Household:{NOBODY}"}, MISSING, "household"),
        ({"household": ":home asked"}, "DUPLICATE", "household"),
        EMPTY,
    ),
    "proposeWatchExit": (EMPTY, OLD, NO_WATCH, is_late("asked"), ({}, "MEASURE_OPEN", "watch")),
    "publishWatchRule": (
        ({"county": TOWN}, INPUT, "county"),
        ({"county": "610999"}, MISSING, "county"),
        ({"name": " "}, INPUT, "name"),
        ({"items": []}, INPUT, "items"),
        ({"items": [CONDITIONS[0]] * 2}, INPUT, "items"),
        ({"items": [CONDITIONS[0] | {"code": "有误"}]}, INPUT, "items.0.code"),
        ({"items": FACTS}, INPUT, "items.0.ground"),
        ({"subject": "HOUSEHOLDS"}, INPUT, "items.0.ground"),
        ({"replaces": ":rule"}, "DUPLICATE", "replaces"),
        ({"replaces": None}, "DUPLICATE", "replaces"),
    ),
    "recordWatchEffect": (EMPTY, LONG, OLD, NO_MEASURE, ({"measure": ":ended"}, LATE, "measure")),
    "requestErrorExemption": (
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"occurredOn": "2027-01-01"}, INPUT, "occurredOn"),
        ({"facts": " "}, INPUT, "facts"),
        ({"correction": "长" * 2_001}, INPUT, "correction"),
        ({"affected": [f"Person:{NOBODY}"]}, MISSING, "affected.0"),
        ({"affected": [f"Person:{NOBODY}"] * 2}, INPUT, "affected"),
        ({"official": "nobody"}, MISSING, "official"),
    ),
    "requestWatch": (
        *BAD_FACTS,
        ({"household": f"Household:{NOBODY}"}, MISSING, "household"),
        ({"by": ":person asked"}, "FORBIDDEN", "by"),
        ({"text": " "}, INPUT, "text"),
    ),
    "reviewErrorExemption": (
        ({"answers": ANSWERS[:1]}, INPUT, "answers"),
        ({"answers": [*ANSWERS, ANSWERS[0]]}, INPUT, "answers"),
        ({"answers": [ANSWERS[0], ANSWERS[1] | {"code": "else"}]}, INPUT, "answers"),
        ({"answers": [ANSWERS[0], ANSWERS[1] | {"reason": " "}]}, INPUT, "answers.1.reason"),
        ({"exemption": ":decided"}, LATE, "exemption"),
        OLD,
        NO_ERROR,
    ),
    "reviewWatch": (EMPTY, OLD, NO_WATCH, is_late("asked"), is_late("exit")),
    "withdrawErrorExemption": (OLD, NO_ERROR, ({"exemption": ":decided"}, LATE, "exemption")),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found, expected = [], []
    for change, code, path in BAD[command]:
        given = good | change
        # Of what is not there nobody has seen a version.
        if change != OLD[0] and not any(NOBODY in str(change.get(one)) for one in ("watch", "measure", "exemption")):
            given = await scene.set_version(given)
        found.append((change, await scene.give(caller, command, given)))
        expected.append((change, [(code, path.split("."))]))
    assert found == expected
    assert await scene.count() == before, "nothing is half-written"


DECIDER = {"assessWatch"}
ALLOWED: dict[str, dict[str, set[str]]] = {
    "asked": {
        "first": {"assessWatch"},
        "worker": {"declareWatchFacts", "leaveWatch"},
        "head asked": {"declareWatchFacts", "leaveWatch"},
    },
    "assessed": {"first": set(), "second": {"confirmWatch"}, "head assessed": {"declareWatchFacts", "leaveWatch"}},
    "watched": {
        "first": {"planWatchMeasure", "reviewWatch"},
        "head watched": {"declareWatchFacts", "leaveWatch"},
    },
    "exit": {"first": set(), "head exit": {"answerWatchExit", "leaveWatch"}},
    "refused": {"first": set(), "head refused": {"contestWatch"}, "county": set()},
    "contested": {"first": set(), "county": {"decideWatchContest"}, "head contested": {"leaveWatch"}},
    "over": {"first": set(), "head over": set()},
}
"""What is done to a watch in each state, and by whom; workers record what was signed on paper."""


@pytest.mark.parametrize("state", ALLOWED)
async def test_actions_say_what_may_be_done(scene: Scene, state: str) -> None:
    """By the state of a watch and by who asks, as the commands themselves would refuse it."""
    for name, allowed in ALLOWED[state].items():
        seen = (await scene.caller(name).ask(ACTIONS, id=scene.ids[state])).data["node"]["actions"]
        assert {one["name"] for one in seen if one["allowed"]} == allowed, name
