"""The state machines walked: each command in each state of all there is, where it leads, or that it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

DESK = {"grid": "610921100"}
Step = tuple[Any, str, dict[str, Any]]
"""Who gives which command, and what with."""
Steps = Mapping[str, Callable[[Any, Any], Step]]


@dataclass(frozen=True)
class Machine:
    """A sort of thing, by its table: how it begins, its steps, how each state is reached, and what leads where."""

    field: str
    begin: Callable[[Any], Any]
    steps: Steps
    reach: Mapping[str, tuple[str, ...]]
    leads: Mapping[str, Mapping[str, str]]
    """By state: the steps that can be taken, and the state each leads to. All others are refused."""


def key(id: str) -> str:
    return id.partition(":")[2]


async def ask_for_mediation(town: Any) -> str:
    return str((await town.request())["mediation"]["id"])


async def make_agreement(town: Any) -> str:
    made = await town.agree(await town.mediating())
    return str(made["mediation"]["agreement"]["confirmation"]["id"])


def begin_with(who: int, command: str, asks: str, **given: Any) -> Callable[[Any], Any]:
    """Build the beginning of something by a resident."""

    async def begin(town: Any) -> str:
        asked = {name: town.village if value == ":village" else value for name, value in given.items()}
        made = await town.resident(who).do(command, asks + " { id }", **asked)
        assert made["errors"] == [], made
        return str(made[asks]["id"])

    return begin


async def record_situation(town: Any) -> str:
    asked = {"grid": town.village, "disputeType": "NEIGHBOR", "tension": "TENSE", "reviewOn": "2026-07-05"}
    made = await town.worker.do("recordDisputeScreening", "screening { id }", situation="界线不清。", **asked)
    return str(made["screening"]["id"])


def parties(town: Any, seen: Any) -> list[str]:
    return [one["id"] for one in seen["parties"][:2]]


def agreement(town: Any, seen: Any) -> Step:
    first, second = parties(town, seen)
    given = {"facts": "越界。", "terms": [{"text": "拆除。", "obligor": second}], "expectedVersion": seen["version"]}
    return town.mediator(), "recordAgreement", given | {"signatures": [{"party": first}, {"party": second}]}


def session(town: Any, seen: Any) -> Step:
    given = {"at": "2026-06-30T01:00:00Z", "place": "村委会", "minutes": "勘界。", "expectedVersion": seen["version"]}
    return town.mediator(), "recordMediationSession", given


JOIN = {"agree": True, "rightsAcknowledged": True}
MEDIATION = Machine(
    "mediation",
    ask_for_mediation,
    {
        "join": lambda town, seen: (town.resident(0), "joinMediation", JOIN),
        "join too": lambda town, seen: (town.resident(1), "joinMediation", JOIN),
        "decline": lambda town, seen: (town.resident(1), "joinMediation", {**JOIN, "agree": False}),
        "choose": lambda town, seen: (town.resident(0), "chooseMediators", {"mediators": [town.advisers["town"]]}),
        "expert": lambda town, seen: (town.mediator(), "inviteMediationExpert", {"expert": town.advisers["lawyer"]}),
        "session": session,
        "extend": lambda town, seen: (
            town.mediator(),
            "extendMediation",
            {"days": 3, "consents": parties(town, seen)},
        ),
        "escalate": lambda town, seen: (town.mediator(), "escalateMediation", {"reason": "需上级协调"}),
        "agree": agreement,
        "fail": lambda town, seen: (town.mediator(), "endMediation", {"outcome": "FAILED", "reason": "不成"}),
        "withdraw": lambda town, seen: (town.resident(0), "endMediation", {"outcome": "WITHDRAWN"}),
    },
    {
        "REQUESTED": (),
        "MEDIATING": ("join", "join too"),
        "AGREED": ("join", "join too", "agree"),
        "ENDED": ("join", "withdraw"),
    },
    {
        "REQUESTED": {
            **dict.fromkeys(("join", "join too", "choose", "expert", "extend", "escalate"), "REQUESTED"),
            **dict.fromkeys(("decline", "fail", "withdraw"), "ENDED"),
        },
        "MEDIATING": {
            **dict.fromkeys(("choose", "expert", "session", "extend", "escalate"), "MEDIATING"),
            **dict.fromkeys(("fail", "withdraw"), "ENDED"),
            "agree": "AGREED",
        },
    },
)


def court(state: str) -> Callable[[Any, Any], Step]:
    def step(town: Any, seen: Any) -> Step:
        given = {"state": state, "on": "2026-06-30", "expectedVersion": seen["version"]}
        return town.mediator(), "recordConfirmation", given

    return step


def ask_court(town: Any, seen: Any) -> Step:
    given = {"parties": seen["signed"], "court": "县法院", "expectedVersion": seen["version"]}
    return town.resident(0), "requestConfirmation", given


CONFIRMATION = Machine(
    "confirmation",
    make_agreement,
    {"ask": ask_court, "accept": court("ACCEPTED"), "confirm": court("CONFIRMED"), "reject": court("REJECTED")},
    {
        "OPEN": (),
        "REQUESTED": ("ask",),
        "ACCEPTED": ("ask", "accept"),
        "CONFIRMED": ("ask", "accept", "confirm"),
        "REJECTED": ("ask", "reject"),
    },
    {
        "OPEN": {"ask": "REQUESTED"},
        "REQUESTED": {"accept": "ACCEPTED", "reject": "REJECTED"},
        "ACCEPTED": {"confirm": "CONFIRMED", "reject": "REJECTED"},
    },
)

ENTRY = {"question": "借款到期不还怎么办？", "answer": "可申请支付令。"}
ADVICE = Machine(
    "advice",
    begin_with(2, "askAdvice", "matter", question="邻居借钱不还怎么办？", topic="CONTRACT"),
    {
        "answer": lambda town, seen: (town.counsellor(), "answerAdvice", {"text": "可申请支付令。"}),
        "hand over": lambda town, seen: (town.counsellor(), "handOverAdvice", {"adviser": town.advisers["county"]}),
        "rate": lambda town, seen: (town.resident(2), "rateAdvice", {"rating": 5, "share": True}),
        "publish": lambda town, seen: (town.counsellor(), "proposeLegalEntry", ENTRY),
        "take back": lambda town, seen: (town.resident(2), "withdrawAdviceConsent", {}),
    },
    {"ASKED": (), "ANSWERED": ("answer",), "CLOSED": ("answer", "rate")},
    {
        "ASKED": {"answer": "ANSWERED", "hand over": "ASKED"},
        "ANSWERED": {"answer": "ANSWERED", "hand over": "ANSWERED", "rate": "CLOSED"},
        "CLOSED": {"publish": "CLOSED", "take back": "CLOSED"},
    },
)

HOURS = {"day": "2026-06-30", "minutes": 30}
AID = Machine(
    "aid",
    begin_with(3, "applyForLegalAid", "aid", about="LABOUR", ground="WAGES", facts="拖欠工资"),
    {
        "grant": lambda town, seen: (town.counsellor(), "decideLegalAid", {"grant": True}),
        "refuse": lambda town, seen: (town.counsellor(), "decideLegalAid", {"grant": False, "grounds": "可申请复查。"}),
        "assign": lambda town, seen: (town.counsellor(), "assignLegalAid", {"firm": seen["firm"]}),
        "hours": lambda town, seen: (town.server.as_("firm", unit=seen["firm"]), "recordLegalAidHours", HOURS),
        "close": lambda town, seen: (town.counsellor(), "closeLegalAid", {}),
    },
    {
        "APPLIED": (),
        "REFUSED": ("refuse",),
        "GRANTED": ("grant",),
        "ASSIGNED": ("grant", "assign"),
        "CLOSED": ("grant", "assign", "close"),
    },
    {
        "APPLIED": {"grant": "GRANTED", "refuse": "REFUSED"},
        "GRANTED": {"assign": "ASSIGNED"},
        "ASSIGNED": {"hours": "ASSIGNED", "close": "CLOSED"},
    },
)


def desk(command: str, **given: Any) -> Callable[[Any, Any], Step]:
    """Build a step of the town that takes clues up."""

    def step(town: Any, seen: Any) -> Step:
        more = {"units": [seen["firm"]]} if command == "callOnEnforcementClue" else {}
        return (
            town.server.as_("town_dispatcher", **DESK),
            command,
            {**given, **more, "expectedVersion": seen["version"]},
        )

    return step


CLUE = Machine(
    "clue",
    begin_with(4, "reportEnforcementClue", "clue", grid=":village", subject="BUILDING", text="河道边私建棚房"),
    {
        "accept": desk("decideEnforcementClue", accept=True),
        "decline": desk("decideEnforcementClue", accept=False, reason="不属执法事项"),
        "call": desk("callOnEnforcementClue", matter="核查"),
        "reply": desk("replyToEnforcementClue", text="已责令拆除。"),
    },
    {
        "REPORTED": (),
        "DECLINED": ("decline",),
        "ACCEPTED": ("accept",),
        "CALLED": ("accept", "call"),
        "HANDLED": ("accept", "call", "!close the whistle"),
        "REPLIED": ("accept", "reply"),
    },
    {
        "REPORTED": {"accept": "ACCEPTED", "decline": "DECLINED"},
        "ACCEPTED": {"call": "CALLED", "reply": "REPLIED"},
        "HANDLED": {"reply": "REPLIED"},
    },
)

LOOK = {"tension": "CALM", "note": "已立桩。"}
SCREENING = Machine(
    "screening",
    record_situation,
    {
        "look": lambda town, seen: (
            town.worker,
            "reviewDisputeScreening",
            {**LOOK, "reviewOn": "2026-07-20", "expectedVersion": seen["version"]},
        ),
        "resolve": lambda town, seen: (
            town.worker,
            "reviewDisputeScreening",
            {**LOOK, "resolved": True, "expectedVersion": seen["version"]},
        ),
    },
    {"OPEN": (), "RESOLVED": ("resolve",)},
    {"OPEN": {"look": "OPEN", "resolve": "RESOLVED"}},
)
MACHINES = (MEDIATION, CONFIRMATION, ADVICE, AID, CLUE, SCREENING)


async def look_at(town: Any, machine: Machine, id: str) -> dict[str, Any]:
    """What a step needs to know: the version, and whom it names."""
    [row] = await town.fetch(f"select * from legal.{machine.field} where id=$1", key(id))
    found = {"version": row["version"], "state": row["state"]}
    if machine in (MEDIATION, CONFIRMATION):
        named = await town.fetch("select id from legal.party where matter_id=$1 order by place", row["matter_id"])
        found["signed"] = [f"MediationParty:{one['id']}" for one in named]
        found["parties"] = [{"id": one} for one in found["signed"]]
    [found["firm"]] = (await town.fetch("select code from units.unit where kind='COUNTY_DEPARTMENT' order by id"))[0]
    return found


async def take(town: Any, machine: Machine, id: str, name: str) -> list[dict[str, Any]]:
    """Take a step, and give back what was wrong with it."""
    caller, command, given = machine.steps[name](town, await look_at(town, machine, id))
    return list((await caller.do(command, "", **{machine.field: id}, **given))["errors"])


async def close_whistle(town: Any, id: str) -> None:
    [row] = await town.fetch(
        "select w.id, w.version from legal.clue c join whistles.whistle w on w.id=c.whistle_id where c.id=$1", key(id)
    )
    given = {"whistle": f"Whistle:{row['id']}", "expectedVersion": row["version"], "outcome": "已责令拆除"}
    [unit] = (await town.fetch("select code from units.unit where kind='COUNTY_DEPARTMENT' order by id"))[0]
    inspectors = town.server.as_("department_handler", unit=unit)
    assert (await inspectors.do("checkInToWhistle", "", whistle=given["whistle"]))["errors"] == []
    given["expectedVersion"] = (await town.fetch("select version from whistles.whistle where id=$1", row["id"]))[0][0]
    done = await town.server.as_("town_dispatcher", **DESK).do("closeWhistle", "", **given)
    assert done["errors"] == []
    assert (await town.server.worker.drain()).failed == []


async def bring(town: Any, machine: Machine, state: str) -> str:
    """Bring a new one into a state by its steps."""
    id = str(await machine.begin(town))
    for name in machine.reach[state]:
        if name == "!close the whistle":
            await close_whistle(town, id)
        else:
            assert await take(town, machine, id, name) == [], (state, name)
    assert (await look_at(town, machine, id))["state"] == state
    return id


async def row_of(town: Any, machine: Machine, id: str) -> Any:
    """The row as it is stored, and which transaction wrote it."""
    return (await town.fetch(f"select xmin::text, * from legal.{machine.field} where id=$1", key(id)))[0]


@pytest.mark.parametrize(
    ("machine", "state"),
    [(machine, state) for machine in MACHINES for state in machine.reach],
    ids=[f"{machine.field}-{state}" for machine in MACHINES for state in machine.reach],
)
async def test_each_command_in_each_state(shared_town: Any, machine: Machine, state: str) -> None:
    """It leads where the table says, or is refused at the thing itself and not a byte of its row is another."""
    town, leads = shared_town, machine.leads.get(state, {})
    still = await bring(town, machine, state)
    before = await row_of(town, machine, still)
    for name in machine.steps.keys() - leads.keys():
        errors = await take(town, machine, still, name)
        assert [one["path"] for one in errors] == [[machine.field]], (name, errors)
        # Whose turn has not come may not even see it, as a firm that has no seat yet.
        assert {one["code"] for one in errors} <= {"ILLEGAL_TRANSITION", "NOT_FOUND"}, (name, errors)
    assert await row_of(town, machine, still) == before
    for name, after in leads.items():
        moved = await bring(town, machine, state)
        version = (await look_at(town, machine, moved))["version"]
        assert await take(town, machine, moved, name) == [], name
        found = await look_at(town, machine, moved)
        assert found["state"] == after, name
        # A new entry for everybody is no change of the question it came from.
        assert found["version"] == version + 1 or name == "publish", name


async def test_no_state_is_left_out(shared_town: Any, plugins: Any) -> None:
    """A state or command that is added is walked, or this names it."""
    import gongzhi_legal.models as models

    states = {
        "mediation": models.MediationState,
        "confirmation": models.ConfirmationState,
        "advice": models.AdviceState,
        "aid": models.AidState,
        "clue": models.ClueState,
        "screening": models.ScreeningState,
    }
    for machine in MACHINES:
        assert machine.reach.keys() == {one.value for one in states[machine.field]}
        assert machine.leads.keys() <= machine.reach.keys()
