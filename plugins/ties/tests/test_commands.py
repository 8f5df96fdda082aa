"""Every command of ties: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
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
SUGGESTION = "query($id: ID!) { node(id: $id) { ... on HeardMatter { suggestion { id } } } }"
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = (
    "deed", "deputy", "heard", "organisation", "purchase", "receiver", "reception", "served", "station", "tie",
    "volunteer",
)  # fmt: skip
VERSIONED = ("deputy", "organisation", "purchase", "reception", "station", "tie")


@dataclass
class Scene:
    """A ground with a row at every step."""

    ground: Ground
    first: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        if name in ("keeper", "town", "leader", "handler", "second"):
            found: Server = getattr(self.ground, name)
            return found
        kind, _, which = name.partition(" ")
        if kind == "stranger":
            return self.ground.server
        if kind == "resident":
            return self.ground.resident(self.first + int(which))
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
            f"select {counted}, {changed}, (select count(*) from ties.deed where withdrawn_at is not null), "
            "(select count(*) from ties.heard where said_at is not null), (select count(*) from party.suggestion)"
        )
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(ground: Ground) -> Scene:
    return await set_scene(ground)


async def set_scene(ground: Ground, first: int = 0) -> Scene:
    """Rows of their own, of people of their own, in each state that a command asks for."""
    found = Scene(ground, first)
    ids = found.ids
    ids["active"] = await ground.town_tie(first)
    deed = {"tie": ids["active"], "kind": "VISIT", "day": ground.day(0), "text": "走访座谈。"}
    for name in ("deed", "withdrawn"):
        ids[name] = (await ground.done(ground.keeper, "recordTieDeed", "deed { id }", **deed))["id"]
    await ground.done(ground.keeper, "withdrawTieDeed", "deed { id }", deed=ids["withdrawn"])
    ids["ended"] = await ground.town_tie(first + 1)
    assert await ground.give(ground.keeper, "endTie", ids["ended"]) == []
    ids["asked"] = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(first + 2), office="常委")
    ids["asked, too"] = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(first + 3), office="常委")
    await set_days(ground, ids, first)
    ids["person"], ids["home"] = ground.person(first + 4), ground.home(first + 4)
    ids["organisation"], ids["idle organisation"] = await ground.organise(), await ground.organise()
    ids["removed"] = await ground.organise()
    assert await ground.give(ground.handler, "removeSocialOrganisation", ids["removed"]) == []
    for name in ("bought", "delivered", "spare"):
        ids[name] = await ground.buy(ids["organisation"])
    assert await ground.give(ground.handler, "deliverPurchasedService", ids["delivered"], result="已完成。") == []
    ids["uscc"], ids["taken"] = next(ground.codes), next(ground.codes)
    await ground.organise(uscc=ids["taken"])
    await ground.done(ground.resident(first + 8), "registerAsVolunteer", "volunteer { id }", skills=["LAW"])
    ids["deputy's person"] = ground.person(first + 5)
    ids["today"], ids["tomorrow"], ids["before"] = ground.day(0), ground.day(1), ground.day(-1)
    ids["next year"], ids["far"] = ground.day(300), ground.day(2_000)
    return found


async def set_days(ground: Ground, ids: dict[str, str], first: int) -> None:
    """A station with reception days that have begun, deputies, and what one of them heard."""
    ids["deputy"], ids["idle"] = await ground.register(first + 5), await ground.register(first + 6)
    ids["gone"] = await ground.register(first + 7)
    assert await ground.give(ground.keeper, "endDeputyTerm", ids["gone"]) == []
    for name in ("station", "other station", "shut"):
        ids[name] = await ground.station()
    assert await ground.give(ground.town, "closeDeputyStation", ids["shut"]) == []
    for name in ("day", "other day", "cancelled"):
        ids[name] = await ground.announce([ids["deputy"]])
    assert await ground.give(ground.town, "cancelReceptionDay", ids["cancelled"], reason="改期") == []
    ids["ahead"] = await ground.announce([ids["deputy"]], hours=9)
    ground.server.clock.move(hours=2)
    ids["at"], ids["until"] = (
        (ground.server.clock() + timedelta(hours=one)).isoformat() for one in (5, 7)
    )  # fmt: skip
    ids["late"], ids["years on"] = (
        (ground.server.clock() + timedelta(hours=one)).isoformat() for one in (30, 24 * 400)
    )  # fmt: skip
    asked = {"reception": ids["day"], "deputy": ids["deputy"], "title": "修渠", "text": "水渠渗漏。", "unit": UNIT}
    asked["person"] = ground.person(first + 8)
    for name in ("replied", "unanswered"):
        made = await ground.done(
            ground.keeper, "recordHeardMatter", "heard { id suggestion { id } }", **asked
        )  # fmt: skip
        ids[name] = made["id"]
        if name == "replied":
            found = await ground.resident(first + 8).ask(SUGGESTION, id=made["id"])
            given = {"suggestion": found.data["node"]["suggestion"]["id"], "text": "已安排维修。"}
            await ground.done(ground.handler, "replyToSuggestion", "suggestion { id }", **given)


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "answerTieAsHelped": ("town", {"tie": ":asked", "expectedVersion": 1, "agreed": True}),
    "answerTieAsHelper": ("resident 3", {"tie": ":asked, too", "expectedVersion": 1, "agreed": True}),
    "acceptPurchasedService": ("second", {"purchase": ":delivered", "expectedVersion": 2, "accepted": True}),
    "cancelPurchasedService": ("handler", {"purchase": ":spare", "expectedVersion": 1, "reason": "重复"}),
    "deliverPurchasedService": ("handler", {"purchase": ":bought", "expectedVersion": 1, "result": "已完成。"}),
    "editSocialOrganisation": (
        "handler",
        {"organisation": ":idle organisation", "expectedVersion": 1, "name": "同心社"},
    ),
    "leaveVolunteers": ("resident 8", {}),
    "recordPurchasedService": (
        "handler",
        {
            "organisation": ":organisation",
            "unit": UNIT,
            "grid": TOWN,
            "title": "助老送餐",
            "since": ":today",
            "endsOn": ":next year",
            "amount": "100.00",
        },
    ),
    "registerAsVolunteer": ("resident 9", {"skills": ["CARE"]}),
    "registerSocialOrganisation": (
        "handler",
        {
            "grid": COUNTY,
            "uscc": ":uscc",
            "name": "青年志愿社",
            "kind": "ASSOCIATION",
            "purpose": "助学",
            "unit": UNIT,
            "served": [TOWN],
        },
    ),
    "removeSocialOrganisation": ("handler", {"organisation": ":idle organisation", "expectedVersion": 1}),
    "announceReceptionDay": (
        "town",
        {"station": ":station", "startsAt": ":at", "endsAt": ":until", "deputies": [":deputy"]},
    ),
    "assignDeputyStation": ("town", {"deputy": ":idle", "expectedVersion": 1, "station": ":station"}),
    "cancelReceptionDay": ("town", {"reception": ":ahead", "expectedVersion": 1, "reason": "道路中断"}),
    "closeDeputyStation": ("town", {"station": ":station", "expectedVersion": 1}),
    "endDeputyTerm": ("town", {"deputy": ":idle", "expectedVersion": 1}),
    "holdReceptionDay": ("resident 5", {"reception": ":other day", "expectedVersion": 1, "visitors": 12}),
    "openDeputyStation": ("town", {"grid": TOWN, "name": "东街联络站", "address": "东街 2 号"}),
    "rateHeardMatter": ("resident 8", {"heard": ":replied", "satisfied": True}),
    "recordHeardMatter": (
        "town",
        {"reception": ":day", "deputy": ":deputy", "title": "修路", "text": "便道破损。", "unit": UNIT},
    ),
    "registerDeputy": (
        "keeper",
        {
            "grid": TOWN,
            "person": ":person",
            "level": "COUNTY",
            "constituency": "第一选区",
            "since": ":before",
            "endsOn": ":next year",
            "station": ":station",
        },
    ),
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
OPEN = ("registerAsVolunteer", "leaveVolunteers")
INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_TIE = ({"tie": f"Tie:{NOBODY}"}, MISSING, "tie")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
SHUT = ({"tie": ":ended", "expectedVersion": 4}, LATE, "tie")
EMPTY = ({"text": " "}, INPUT, "text")
LONG = ({"text": "长" * 2_001}, INPUT, "text")
NO_DAY = ({"reception": f"ReceptionDay:{NOBODY}"}, MISSING, "reception")
NO_STATION = ({"station": f"DeputyStation:{NOBODY}"}, MISSING, "station")
NO_DEPUTY = ({"deputy": f"Deputy:{NOBODY}"}, MISSING, "deputy")
OVER = ({"deputy": ":gone", "expectedVersion": 2}, LATE, "deputy")
CLOSED = ({"station": ":shut", "expectedVersion": 2}, LATE, "station")
NO_PURCHASE = ({"purchase": f"PurchasedService:{NOBODY}"}, MISSING, "purchase")
NO_ORGANISATION = ({"organisation": f"SocialOrganisation:{NOBODY}"}, MISSING, "organisation")
REMOVED = ({"organisation": ":removed", "expectedVersion": 2}, LATE, "organisation")
OFF = ({"reception": ":cancelled", "expectedVersion": 2}, LATE, "reception")
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "answerTieAsHelped": (SHUT, ({"tie": ":active", "expectedVersion": 3}, LATE, "tie"), NO_TIE, OLD),
    "answerTieAsHelper": (({"tie": ":asked"}, MISSING, "tie"), NO_TIE, OLD),
    "acceptPurchasedService": (({"purchase": ":spare", "expectedVersion": 1}, LATE, "purchase"), NO_PURCHASE, OLD),
    "cancelPurchasedService": (
        ({"reason": " "}, INPUT, "reason"),
        ({"purchase": ":delivered", "expectedVersion": 2}, LATE, "purchase"),
        NO_PURCHASE,
        OLD,
    ),
    "deliverPurchasedService": (
        ({"result": "长" * 2_001}, INPUT, "result"),
        ({"purchase": ":delivered", "expectedVersion": 2}, LATE, "purchase"),
        NO_PURCHASE,
        OLD,
    ),
    "editSocialOrganisation": (
        ({"name": " "}, INPUT, "name"),
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"served": []}, INPUT, "served"),
        ({"served": ["610921999"]}, MISSING, "served"),
        REMOVED,
        NO_ORGANISATION,
        OLD,
    ),
    "leaveVolunteers": (),
    "recordPurchasedService": (
        ({"amount": "0"}, INPUT, "amount"),
        ({"amount": "1.005"}, INPUT, "amount"),
        ({"amount": "1e20"}, INPUT, "amount"),
        ({"endsOn": ":before"}, INPUT, "endsOn"),
        ({"endsOn": ":far", "since": ":before"}, INPUT, "endsOn"),
        ({"title": " "}, INPUT, "title"),
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, INPUT, "grid"),
        ({"organisation": ":removed"}, INPUT, "organisation"),
        NO_ORGANISATION,
    ),
    "registerAsVolunteer": (({"skills": []}, INPUT, "skills"),),
    "registerSocialOrganisation": (
        ({"uscc": "526109210000000001"}, INPUT, "uscc"),
        ({"uscc": "52"}, INPUT, "uscc"),
        ({"uscc": ":taken"}, "DUPLICATE", "uscc"),
        ({"name": " "}, INPUT, "name"),
        ({"purpose": "长" * 501}, INPUT, "purpose"),
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"grid": "6109"}, INPUT, "grid"),
        ({"served": [TOWN, "6109"]}, INPUT, "served.1"),
    ),
    "removeSocialOrganisation": (
        ({"organisation": ":organisation"}, LATE, "organisation"),
        REMOVED,
        NO_ORGANISATION,
        OLD,
    ),
    "announceReceptionDay": (
        ({"startsAt": ":before"}, INPUT, "startsAt"),
        ({"startsAt": "2026-07-02T09:00:00"}, INPUT, "startsAt"),
        ({"startsAt": ":years on"}, INPUT, "startsAt"),
        ({"endsAt": ":late"}, INPUT, "endsAt"),
        ({"deputies": []}, INPUT, "deputies"),
        ({"deputies": [":deputy", ":deputy"]}, INPUT, "deputies"),
        ({"deputies": [":deputy", ":gone"]}, INPUT, "deputies.1"),
        ({"station": ":shut"}, LATE, "station"),
        NO_STATION,
    ),
    "assignDeputyStation": (({"station": ":shut"}, INPUT, "station"), NO_STATION, OVER, NO_DEPUTY, OLD),
    "cancelReceptionDay": (({"reason": " "}, INPUT, "reason"), OFF, NO_DAY, OLD),
    "closeDeputyStation": (CLOSED, NO_STATION, OLD),
    "endDeputyTerm": (OVER, NO_DEPUTY, OLD),
    "holdReceptionDay": (
        ({"visitors": -1}, INPUT, "visitors"),
        ({"visitors": 10_001}, INPUT, "visitors"),
        ({"reception": ":ahead"}, LATE, "reception"),
        OFF,
        NO_DAY,
        OLD,
    ),
    "openDeputyStation": (
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": COUNTY}, "FORBIDDEN", "grid"),
        ({"name": " "}, INPUT, "name"),
        ({"address": "长" * 201}, INPUT, "address"),
    ),
    "rateHeardMatter": (
        ({"heard": ":unanswered"}, LATE, "heard"),
        ({"heard": f"HeardMatter:{NOBODY}"}, MISSING, "heard"),
    ),
    "recordHeardMatter": (
        ({"category": "roads.surface"}, INPUT, "unit"),
        ({"unit": None}, INPUT, "unit"),
        ({"unit": "610921-NONE"}, MISSING, "unit"),
        ({"unit": None, "category": "unheard-of"}, MISSING, "category"),
        ({"deputy": ":idle"}, INPUT, "deputy"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"title": " "}, INPUT, "title"),
        ({"text": "长" * 5_001}, INPUT, "text"),
        ({"reception": ":ahead"}, LATE, "reception"),
        ({"reception": ":cancelled"}, LATE, "reception"),
        NO_DAY,
    ),
    "registerDeputy": (
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"person": ":deputy's person"}, "DUPLICATE", "since"),
        ({"constituency": " "}, INPUT, "constituency"),
        ({"endsOn": ":before"}, INPUT, "endsOn"),
        ({"since": ":next year"}, INPUT, "endsOn"),
        ({"station": ":shut"}, INPUT, "station"),
        NO_STATION,
    ),
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
CHAIN = (
    "proposeTie", "answerTieAsHelped", "answerTieAsHelper", "recordTieDeed", "withdrawTieDeed", "endTie",
    "openDeputyStation", "registerDeputy", "endDeputyTerm", "announceReceptionDay", "recordHeardMatter",
    "holdReceptionDay", "cancelReceptionDay", "rateHeardMatter", "assignDeputyStation", "closeDeputyStation",
    "registerSocialOrganisation", "removeSocialOrganisation", "editSocialOrganisation", "recordPurchasedService",
    "deliverPurchasedService", "acceptPurchasedService", "cancelPurchasedService", "registerAsVolunteer",
    "leaveVolunteers",
)  # fmt: skip


LEFT: dict[str, dict[str, Any]] = {
    "editSocialOrganisation": {"organisation": ":organisation"},
    "assignDeputyStation": {"deputy": ":deputy"},
    "announceReceptionDay": {"station": ":other station"},
}
"""What is given otherwise in turn, for what a command before has left."""


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys() == set(CHAIN)


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Nobody, another resident, another unit, those of another town, and who only looks are refused."""
    before = await scene.count()
    # Everybody may be a volunteer: who has no file cannot.
    for caller in OUTSIDERS if command not in OPEN else OUTSIDERS[2:]:
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
    scene = await set_scene(scene.ground, 12)
    for command in CHAIN:
        caller, given = GOOD[command]
        given = given | LEFT.get(command, {})
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after != before, command
