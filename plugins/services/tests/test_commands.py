"""Every command of services: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import Server, put_ids

from .conftest import COUNTY, DOCUMENTS, OTHER_UNIT, PDF, UNIT, Hall

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = ("matter", "document", "application", "paper", "visit", "lapse")
ACTIONS = "query($id: ID!) { node(id: $id) { ... on ServiceApplication { actions { name allowed reason } } } }"


@dataclass
class Scene:
    """A hall with applications at every step."""

    hall: Hall
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        kind, _, which = name.partition(" ")
        match kind:
            case "resident":
                return self.hall.resident(int(which or 0))
            case "handler":
                return self.hall.handler
            case "manager":
                return self.hall.manager
            case "stranger":
                return self.hall.server
        place = {"unit": which} if kind == "department_handler" else {"grid": which}
        return self.hall.server.as_(kind, sub=name, **place)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, how often applications have changed, and what is for supervision."""
        counted = ", ".join(f"(select count(*) from services.{one}) {one}" for one in TABLES)
        changed = ", ".join(f"(select sum(version) from services.{one})" for one in ("application", "lapse"))
        ended = "(select count(until) from services.matter), (select count(*) from cases.case)"
        [row] = await self.hall.fetch(f"select {counted}, {changed}, {ended}")
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(hall: Hall) -> Scene:
    return await set_scene(hall)


async def set_scene(hall: Hall) -> Scene:
    """Applications of their own, in each state that a command asks for."""
    found = Scene(hall)
    ids = found.ids
    ids["matter"], ids["taken"], ids["ending"] = [await hall.publish() for _ in range(3)]
    ids["ended"] = await hall.publish()
    await hall.done(hall.manager, "endServiceMatter", "matter { id }", matter=ids["ended"])
    await hall.apply(0, matter=ids["taken"])
    ids["submitted"], ids["accepted"], ids["waiting"], ids["lapsed"] = [await hall.apply(0) for _ in range(4)]
    assert await hall.give(hall.handler, "acceptServiceApplication", ids["accepted"]) == []
    lacking = {"missing": [{"code": "account"}, {"code": "form"}], "unlisted": ["无房证明"]}
    for name in ("waiting", "lapsed"):
        assert await hall.give(hall.handler, "returnServiceApplication", ids[name], **lacking) == []
    ids["lapse"] = (await hall.lapses(ids["lapsed"]))["UNLISTED_PAPER"]["id"]
    ids["decided"], ids["bad"] = [await hall.decided(0) for _ in range(2)]
    assert await hall.give(hall.resident(0), "rateService", ids["bad"], rating=2, reason="等得太久") == []
    return found


PUBLISHED = {
    "unit": UNIT, "code": "good", "name": "失业登记", "basis": "《就业促进法》第三十五条", "documents": DOCUMENTS,
    "statutoryDays": 10, "promisedDays": 5,
}  # fmt: skip
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "acceptServiceApplication": ("handler", {"application": ":submitted", "expectedVersion": 1}),
    "answerServiceLapse": ("handler", {"lapse": ":lapse", "expectedVersion": 1, "text": "已更正。"}),
    "answerServiceRating": ("handler", {"application": ":bad", "expectedVersion": 4, "text": "已整改。"}),
    "applyForService": ("resident", {"matter": ":matter", "papers": [{"code": "form", "content": PDF}]}),
    "decideServiceApplication": (
        "handler",
        {"application": ":accepted", "expectedVersion": 2, "outcome": "REFUSED", "reason": "不符合条件"},
    ),
    "endServiceMatter": ("manager", {"matter": ":ending"}),
    "publishServiceMatter": ("manager", PUBLISHED),
    "rateService": ("resident", {"application": ":decided", "rating": 1, "reason": "态度差"}),
    "recordServiceVisit": (
        "resident",
        {"application": ":submitted", "day": "2026-06-30", "place": "TOWN_HALL", "reason": "咨询"},
    ),
    "returnServiceApplication": (
        "handler",
        {"application": ":submitted", "expectedVersion": 1, "missing": [{"code": "account"}, {"code": "form"}]},
    ),
    "supplyServicePapers": (
        "resident",
        {"application": ":waiting", "expectedVersion": 2, "papers": [{"code": "account", "content": PDF}]},
    ),
    "withdrawServiceApplication": ("resident", {"application": ":submitted", "expectedVersion": 1}),
}
"""Who gives each command, and with what."""
OUTSIDERS = (
    "stranger",
    "resident 1",
    f"department_handler {OTHER_UNIT}",
    "service_manager 610921101",
    "grid_worker 610921",
)


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, somebody else, another unit, a manager elsewhere and a grid worker are refused, and change nothing."""
    before = await scene.count()
    # Whoever lives here applies for themselves.
    callers = [one for one in OUTSIDERS if (one, command) != ("resident 1", "applyForService")]
    for caller in callers:
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_APPLICATION = ({"application": f"ServiceApplication:{NOBODY}"}, MISSING, "application")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "acceptServiceApplication": (
        ({"application": ":accepted", "expectedVersion": 2}, LATE, "application"),
        OLD,
        NO_APPLICATION,
    ),
    "answerServiceLapse": (
        ({"text": " "}, INPUT, "text"),
        ({"text": "长" * 1_001}, INPUT, "text"),
        ({"lapse": f"ServiceLapse:{NOBODY}"}, MISSING, "lapse"),
        OLD,
    ),
    "answerServiceRating": (
        ({"text": ""}, INPUT, "text"),
        ({"application": ":decided", "expectedVersion": 3}, LATE, "application"),
        OLD,
        NO_APPLICATION,
    ),
    "applyForService": (
        ({"matter": f"ServiceMatter:{NOBODY}"}, MISSING, "matter"),
        ({"matter": ":ended"}, LATE, "matter"),
        ({"matter": ":taken"}, "DUPLICATE", "matter"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"person": f"Person:{NOBODY}", "proxy": "RELATIVE"}, "CONSENT_REQUIRED", "person"),
        ({"proxy": "VOLUNTEER"}, INPUT, "person"),
        ({"papers": [{"code": "unheard-of"}]}, INPUT, "papers.0.code"),
        ({"papers": [{"code": "form"}, {"code": "form"}]}, INPUT, "papers"),
        ({"papers": [{"code": "form"}, {"code": "account", "content": "bm90IGEgZmlsZQ=="}]}, INPUT, "papers.1.content"),
        ({"differs": [{"fact": "BIRTH", "text": " "}]}, INPUT, "differs.0.text"),
        ({"differs": [{"fact": "HOUSEHOLD", "text": "另有户号"}]}, INPUT, "differs.0.fact"),
    ),
    "decideServiceApplication": (
        ({"reason": " "}, INPUT, "reason"),
        ({"reason": None}, INPUT, "reason"),
        ({"outcome": "NOT_ACCEPTED"}, LATE, "outcome"),
        ({"application": ":waiting", "expectedVersion": 2}, LATE, "outcome"),
        ({"application": ":decided", "expectedVersion": 3}, LATE, "application"),
        OLD,
        NO_APPLICATION,
    ),
    "endServiceMatter": (
        ({"matter": ":ended"}, LATE, "matter"),
        ({"matter": f"ServiceMatter:{NOBODY}"}, MISSING, "matter"),
    ),
    "publishServiceMatter": (
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"code": "有误"}, INPUT, "code"),
        ({"name": ""}, INPUT, "name"),
        ({"basis": " "}, INPUT, "basis"),
        ({"promisedDays": 11}, INPUT, "promisedDays"),
        ({"promisedDays": 0}, INPUT, "promisedDays"),
        ({"statutoryDays": 999}, INPUT, "statutoryDays"),
        ({"fee": -1}, INPUT, "fee"),
        ({"visits": 6}, INPUT, "visits"),
        ({"documents": [{"code": "a1", "name": ""}]}, INPUT, "documents.0.name"),
        ({"documents": [{"code": "a1", "name": "甲"}, {"code": "a1", "name": "乙"}]}, INPUT, "documents"),
        ({"replaces": ":ended"}, "DUPLICATE", "replaces"),
    ),
    "rateService": (
        ({"rating": 0}, INPUT, "rating"),
        ({"rating": 6}, INPUT, "rating"),
        ({"reason": None}, INPUT, "reason"),
        ({"application": ":submitted"}, LATE, "application"),
        ({"application": ":bad"}, LATE, "application"),
        NO_APPLICATION,
    ),
    "recordServiceVisit": (
        ({"reason": ""}, INPUT, "reason"),
        ({"day": "2026-07-30"}, INPUT, "day"),
        ({"day": "2026-01-30"}, INPUT, "day"),
        NO_APPLICATION,
    ),
    "returnServiceApplication": (
        ({"missing": []}, INPUT, "missing"),
        ({"missing": [{"code": "account"}]}, "INCOMPLETE_NOTICE", "missing"),
        ({"missing": [{"code": "identity"}]}, "ON_FILE", "missing.0.code"),
        ({"missing": [{"code": "account"}, {"code": "unheard-of"}]}, INPUT, "missing.1.code"),
        ({"missing": [{"code": "account", "why": "长" * 201}]}, INPUT, "missing.0.why"),
        ({"unlisted": [" "]}, INPUT, "unlisted.0"),
        ({"application": ":waiting", "expectedVersion": 2}, LATE, "application"),
        OLD,
        NO_APPLICATION,
    ),
    "supplyServicePapers": (
        ({"papers": [{"code": "unheard-of"}]}, INPUT, "papers.0.code"),
        ({"papers": [{"code": "form", "content": "%%"}]}, INPUT, "papers.0.content"),
        ({"application": ":decided", "expectedVersion": 3}, LATE, "application"),
        OLD,
        NO_APPLICATION,
    ),
    "withdrawServiceApplication": (
        ({"application": ":decided", "expectedVersion": 3}, LATE, "application"),
        OLD,
        NO_APPLICATION,
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


ALLOWED: dict[str, dict[str, set[str]]] = {
    "submitted": {
        "handler": {"acceptServiceApplication", "returnServiceApplication", "decideServiceApplication"},
        "resident": {"supplyServicePapers", "withdrawServiceApplication"},
    },
    "accepted": {
        "handler": {"returnServiceApplication", "decideServiceApplication"},
        "resident": {"supplyServicePapers", "withdrawServiceApplication"},
    },
    "waiting": {
        "handler": {"decideServiceApplication"},
        "resident": {"supplyServicePapers", "withdrawServiceApplication"},
    },
    "decided": {
        "handler": set(),
        "resident": {"rateService"},
    },
    "bad": {
        "handler": {"answerServiceRating"},
        "resident": set(),
    },
}
"""What is done to an application in each state, and by whom; both may note a visit in all of them."""


@pytest.mark.parametrize("state", ALLOWED)
async def test_actions_say_what_may_be_done(scene: Scene, state: str) -> None:
    """By the state of an application and by who asks, as the commands themselves would refuse it."""
    for name, allowed in ALLOWED[state].items():
        seen = (await scene.caller(name).ask(ACTIONS, id=scene.ids[state])).data["node"]["actions"]
        assert {one["name"] for one in seen if one["allowed"]} == allowed | {"recordServiceVisit"}, name


async def test_nobody_decides_for_themselves(scene: Scene) -> None:
    """Whoever works for the unit and applied there leaves it to others."""
    own = scene.hall.server.as_("department_handler", unit=UNIT, sub="own", person=str(scene.hall.people[0]["id"]))
    for command in ("acceptServiceApplication", "returnServiceApplication"):
        asked = put_ids(GOOD[command][1], scene.ids) | {"idempotencyKey": str(uuid4())}
        assert [code for code, _ in (await own.give(command, asked)).problems(command)] == ["CONFLICT_OF_INTEREST"]


async def test_sent_twice_is_done_once(scene: Scene) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    scene = await set_scene(scene.hall)
    versions = {"returnServiceApplication": 2, "withdrawServiceApplication": 3}
    for command in (
        "publishServiceMatter",
        "endServiceMatter",
        "applyForService",
        "recordServiceVisit",
        "returnServiceApplication",
        "supplyServicePapers",
        "decideServiceApplication",
        "rateService",
        "answerServiceRating",
        "answerServiceLapse",
        "withdrawServiceApplication",
    ):
        caller, given = GOOD[command]
        # What has changed since by a command before.
        given = given | ({"expectedVersion": versions[command]} if command in versions else {})
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after != before, command


async def test_units_keep_their_own_catalogue(scene: Scene) -> None:
    """Only those whom the county has made its managers publish; town managers do for units of their town alone."""
    given = PUBLISHED | {"code": "elsewhere", "idempotencyKey": str(uuid4())}
    for caller in ("handler", "service_manager 610921101", f"grid_leader {COUNTY}"):
        found = (await scene.caller(caller).give("publishServiceMatter", given)).problems("publishServiceMatter")
        assert [code for code, _ in found] == ["FORBIDDEN"], caller
