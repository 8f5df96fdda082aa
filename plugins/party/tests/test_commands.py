"""Every command of the plugin: who may not give it, what it makes of bad input, and when it comes too early or late."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from gongzhi.testing.additions import read_mutations

from .scenes import GOOD, NOBODY, OTHER, PLAN, QUESTION, TOWN, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
OUTSIDERS = ("stranger", "party_secretary 610921102", "grid_worker 610921102")
PERMITTED = {"checkQuiz": set(OUTSIDERS)}
TOLD = {"checkInToActivity": {"FOREIGN_CODE"}}
"""What outsiders learn beside that it is not there or not for them."""


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders, or this names it."""
    added = read_mutations(ADDED.read_text(encoding="utf-8"))
    assert added == GOOD.keys()
    assert added - BAD.keys() == {"reportToCommunity"}, "which has no input but its key"


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    """Who belongs to another town, or is nobody, is refused as if nothing were there."""
    before = await scene.count()
    for caller in sorted(set(OUTSIDERS) - PERMITTED.get(command, set())):
        [(code, path)] = await scene.give(caller, command, GOOD[command][1])
        assert code in {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"} | TOLD.get(command, set()), (caller, code)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, CONSENT, STALE = "BAD_USER_INPUT", "NOT_FOUND", "CONSENT_REQUIRED", "STALE_VERSION"
NOWHERE = {"grid": "610921999"}
Wrong = tuple[dict[str, Any], str, str]
TASK = {"title": "清淤", "dueOn": "2026-08-01"}
VOTE = {"proposal": ":voting_proposal", "choice": "FOR"}
PAPER = {"kind": "DOCUMENT", "title": "方案", "content": b64encode(b"%PDF-1.7").decode()}
SCRIPTED = b64encode(b"%PDF-1.7 <</S /JavaScript /JS (app.alert(1))>>").decode()
BAD: dict[str, tuple[Wrong, ...]] = {
    "addPartyBranch": (
        ({"name": ""}, INPUT, "name"),
        ({"stationPlace": " "}, INPUT, "stationPlace"),
        ({"kind": "GROUP"}, INPUT, "parent"),
        ({"kind": "COMMITTEE", "parent": ":branch"}, INPUT, "parent"),
        ({"parent": f"PartyBranch:{NOBODY}"}, MISSING, "parent"),
        (NOWHERE, MISSING, "grid"),
    ),
    "admitPartyMember": (
        ({"person": ":person1"}, "DUPLICATE", "person"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"joinedOn": "2026-07-01"}, INPUT, "joinedOn"),
    ),
    "adoptVillageCode": (({"code": f"VillageCode:{NOBODY}"}, MISSING, "code"), ({"code": ":branch"}, MISSING, "code")),
    "advancePublicProject": (
        ({"percent": -1}, INPUT, "percent"),
        ({"percent": 101}, INPUT, "percent"),
        ({"note": ""}, INPUT, "note"),
        ({"expectedVersion": 7}, STALE, "expectedVersion"),
    ),
    "appointPartyOfficer": (
        ({"consent": False}, CONSENT, "consent"),
        ({"termEndsOn": "2026-06-30"}, INPUT, "termEndsOn"),
        ({"termEndsOn": "2036-06-30"}, INPUT, "termEndsOn"),
        ({"dutyPhone": "12"}, INPUT, "dutyPhone"),
        ({"duty": "SECRETARY"}, "TERMS_OVERLAP", "since"),
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
    ),
    "arrangeActivity": (
        ({"activity": PLAN | {"title": ""}}, INPUT, "activity.title"),
        ({"activity": PLAN | {"minutes": 4}}, INPUT, "activity.minutes"),
        ({"activity": PLAN | {"minutes": 1_441}}, INPUT, "activity.minutes"),
        ({"activity": PLAN | {"capacity": 0}}, INPUT, "activity.capacity"),
        ({"activity": PLAN | {"startsAt": "2026-06-29T09:00:00+08:00"}}, INPUT, "activity.startsAt"),
        ({"activity": PLAN | {"startsAt": "2026-07-29T09:00:00"}}, INPUT, "activity.startsAt"),
        ({"activity": PLAN | NOWHERE}, MISSING, "activity.grid"),
        ({"activity": PLAN | {"branch": f"PartyBranch:{NOBODY}"}}, MISSING, "activity.branch"),
    ),
    "askToSpeakOnMatter": (({"topic": ""}, INPUT, "topic"),),
    "cancelActivity": (({"reason": ""}, INPUT, "reason"), ({"expectedVersion": 9}, STALE, "expectedVersion")),
    "castVote": (
        ({"choices": []}, INPUT, "choices"),
        ({"choices": [VOTE, VOTE]}, INPUT, "choices"),
        ({"choices": [VOTE | {"proposal": ":announced_proposal"}]}, INPUT, "choices"),
        ({"choices": [VOTE | {"proposal": "x"}]}, INPUT, "choices"),
        ({"onBehalfOf": ":person3"}, "NO_PROXY", "onBehalfOf"),
        ({"onBehalfOf": f"Person:{NOBODY}"}, "NO_PROXY", "onBehalfOf"),
        ({"deliberation": f"Deliberation:{NOBODY}"}, MISSING, "deliberation"),
    ),
    "checkInToActivity": (({"code": "签到"}, "FOREIGN_CODE", "code"), ({"code": ""}, "FOREIGN_CODE", "code")),
    "checkQuiz": (({"answers": []}, INPUT, "answers"), ({"answers": [1, 2]}, INPUT, "answers")),
    "claimWish": (
        ({"wish": f"Wish:{NOBODY}"}, MISSING, "wish"),
        ({"branch": f"PartyBranch:{NOBODY}"}, MISSING, "branch"),
        ({"branch": ":branch"}, "FORBIDDEN", "branch"),
    ),
    "closeActivityCalendar": (({"calendar": f"ActivityCalendar:{NOBODY}"}, MISSING, "calendar"),),
    "closeVote": (
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
        ({"deliberation": f"Deliberation:{NOBODY}"}, MISSING, "deliberation"),
    ),
    "confirmMatterMeeting": (
        ({"confirm": False}, INPUT, "reason"),
        ({"confirm": False, "reason": " "}, INPUT, "reason"),
        ({"confirm": False, "reason": "长" * 501}, INPUT, "reason"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "coverPartyGrids": (
        ({"grids": []}, INPUT, "grids"),
        ({"grids": [TOWN, "610921999"]}, MISSING, "grids.1"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "decideMatter": (
        ({"proposal": f"MatterProposal:{NOBODY}"}, MISSING, "proposal"),
        ({"proposal": ":voting_proposal"}, MISSING, "proposal"),
        ({"adopts": [""]}, INPUT, "adopts"),
        ({"adopts": ["规" * 101]}, INPUT, "adopts"),
        ({"adopts": ["party.code.610921100/2"] * 21}, INPUT, "adopts"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "decidePartyTransfer": (({"accept": False}, INPUT, "reason"), ({"reason": ""}, INPUT, "reason")),
    "draftVillageCode": (({"title": ""}, INPUT, "title"), ({"text": ""}, INPUT, "text"), (NOWHERE, MISSING, "grid")),
    "dropMatter": (({"reason": ""}, INPUT, "reason"), ({"expectedVersion": 9}, STALE, "expectedVersion")),
    "endActivitySeries": (({"reason": ""}, INPUT, "reason"),),
    "endPartyLink": (({"link": f"PartyLink:{NOBODY}"}, MISSING, "link"),),
    "endPartyOffice": (({"office": f"PartyOffice:{NOBODY}"}, MISSING, "office"),),
    "endWish": (({"wish": f"Wish:{NOBODY}"}, MISSING, "wish"),),
    "evaluateMatter": (
        ({"score": 0}, INPUT, "score"),
        ({"score": 6}, INPUT, "score"),
        ({"deliberation": f"Deliberation:{NOBODY}"}, MISSING, "deliberation"),
    ),
    "executeMatter": (
        ({"task": None}, INPUT, "task"),
        ({"case": "610921202606300000018"}, MISSING, "case"),
        ({"task": TASK | {"title": ""}}, INPUT, "task.title"),
        ({"task": TASK | {"dueOn": "2026-06-29"}}, INPUT, "task.dueOn"),
        ({"task": TASK | {"owner": f"Person:{NOBODY}"}}, MISSING, "task.owner"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "extendVote": (
        ({"until": "2026-07-02T02:00:00Z"}, INPUT, "until"),
        ({"until": "2026-10-02T02:00:00Z"}, INPUT, "until"),
        ({"until": "2026-07-05T02:00:00"}, INPUT, "until"),
    ),
    "finishPartyTask": (({"note": " "}, INPUT, "note"), ({"task": f"PartyTask:{NOBODY}"}, MISSING, "task")),
    "foundVolunteerGroup": (
        ({"consent": False}, CONSENT, "consent"),
        ({"name": ""}, INPUT, "name"),
        ({"purpose": ""}, INPUT, "purpose"),
        ({"leader": f"Person:{NOBODY}"}, MISSING, "leader"),
    ),
    "grantVoteProxy": (
        ({"proxy": ":person0"}, INPUT, "proxy"),
        ({"proxy": f"Person:{NOBODY}"}, INPUT, "proxy"),
        ({"proxy": "x"}, INPUT, "proxy"),
        ({"principal": ":person2"}, "FORBIDDEN", "principal"),
    ),
    "handOverHouseholds": (
        ({"consent": False}, CONSENT, "consent"),
        ({"successor": f"PartyMember:{NOBODY}"}, MISSING, "successor"),
    ),
    "joinVolunteerGroup": (({"group": f"VolunteerGroup:{NOBODY}"}, MISSING, "group"),),
    "leaveCouncil": (({"seat": f"CouncilSeat:{NOBODY}"}, MISSING, "seat"),),
    "leaveVolunteerGroup": (({"group": f"VolunteerGroup:{NOBODY}"}, MISSING, "group"),),
    "linkHousehold": (
        ({"consent": False}, CONSENT, "consent"),
        ({"dutyPhone": "12"}, INPUT, "dutyPhone"),
        ({"household": f"Household:{NOBODY}"}, MISSING, "household"),
        ({"member": f"PartyMember:{NOBODY}"}, MISSING, "member"),
    ),
    "makeWish": (({"title": ""}, INPUT, "title"), ({"text": "长" * 1_001}, INPUT, "text")),
    "markActivityAttendance": (
        ({"person": f"Person:{NOBODY}"}, MISSING, "person"),
        ({"person": ":person4", "came": False}, MISSING, "person"),
        ({"activity": f"PartyActivity:{NOBODY}"}, MISSING, "activity"),
    ),
    "moveActivity": (
        ({"startsAt": "2026-06-30T01:00:00Z"}, INPUT, "startsAt"),
        ({"startsAt": "2026-07-30T01:00:00"}, INPUT, "startsAt"),
        ({"place": ""}, INPUT, "place"),
        ({"reason": ""}, INPUT, "reason"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "openActivityCalendar": (
        ({"kind": "BRANCH"}, MISSING, "branch"),
        ({"kind": "BRANCH", "branch": f"PartyBranch:{NOBODY}"}, MISSING, "branch"),
        ({"kind": "GRID"}, MISSING, "grid"),
        ({"kind": "GRID"} | NOWHERE, MISSING, "grid"),
    ),
    "openVote": (
        ({"quorumPercent": 0}, INPUT, "quorumPercent"),
        ({"quorumPercent": 101}, INPUT, "quorumPercent"),
        ({"until": "2026-06-30T02:30:00Z"}, INPUT, "until"),
        ({"until": "2026-07-03T02:00:00"}, INPUT, "until"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "planActivitySeries": (
        ({"rule": ""}, INPUT, "rule"),
        ({"rule": "FREQ=WEEKLY;BYDAY=WE"}, "UNBOUNDED_RULE", "rule"),
        ({"rule": "FREQ=DAILY;COUNT=1", "exceptions": ["2026-07-01"]}, INPUT, "rule"),
        ({"activity": PLAN | {"place": " "}}, INPUT, "activity.place"),
        ({"activity": PLAN | {"audience": "BRANCH"}}, "FORBIDDEN", "activity"),
    ),
    "proposeOnMatter": (({"text": ""}, INPUT, "text"),),
    "publicizeMatter": (
        ({"days": 6}, INPUT, "days"),
        ({"days": 91}, INPUT, "days"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "publishLesson": (
        ({"link": "http://example.org"}, INPUT, "link"),
        ({"questions": []}, INPUT, "questions"),
        ({"questions": [QUESTION] * 31}, INPUT, "questions"),
        ({"questions": [QUESTION | {"answer": 3}]}, INPUT, "questions.0.answer"),
        ({"questions": [QUESTION | {"answer": 0}]}, INPUT, "questions.0.answer"),
        ({"questions": [QUESTION | {"options": ["一"]}]}, INPUT, "questions.0.options"),
        ({"topic": ""}, INPUT, "topic"),
    ),
    "publishMatterAgenda": (
        ({"items": []}, INPUT, "items"),
        ({"items": ["表决", ""]}, INPUT, "items.1"),
        ({"activity": f"PartyActivity:{NOBODY}"}, MISSING, "activity"),
    ),
    "raiseMatter": (
        ({"title": ""}, INPUT, "title"),
        ({"case": "610921202606300000018"}, MISSING, "case"),
        ({"grid": OTHER}, "FORBIDDEN", "grid"),
    ),
    "rateActivity": (
        ({"score": 0}, INPUT, "score"),
        ({"score": 6}, INPUT, "score"),
        ({"comment": " "}, INPUT, "comment"),
        ({"comment": "长" * 501}, INPUT, "comment"),
    ),
    "ratePublicProject": (({"score": 0}, INPUT, "score"), ({"score": 6}, INPUT, "score")),
    "rateSuggestionReply": (({"suggestion": f"DeputySuggestion:{NOBODY}"}, MISSING, "suggestion"),),
    "recordActivityMinutes": (
        ({"text": " "}, INPUT, "text"),
        ({"papers": [PAPER] * 7}, INPUT, "papers"),
        ({"papers": [PAPER | {"content": "不是"}]}, INPUT, "papers.0.content"),
        ({"papers": [PAPER | {"content": SCRIPTED}]}, INPUT, "papers.0.content"),
        ({"papers": [PAPER, PAPER | {"title": ""}]}, INPUT, "papers.1.title"),
        ({"papers": [PAPER | {"kind": "PHOTO"}]}, CONSENT, "papers.0.consent"),
        ({"tasks": [TASK] * 51}, INPUT, "tasks"),
        ({"tasks": [TASK, TASK | {"title": ""}]}, INPUT, "tasks.1.title"),
        ({"tasks": [TASK | {"dueOn": "2026-06-29"}]}, INPUT, "tasks.0.dueOn"),
        ({"tasks": [TASK | {"owner": f"Person:{NOBODY}"}]}, MISSING, "tasks.0.owner"),
    ),
    "recordMatterMeeting": (
        ({"place": ""}, INPUT, "place"),
        ({"heldAt": "2026-06-30T01:00:00"}, INPUT, "heldAt"),
        ({"hands": []}, INPUT, "hands"),
        ({"attendance": [f"Person:{NOBODY}"]}, MISSING, "attendance.0"),
        ({"quorumPercent": 100}, "QUORUM_MISSED", "attendance"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "replanActivitySeries": (({"series": f"PartySeries:{NOBODY}"}, MISSING, "series"),),
    "replyToSuggestion": (({"text": ""}, INPUT, "text"),),
    "reportForHousehold": (
        ({"title": ""}, INPUT, "title"),
        ({"description": ""}, INPUT, "description"),
        ({"category": "no.such"}, MISSING, "category"),
        ({"link": f"PartyLink:{NOBODY}"}, MISSING, "link"),
    ),
    "requestPartyHelper": (({"household": f"Household:{NOBODY}"}, MISSING, "household"),),
    "requestPartyTransfer": (
        ({"target": ":branch"}, INPUT, "target"),
        ({"target": f"PartyBranch:{NOBODY}"}, MISSING, "target"),
        ({"member": f"PartyMember:{NOBODY}"}, MISSING, "member"),
    ),
    "seatInCouncil": (({"consent": False}, CONSENT, "consent"), ({"kind": "MORALITY"}, "DUPLICATE", "person")),
    "signUpToActivity": (
        ({"activity": f"PartyActivity:{NOBODY}"}, MISSING, "activity"),
        ({"activity": "x"}, MISSING, "activity"),
    ),
    "startPublicProject": (
        ({"title": ""}, INPUT, "title"),
        ({"deliberation": f"Deliberation:{NOBODY}"}, MISSING, "deliberation"),
        ({"branch": f"PartyBranch:{NOBODY}"}, MISSING, "branch"),
    ),
    "submitDeputySuggestion": (({"unit": "nowhere"}, MISSING, "unit"), ({"text": ""}, INPUT, "text")),
    "updatePartyMember": (
        ({"status": "PROBATIONARY"}, "ILLEGAL_TRANSITION", "status"),
        ({"group": ":target"}, INPUT, "group"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "withdrawFromActivity": (({"excuse": " "}, INPUT, "excuse"),),
    "withdrawLesson": (({"lesson": f"Lesson:{NOBODY}"}, MISSING, "lesson"),),
    "withdrawPartyTransfer": (({"transfer": f"PartyTransfer:{NOBODY}"}, MISSING, "transfer"),),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


MOVED = "ILLEGAL_TRANSITION"
STATES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("signUpToActivity", {"activity": ":cancelled"}, MOVED, "activity"),
    ("moveActivity", {"activity": ":cancelled", "expectedVersion": 2}, MOVED, "activity"),
    ("cancelActivity", {"activity": ":cancelled", "expectedVersion": 2}, MOVED, "activity"),
    ("recordActivityMinutes", {"activity": ":activity"}, MOVED, "activity"),
    ("recordActivityMinutes", {"activity": ":cancelled"}, MOVED, "activity"),
    ("markActivityAttendance", {"activity": ":activity"}, "CHECK_IN_CLOSED", "activity"),
    ("rateActivity", {"activity": ":activity"}, "NOT_THERE", "activity"),
    ("withdrawFromActivity", {"activity": ":cancelled"}, "NOT_FOUND", "activity"),
    ("adoptVillageCode", {"code": ":draft"}, "NOT_ADOPTED", "code"),
    ("askToSpeakOnMatter", {"deliberation": ":raised"}, MOVED, "deliberation"),
    ("proposeOnMatter", {"deliberation": ":voting"}, MOVED, "deliberation"),
    ("openVote", {"deliberation": ":raised", "expectedVersion": 1}, MOVED, "deliberation"),
    ("castVote", {"deliberation": ":announced"}, "VOTE_CLOSED", "deliberation"),
    ("closeVote", {}, "VOTE_OPEN", "deliberation"),
    ("extendVote", {"deliberation": ":announced", "expectedVersion": 2}, MOVED, "deliberation"),
    ("decideMatter", {"deliberation": ":voting", "expectedVersion": 3}, MOVED, "deliberation"),
    ("executeMatter", {"deliberation": ":voting", "expectedVersion": 3}, MOVED, "deliberation"),
    ("publicizeMatter", {"deliberation": ":voting", "expectedVersion": 3}, MOVED, "deliberation"),
    ("evaluateMatter", {"deliberation": ":voting"}, MOVED, "deliberation"),
    ("rateSuggestionReply", {"suggestion": ":suggestion"}, MOVED, "suggestion"),
    ("ratePublicProject", {"project": ":project"}, MOVED, "project"),
    ("endWish", {"fulfilled": True}, MOVED, "wish"),
    ("requestPartyTransfer", {"member": ":member"}, "DUPLICATE", "member"),
)


@pytest.mark.parametrize(("command", "change", "code", "path"), STATES, ids=[f"{one[0]}-{one[2]}" for one in STATES])
async def test_too_early_or_too_late(scene: Scene, command: str, change: dict[str, Any], code: str, path: str) -> None:
    """Steps out of their turn are refused at what they were to be done with."""
    caller, good = GOOD[command]
    assert await scene.give(caller, command, good | change) == [(code, [path])]
