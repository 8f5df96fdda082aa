"""Every state of what people work on, and every command that is given to it: allowed, or refused at its field.

The states are the schema's, and the commands are those whose input names a thing of the kind: whoever adds one says
here where it may be given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_party.models import (
    ActivityState,
    CodeState,
    DeliberationState,
    MemberStatus,
    ProjectState,
    SuggestionState,
    TransferState,
    WishState,
)
from graphql import InputObjectTypeDefinitionNode, parse, print_ast

from .scenes import GOOD, TOWN, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
MOVED, INPUT = "ILLEGAL_TRANSITION", "BAD_USER_INPUT"
D, A = DeliberationState, ActivityState


@dataclass(frozen=True)
class Step:
    """Where a command may be given, what tells that it may, and what is said elsewhere."""

    states: tuple[Enum, ...]
    probe: dict[str, Any] | None = None
    """Input that is refused for itself once the state is right; None where there is no such input."""
    told: str = INPUT
    """How that is refused."""
    said: str = MOVED
    """How the command is refused in other states."""
    elsewhere: dict[Enum, str] = field(default_factory=dict)
    """What is said in some of them instead."""


@dataclass(frozen=True)
class Machine:
    """A kind of thing: the field that names it, its table, its states, and the commands given to it."""

    table: str
    type: str
    states: type[Enum]
    steps: dict[str, Step]
    unreached: tuple[Enum, ...] = ()
    """States that no command leads to yet."""


MACHINES = {
    "deliberation": Machine("deliberation", "Deliberation", D, {
        "askToSpeakOnMatter": Step((D.ANNOUNCED,), {"topic": ""}),
        "castVote": Step((D.VOTING,), {"choices": []}, said="VOTE_CLOSED"),
        "closeVote": Step((D.VOTING,), {}, "VOTE_OPEN"),
        "confirmMatterMeeting": Step((D.RECORDED,), {"confirm": False}),
        "decideMatter": Step((D.COUNTED,), {"proposal": "x"}, "NOT_FOUND"),
        "dropMatter": Step((D.RAISED, D.ANNOUNCED, D.RECORDED, D.VOTING), {"reason": ""}),
        "evaluateMatter": Step((D.PUBLICISED,), {"score": 0}),
        "executeMatter": Step((D.DECIDED, D.PUBLICISED), {"task": None}),
        "extendVote": Step((D.VOTING,), {"until": "2026-07-01T02:00:00Z"}),
        "grantVoteProxy": Step((D.ANNOUNCED, D.VOTING), {"proxy": ":person0"}),
        "openVote": Step((D.ANNOUNCED,), {"quorumPercent": 0}),
        "proposeOnMatter": Step((D.ANNOUNCED,), {"text": ""}),
        "publicizeMatter": Step((D.DECIDED,), {"days": 1}),
        "publishMatterAgenda": Step((D.RAISED, D.ANNOUNCED), {"items": []}),
        "recordMatterMeeting": Step((D.ANNOUNCED, D.RECORDED), {"place": ""}),
    }),
    "activity": Machine("activity", "PartyActivity", A, {
        "cancelActivity": Step((A.PLANNED,), {"reason": ""}),
        "checkInToActivity": Step(tuple(A), {}, "FOREIGN_CODE"),
        "markActivityAttendance": Step((A.PLANNED, A.HELD), {"person": ":person2"}, "ALREADY_CHECKED_IN"),
        "moveActivity": Step((A.PLANNED,), {"reason": ""}),
        "rateActivity": Step(tuple(A), {"score": 0}),
        "recordActivityMinutes": Step((A.PLANNED,), {"text": ""}, elsewhere={A.HELD: "DUPLICATE"}),
        "signUpToActivity": Step((A.PLANNED,), {}, "DUPLICATE"),
        "withdrawFromActivity": Step(tuple(A), {"excuse": " "}),
    }),
    "transfer": Machine("transfer", "PartyTransfer", TransferState, {
        "decidePartyTransfer": Step((TransferState.REQUESTED,), {"accept": False}),
        "withdrawPartyTransfer": Step((TransferState.REQUESTED,)),
    }),
    "member": Machine("member", "PartyMember", MemberStatus, {
        "handOverHouseholds": Step(tuple(MemberStatus), {"consent": False}, "CONSENT_REQUIRED"),
        "linkHousehold": Step((MemberStatus.FULL,), {"dutyPhone": "1"}, said=INPUT),
        "requestPartyTransfer": Step((MemberStatus.PROBATIONARY, MemberStatus.FULL), {"target": ":group_of"}),
        "updatePartyMember": Step((MemberStatus.PROBATIONARY, MemberStatus.FULL), {"group": ":target"}),
    }),
    "wish": Machine("wish", "Wish", WishState, {
        "claimWish": Step((WishState.OPEN,), {"branch": ":branch"}, "FORBIDDEN"),
        "endWish": Step((WishState.OPEN, WishState.CLAIMED)),
    }),
    "suggestion": Machine("suggestion", "DeputySuggestion", SuggestionState, {
        "rateSuggestionReply": Step((SuggestionState.REPLIED,)),
        "replyToSuggestion": Step((SuggestionState.SUBMITTED, SuggestionState.REPLIED), {"text": ""}),
    }),
    "project": Machine("project", "PublicProject", ProjectState, {
        "advancePublicProject": Step((ProjectState.PLANNED, ProjectState.UNDER_WAY), {"note": ""}),
        "ratePublicProject": Step((ProjectState.DONE,), {"score": 0}),
    }, (ProjectState.DROPPED,)),
    "code": Machine("code", "VillageCode", CodeState, {
        "adoptVillageCode": Step((CodeState.DRAFT,), {}, "NOT_ADOPTED"),
    }),
}  # fmt: skip
CELLS = [
    (name, command, state)
    for name, machine in MACHINES.items()
    for command in machine.steps
    for state in machine.states
    if state not in machine.unreached
]


def inputs() -> Iterator[tuple[str, set[str]]]:
    """The commands of the plugin, each with the ids that its input needs."""
    for one in parse(ADDED.read_text(encoding="utf-8")).definitions:
        name = one.name.value if isinstance(one, InputObjectTypeDefinitionNode) else ""
        command = name[:1].lower() + name.removesuffix("Input")[1:]
        if isinstance(one, InputObjectTypeDefinitionNode) and command in GOOD:
            yield command, {field.name.value for field in one.fields if print_ast(field.type) == "ID!"}


@pytest.mark.parametrize("name", sorted(MACHINES))
async def test_every_command_of_a_kind_is_here(name: str) -> None:
    assert {command for command, needs in inputs() if name in needs} == MACHINES[name].steps.keys()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages(scene: Scene) -> dict[tuple[str, Enum], str]:
    """A thing of each kind in each of its states, brought there by commands alone."""
    ids, make = scene.ids, scene.make
    found: dict[tuple[str, Enum], str] = {
        ("deliberation", state): ids[state.value.lower()] for state in D if state is not D.DROPPED
    }
    dropped = await make("resident 0", "raiseMatter", "deliberation", grid=TOWN, title="修塘", text="议")
    await make("leader", "dropMatter", "deliberation", deliberation=dropped, expectedVersion=1, reason="已解决")
    found["deliberation", D.DROPPED] = dropped
    await stage_activities(scene, found)
    await stage_members(scene, found)
    for state in WishState:
        wish = found["wish", state] = await make(
            "resident 0", "makeWish", "wish", title=state.value, text="愿", published=True
        )
        if state in (WishState.CLAIMED, WishState.FULFILLED):
            await make("resident 3", "claimWish", "wish", wish=wish)
        if state in (WishState.FULFILLED, WishState.WITHDRAWN):
            await make("resident 0", "endWish", "wish", wish=wish, fulfilled=state is WishState.FULFILLED)
    asked = {"grid": TOWN, "unit": ":unit", "title": "建议", "text": "修路。"}
    rated = await make("deputy", "submitDeputySuggestion", "suggestion", **asked)
    await make("handler", "replyToSuggestion", "suggestion", suggestion=rated, text="已修。")
    await make("deputy", "rateSuggestionReply", "suggestion", suggestion=rated, satisfied=True)
    found |= dict(
        zip((("suggestion", one) for one in SuggestionState), (ids["suggestion"], ids["replied"], rated), strict=True)
    )
    under_way = await make(
        "worker", "startPublicProject", "project", grid=TOWN, title="桥", text="修", dueOn="2026-12-01"
    )
    await make("worker", "advancePublicProject", "project", project=under_way, percent=40, note="半", expectedVersion=1)
    states = (ProjectState.PLANNED, ProjectState.UNDER_WAY, ProjectState.DONE)
    found |= dict(zip((("project", one) for one in states), (ids["project"], under_way, ids["done"]), strict=True))
    await stage_codes(scene, found)
    return found


async def stage_activities(scene: Scene, found: dict[tuple[str, Enum], str]) -> None:
    """Activities that begin now, with somebody who comes and somebody who has come."""
    now = {**GOOD["arrangeActivity"][1]["activity"], "startsAt": "2026-06-30T02:00:00Z"}
    for state in A:
        activity = found["activity", state] = await scene.make("worker", "arrangeActivity", "activity", activity=now)
        for one in (0, 1):
            await scene.make(f"resident {one}", "signUpToActivity", "participation", activity=activity)
        given = {"activity": activity, "person": ":person2"}
        await scene.make("worker", "markActivityAttendance", "participation", **given)
        if state is A.HELD:
            done = await scene.caller("worker").do(
                "recordActivityMinutes", "activity { id }", activity=activity, text="毕"
            )
            assert done["errors"] == []
        elif state is A.CANCELLED:
            given = {"activity": activity, "expectedVersion": 1, "reason": "雨"}
            await scene.make("worker", "cancelActivity", "activity", **given)


async def stage_members(scene: Scene, found: dict[tuple[str, Enum], str]) -> None:
    """Members of each kind, and transfers that ended in each way."""
    scene.ids["group_of"] = await scene.make(
        "administrator 610921", "addPartyBranch", "branch", kind="GROUP", name="组", grid=TOWN, parent=":branch"
    )
    people = iter([f"Person:{key}" for key in await scene.town.invent(len(MemberStatus) + len(TransferState))])
    for status in MemberStatus:
        admitted = MemberStatus.FULL if status is MemberStatus.LEFT else status
        given = {"person": next(people), "joinedOn": "2020-07-01", "branch": ":branch"}
        member = await scene.make("secretary", "admitPartyMember", "member", **given, status=admitted.value)
        found["member", status] = member
        if status is MemberStatus.LEFT:
            left = {"member": member, "expectedVersion": 1, "status": "LEFT"}
            await scene.make("secretary", "updatePartyMember", "member", **left)
    for state in TransferState:
        given = {"person": next(people), "joinedOn": "2020-07-01", "branch": ":branch"}
        member = await scene.make("secretary", "admitPartyMember", "member", **given)
        asked = {"member": member, "target": ":target"}
        transfer = found["transfer", state] = await scene.make("secretary", "requestPartyTransfer", "transfer", **asked)
        if state in (TransferState.ACCEPTED, TransferState.REFUSED):
            said = {"accept": state is TransferState.ACCEPTED, "reason": "无"}
            await scene.make("secretary", "decidePartyTransfer", "transfer", transfer=transfer, **said)
        elif state is TransferState.WITHDRAWN:
            await scene.make("secretary", "withdrawPartyTransfer", "transfer", transfer=transfer)


async def stage_codes(scene: Scene, found: dict[tuple[str, Enum], str]) -> None:
    """A version that ended when the next one was adopted, that one, and a draft."""
    given = {"grid": TOWN, "title": "村规民约", "text": "文"}
    codes = [await scene.make("leader", "draftVillageCode", "code", **given) for _ in CodeState]
    rows = await scene.town.fetch("select id, number from party.code")
    numbers = {f"VillageCode:{row['id']}": row["number"] for row in rows}
    resolution = {"grid": TOWN, "body": "ASSEMBLY", "title": "约", "text": "通过。", "decidedOn": "2026-06-02"}
    adopts = [f"party.code.{TOWN}/{numbers[one]}" for one in codes[:2]]
    await scene.make("leader", "recordResolution", "resolution", **resolution, adopts=adopts)
    for one in codes[:2]:
        await scene.make("leader", "adoptVillageCode", "code", code=one)
    for state, code in zip((CodeState.ENDED, CodeState.ADOPTED, CodeState.DRAFT), codes, strict=True):
        found["code", state] = code


async def test_every_state_is_reached(stages: dict[tuple[str, Enum], str]) -> None:
    """A state that is added is brought about here, or named as one that no command leads to."""
    for name, machine in MACHINES.items():
        assert {state for kind, state in stages if kind == name} | set(machine.unreached) == set(machine.states)


async def test_things_are_in_their_states(scene: Scene, stages: dict[tuple[str, Enum], str]) -> None:
    for (name, state), id in stages.items():
        column = "status" if name == "member" else "state"
        text = f"select {column}::text from party.{MACHINES[name].table} where id=$1"
        assert await scene.town.fetch(text, id.partition(":")[2]) == [(state.value,)], (name, state)


@pytest.mark.parametrize(("name", "command", "state"), CELLS, ids=[f"{one[1]}-{one[2].name}" for one in CELLS])
async def test_command_in_state(
    scene: Scene, stages: dict[tuple[str, Enum], str], name: str, command: str, state: Enum
) -> None:
    """Where a command may not be given it is refused for the state, at the field; where it may, for its own input."""
    machine, (caller, good) = MACHINES[name], GOOD[command]
    step, id = machine.steps[command], stages[name, state]
    given, allowed = {**good, name: id}, state in step.states
    if "expectedVersion" in good:
        text = f"select version from party.{machine.table} where id=$1"
        [(given["expectedVersion"],)] = await scene.town.fetch(text, id.partition(":")[2])
    if allowed and step.probe is None:
        return  # nothing about it can be wrong but the state
    before = await scene.count()
    [(code, path)] = await scene.give(caller, command, given | (step.probe or {} if allowed else {}))
    expected = step.told if allowed else step.elsewhere.get(state, step.said)
    assert code == expected, (code, path)
    assert allowed or path == [name]
    assert await scene.count() == before


OVER = {
    "endPartyLink": ("party.link set until='2026-06-30'", "link", MOVED),
    "endPartyOffice": ("party.office set until='2026-06-30'", "office", MOVED),
    "endActivitySeries": ("party.series set ended_at=now()", "series", MOVED),
    "replanActivitySeries": ("party.series set ended_at=now()", "series", MOVED),
    "finishPartyTask": ("party.task set done_at=now()", "task", MOVED),
    "joinVolunteerGroup": ("party.team set ended_on='2026-06-30'", "group", "NOT_FOR_YOU"),
    "reportForHousehold": ("party.link set until='2026-06-30'", "link", "FORBIDDEN"),
    "addPartyBranch": ("party.branch set dissolved_on='2026-06-30'", "parent", INPUT),
    "admitPartyMember": ("party.branch set dissolved_on='2026-06-30'", "branch", INPUT),
    "requestPartyTransfer": ("party.branch set dissolved_on='2026-06-30'", "target", INPUT),
}
"""What has ended, and the command that comes too late."""


@pytest.mark.parametrize("command", sorted(OVER))
async def test_what_has_ended_stays_ended(scene: Scene, command: str) -> None:
    """Links, offices, series, tasks, groups and organisations that are over are not gone on with."""
    change, name, code = OVER[command]
    caller, good = GOOD[command]
    parent = {"parent": ":branch", "kind": "GROUP"} if name == "parent" else {}
    key = scene.ids[parent.get("parent", good.get(name, ":branch"))[1:]].partition(":")[2]
    table, column = change.split(" ")[0], change.split(" ")[2].partition("=")[0]
    await scene.town.fetch(f"update {change} where id=$1", key)
    try:
        assert await scene.give(caller, command, good | parent) == [(code, [name])]
    finally:
        await scene.town.fetch(f"update {table} set {column}=null where id=$1", key)
