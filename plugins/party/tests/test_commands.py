"""Every command of the plugin: who may not give it, what it makes of bad input, and when it comes too early or late."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from graphql import ObjectTypeExtensionNode, parse

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TOWN, OTHER = "610921100", "610921102"
KEYLESS = ("castVote", "checkQuiz")
"""Commands that keep no idempotency key, which would tell by account who voted or tried."""


@dataclass
class Scene:
    """What there is in the plugin, in the state in which its commands can be given."""

    town: Any
    ids: dict[str, str]

    def resolve(self, value: Any) -> Any:
        """Put ids in the place of names that begin with a colon."""
        match value:
            case str() if value.startswith(":"):
                return self.ids[value[1:]]
            case list():
                return [self.resolve(one) for one in value]
            case dict():
                return {name: self.resolve(one) for name, one in value.items()}
        return value

    def caller(self, name: str) -> Any:
        """A caller by what they are: `resident 2`, `secretary`, `party_secretary 610921102`."""
        kind, _, which = name.partition(" ")
        match kind:
            case "stranger":
                return self.town.server
            case "resident":
                return self.town.resident(int(which))
            case "secretary" | "worker" | "leader":
                return getattr(self.town, kind)
            case "handler":
                return self.town.server.as_("department_handler", unit=self.ids["unit"])
            case "deputy":
                return self.town.server.as_("deputy", grid=TOWN, person=str(self.town.people[5]))
        return self.town.server.as_(kind, grid=which)

    async def give(self, caller: str, command: str, given: dict[str, Any]) -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = self.resolve(given) | ({} if command in KEYLESS else {"idempotencyKey": str(uuid4())})
        kind = f"{command[0].upper()}{command[1:]}Input"
        text = f"mutation($input: {kind}!) {{ {command}(input: $input) {{ errors {{ code path }} }} }}"
        answer = await self.caller(caller).ask(text, input=asked)
        if answer.errors:
            return [(one["extensions"]["code"], one["path"]) for one in answer.errors]
        return [(one["code"], one["path"]) for one in answer.data[command]["errors"]]

    async def make(self, caller: str, command: str, asks: str, **given: Any) -> str:
        payload = await self.caller(caller).do(command, asks + " { id }", **self.resolve(given))
        assert payload["errors"] == [], payload
        return str(payload[asks]["id"])

    async def count(self) -> list[Any]:
        """How many rows there are of everything in the plugin."""
        tables = await self.town.fetch("select table_name from information_schema.tables where table_schema='party'")
        counted = ", ".join(f"(select count(*) from party.{one['table_name']})" for one in tables)
        return list((await self.town.fetch(f"select {counted}"))[0].values())


PLAN = {"form": "PARTY_DAY", "audience": "PUBLIC", "title": "主题党日", "grid": TOWN, "place": "中心",
        "startsAt": "2026-07-01T09:00:00+08:00"}  # fmt: skip
QUESTION = {"text": "几年一届？", "options": ["三年", "五年"], "answer": 2, "explanation": "《村民委员会组织法》。"}
LESSON = {"grid": TOWN, "kind": "QUIZ", "topic": "换届", "title": "问答", "text": "试一试", "questions": [QUESTION]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_town: Any) -> Scene:
    town = shared_town
    found = Scene(town, {f"person{at}": town.person(at) for at in range(8)})
    ids = found.ids
    [(ids["unit"],)] = await town.fetch("select code from units.unit order by id limit 1")
    [(household,)] = await town.fetch(
        "select household_id from people.membership where person_id=$1 and until is null", town.people[0]
    )
    ids |= {"branch": town.branch, "household": f"Household:{household}", "member": await town.admit(1)}
    ids |= {"successor": await town.admit(2), "target": await town.add("中坝村党支部")}
    office = {"branch": ":branch", "person": ":person1", "duty": "SECRETARY", "consent": True}
    ids["office"] = await found.make("secretary", "appointPartyOfficer", "office", **office, termEndsOn="2029-06-30")
    ids["link"] = await found.make("secretary", "linkHousehold", "link", household=":household", member=":member",
                                   consent=True)  # fmt: skip
    ids["transfer"] = await found.make("secretary", "requestPartyTransfer", "transfer", member=":member",
                                       target=":target")  # fmt: skip
    await scene_of_activities(found)
    await scene_of_matters(found)
    return found


async def scene_of_activities(scene: Scene) -> None:
    ids = scene.ids
    ids["activity"] = await scene.make("worker", "arrangeActivity", "activity", activity=PLAN)
    ids["cancelled"] = await scene.make("worker", "arrangeActivity", "activity", activity=PLAN)
    await scene.make("worker", "cancelActivity", "activity", activity=":cancelled", expectedVersion=1, reason="暴雨")
    await scene.make("resident 0", "signUpToActivity", "participation", activity=":activity")
    rule = "FREQ=WEEKLY;COUNT=3"
    ids["series"] = await scene.make("worker", "planActivitySeries", "series", activity=PLAN, rule=rule)
    ids["lesson"] = await scene.make("worker", "publishLesson", "lesson", **LESSON)
    ids["wish"] = await scene.make("resident 0", "makeWish", "wish", title="老花镜", text="看报", published=True)
    project = {"grid": TOWN, "title": "修路", "text": "硬化村道", "dueOn": "2026-12-01"}
    ids["project"] = await scene.make("worker", "startPublicProject", "project", **project)
    group = {"grid": TOWN, "name": "志愿队", "purpose": "助老", "leader": ":person3", "consent": True}
    ids["group"] = await scene.make("worker", "foundVolunteerGroup", "group", **group)
    ids["calendar"] = await scene.make("resident 0", "openActivityCalendar", "calendar", kind="PERSON")


async def scene_of_matters(scene: Scene) -> None:
    ids = scene.ids
    for name in ("raised", "announced", "voting"):
        ids[name] = await scene.make("resident 0", "raiseMatter", "deliberation", grid=TOWN, title="修渠", text="议")
    for name in ("announced", "voting"):
        await scene.make("leader", "publishMatterAgenda", "deliberation", deliberation=f":{name}", expectedVersion=1,
                         items=["表决"])  # fmt: skip
        ids[f"{name}_proposal"] = await scene.make("resident 0", "proposeOnMatter", "proposal",
                                                   deliberation=f":{name}", text="集体出资。")  # fmt: skip
    await scene.make("leader", "openVote", "deliberation", deliberation=":voting", expectedVersion=2,
                     until="2026-07-03T02:00:00Z")  # fmt: skip
    ids["code"] = await scene.make("leader", "draftVillageCode", "code", grid=TOWN, title="村规民约", text="爱护水渠。")
    seat = {"grid": TOWN, "kind": "MORALITY", "person": ":person4", "consent": True}
    ids["seat"] = await scene.make("leader", "seatInCouncil", "seat", **seat)
    asked = {"grid": TOWN, "unit": ":unit", "title": "建议", "text": "增设路灯。"}
    ids["suggestion"] = await scene.make("deputy", "submitDeputySuggestion", "suggestion", **asked)


BALLOT = [{"proposal": ":voting_proposal", "choice": "FOR"}]
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "addPartyBranch": ("administrator 610921", {"grid": TOWN, "kind": "BRANCH", "name": "新支部"}),
    "admitPartyMember": ("secretary", {"branch": ":branch", "person": ":person6", "joinedOn": "2020-07-01"}),
    "adoptVillageCode": ("leader", {"code": ":code"}),
    "advancePublicProject": ("worker", {"project": ":project", "percent": 10, "note": "开工", "expectedVersion": 1}),
    "appointPartyOfficer": ("secretary", {"branch": ":branch", "person": ":person2", "duty": "ORGANISER",
                                          "consent": True, "termEndsOn": "2029-06-30"}),
    "arrangeActivity": ("worker", {"activity": PLAN}),
    "askToSpeakOnMatter": ("resident 0", {"deliberation": ":announced", "topic": "水费"}),
    "cancelActivity": ("worker", {"activity": ":activity", "expectedVersion": 1, "reason": "暴雨"}),
    "castVote": ("resident 0", {"deliberation": ":voting", "choices": BALLOT}),
    "checkInToActivity": ("resident 0", {"activity": ":activity", "code": "A" * 45}),
    "checkQuiz": ("resident 0", {"lesson": ":lesson", "answers": [2]}),
    "claimWish": ("resident 1", {"wish": ":wish"}),
    "closeActivityCalendar": ("resident 0", {"calendar": ":calendar"}),
    "closeVote": ("leader", {"deliberation": ":voting", "expectedVersion": 3}),
    "confirmMatterMeeting": ("leader", {"deliberation": ":announced", "confirm": True, "expectedVersion": 2}),
    "coverPartyGrids": ("administrator 610921", {"branch": ":branch", "grids": [TOWN], "expectedVersion": 1}),
    "decideMatter": ("leader", {"deliberation": ":voting", "proposal": ":voting_proposal", "body": "COUNCIL",
                                "expectedVersion": 3}),
    "decidePartyTransfer": ("secretary", {"transfer": ":transfer", "accept": True}),
    "draftVillageCode": ("leader", {"grid": TOWN, "title": "村规民约", "text": "二"}),
    "dropMatter": ("leader", {"deliberation": ":raised", "expectedVersion": 1, "reason": "已解决"}),
    "endActivitySeries": ("worker", {"series": ":series", "reason": "不再举办"}),
    "endPartyLink": ("resident 0", {"link": ":link"}),
    "endPartyOffice": ("secretary", {"office": ":office"}),
    "endWish": ("resident 0", {"wish": ":wish", "fulfilled": False}),
    "evaluateMatter": ("resident 0", {"deliberation": ":voting", "score": 5}),
    "executeMatter": ("leader", {"deliberation": ":voting", "expectedVersion": 3,
                                 "task": {"title": "清淤", "dueOn": "2026-08-01"}}),
    "extendVote": ("leader", {"deliberation": ":voting", "expectedVersion": 3, "until": "2026-07-04T02:00:00Z"}),
    "finishPartyTask": ("resident 0", {"task": f"PartyTask:{NOBODY}"}),
    "foundVolunteerGroup": ("worker", {"grid": TOWN, "name": "队", "purpose": "助老", "leader": ":person3",
                                       "consent": True}),
    "grantVoteProxy": ("resident 0", {"deliberation": ":voting", "proxy": ":person1"}),
    "handOverHouseholds": ("secretary", {"member": ":member", "successor": ":successor", "consent": True}),
    "joinVolunteerGroup": ("resident 0", {"group": ":group"}),
    "leaveCouncil": ("resident 4", {"seat": ":seat"}),
    "leaveVolunteerGroup": ("resident 3", {"group": ":group"}),
    "linkHousehold": ("secretary", {"household": ":household", "member": ":successor", "consent": True}),
    "makeWish": ("resident 0", {"title": "拐杖", "text": "走路用"}),
    "markActivityAttendance": ("worker", {"activity": ":activity", "person": ":person0"}),
    "moveActivity": ("worker", {"activity": ":activity", "expectedVersion": 1, "reason": "暴雨",
                                "startsAt": "2026-07-02T09:00:00+08:00"}),
    "openActivityCalendar": ("resident 0", {"kind": "PERSON"}),
    "openVote": ("leader", {"deliberation": ":announced", "expectedVersion": 2, "until": "2026-07-03T02:00:00Z"}),
    "planActivitySeries": ("worker", {"activity": PLAN, "rule": "FREQ=WEEKLY;COUNT=3"}),
    "proposeOnMatter": ("resident 0", {"deliberation": ":announced", "text": "各户出工。"}),
    "publicizeMatter": ("leader", {"deliberation": ":voting", "expectedVersion": 3}),
    "publishLesson": ("worker", LESSON),
    "publishMatterAgenda": ("leader", {"deliberation": ":raised", "expectedVersion": 1, "items": ["表决"]}),
    "raiseMatter": ("resident 0", {"grid": TOWN, "title": "修桥", "text": "议一议"}),
    "rateActivity": ("resident 0", {"activity": ":activity", "score": 5}),
    "ratePublicProject": ("resident 0", {"project": ":project", "score": 5}),
    "rateSuggestionReply": ("deputy", {"suggestion": ":suggestion", "satisfied": True}),
    "recordActivityMinutes": ("worker", {"activity": ":activity", "text": "记录"}),
    "recordMatterMeeting": ("leader", {"deliberation": ":announced", "expectedVersion": 2, "manner": "SHOW_OF_HANDS",
                                       "place": "村口", "heldAt": "2026-06-30T01:00:00Z"}),
    "replanActivitySeries": ("worker", {"series": ":series"}),
    "replyToSuggestion": ("handler", {"suggestion": ":suggestion", "text": "将增设。"}),
    "reportForHousehold": ("resident 1", {"link": ":link", "category": "x", "title": "路灯", "description": "不亮"}),
    "reportToCommunity": ("resident 1", {}),
    "requestPartyHelper": ("resident 0", {"household": ":household"}),
    "requestPartyTransfer": ("secretary", {"member": ":successor", "target": ":target"}),
    "seatInCouncil": ("leader", {"grid": TOWN, "kind": "DELIBERATION", "person": ":person4", "consent": True}),
    "signUpToActivity": ("resident 1", {"activity": ":activity"}),
    "startPublicProject": ("worker", {"grid": TOWN, "title": "修桥", "text": "重建", "dueOn": "2026-12-01"}),
    "submitDeputySuggestion": ("deputy", {"grid": TOWN, "unit": ":unit", "title": "建议", "text": "修路。"}),
    "updatePartyMember": ("secretary", {"member": ":member", "expectedVersion": 1, "status": "FULL"}),
    "withdrawFromActivity": ("resident 0", {"activity": ":activity"}),
    "withdrawLesson": ("worker", {"lesson": ":lesson"}),
    "withdrawPartyTransfer": ("secretary", {"transfer": ":transfer"}),
}  # fmt: skip
"""Who gives each command, and with what: as it is given, or nearly so."""
OUTSIDERS = ("stranger", "party_secretary 610921102", "grid_worker 610921102")
PERMITTED = {"checkQuiz": set(OUTSIDERS)}
TOLD = {"checkInToActivity": {"FOREIGN_CODE"}, "confirmMatterMeeting": {"ILLEGAL_TRANSITION"}}
"""What outsiders learn beside that it is not there or not for them: where a deliberation stands is public."""


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders, or this names it."""
    definitions = parse(ADDED.read_text(encoding="utf-8")).definitions
    added = {
        field.name.value
        for one in definitions
        if isinstance(one, ObjectTypeExtensionNode) and one.name.value == "Mutation"
        for field in one.fields
    }
    assert added == GOOD.keys()


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
    "checkInToActivity": (({"code": "签到"}, "FOREIGN_CODE", "code"), ({"code": ""}, "FOREIGN_CODE", "code")),
    "checkQuiz": (({"answers": []}, INPUT, "answers"), ({"answers": [1, 2]}, INPUT, "answers")),
    "coverPartyGrids": (
        ({"grids": []}, INPUT, "grids"),
        ({"grids": [TOWN, "610921999"]}, MISSING, "grids.1"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "decidePartyTransfer": (({"accept": False}, INPUT, "reason"), ({"reason": ""}, INPUT, "reason")),
    "draftVillageCode": (({"title": ""}, INPUT, "title"), ({"text": ""}, INPUT, "text"), (NOWHERE, MISSING, "grid")),
    "dropMatter": (({"reason": ""}, INPUT, "reason"), ({"expectedVersion": 9}, STALE, "expectedVersion")),
    "endActivitySeries": (({"reason": ""}, INPUT, "reason"),),
    "extendVote": (
        ({"until": "2026-07-02T02:00:00Z"}, INPUT, "until"),
        ({"until": "2026-10-02T02:00:00Z"}, INPUT, "until"),
        ({"until": "2026-07-05T02:00:00"}, INPUT, "until"),
    ),
    "foundVolunteerGroup": (
        ({"consent": False}, CONSENT, "consent"),
        ({"name": ""}, INPUT, "name"),
        ({"purpose": ""}, INPUT, "purpose"),
        ({"leader": f"Person:{NOBODY}"}, MISSING, "leader"),
    ),
    "handOverHouseholds": (
        ({"consent": False}, CONSENT, "consent"),
        ({"successor": f"PartyMember:{NOBODY}"}, MISSING, "successor"),
    ),
    "linkHousehold": (
        ({"consent": False}, CONSENT, "consent"),
        ({"dutyPhone": "12"}, INPUT, "dutyPhone"),
        ({"household": f"Household:{NOBODY}"}, MISSING, "household"),
        ({"member": f"PartyMember:{NOBODY}"}, MISSING, "member"),
    ),
    "makeWish": (({"title": ""}, INPUT, "title"), ({"text": "长" * 1_001}, INPUT, "text")),
    "moveActivity": (
        ({"startsAt": "2026-06-30T01:00:00Z"}, INPUT, "startsAt"),
        ({"startsAt": "2026-07-30T01:00:00"}, INPUT, "startsAt"),
        ({"place": ""}, INPUT, "place"),
        ({"reason": ""}, INPUT, "reason"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "openVote": (
        ({"quorumPercent": 0}, INPUT, "quorumPercent"),
        ({"quorumPercent": 101}, INPUT, "quorumPercent"),
        ({"until": "2026-06-30T02:30:00Z"}, INPUT, "until"),
        ({"until": "2026-07-03T02:00:00"}, INPUT, "until"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "proposeOnMatter": (({"text": ""}, INPUT, "text"),),
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
    "replyToSuggestion": (({"text": ""}, INPUT, "text"),),
    "seatInCouncil": (({"consent": False}, CONSENT, "consent"), ({"kind": "MORALITY"}, "DUPLICATE", "person")),
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
    ("recordActivityMinutes", {}, MOVED, "activity"),
    ("recordActivityMinutes", {"activity": ":cancelled"}, MOVED, "activity"),
    ("markActivityAttendance", {}, "CHECK_IN_CLOSED", "activity"),
    ("rateActivity", {}, "NOT_THERE", "activity"),
    ("withdrawFromActivity", {"activity": ":cancelled"}, "NOT_FOUND", "activity"),
    ("adoptVillageCode", {}, "NOT_ADOPTED", "code"),
    ("askToSpeakOnMatter", {"deliberation": ":raised"}, MOVED, "deliberation"),
    ("proposeOnMatter", {"deliberation": ":voting"}, MOVED, "deliberation"),
    ("openVote", {"deliberation": ":raised", "expectedVersion": 1}, MOVED, "deliberation"),
    ("castVote", {"deliberation": ":announced"}, "VOTE_CLOSED", "deliberation"),
    ("closeVote", {}, "VOTE_OPEN", "deliberation"),
    ("extendVote", {"deliberation": ":announced", "expectedVersion": 2}, MOVED, "deliberation"),
    ("decideMatter", {}, MOVED, "deliberation"),
    ("executeMatter", {}, MOVED, "deliberation"),
    ("publicizeMatter", {}, MOVED, "deliberation"),
    ("evaluateMatter", {}, MOVED, "deliberation"),
    ("rateSuggestionReply", {}, MOVED, "suggestion"),
    ("ratePublicProject", {}, MOVED, "project"),
    ("endWish", {"fulfilled": True}, MOVED, "wish"),
    ("requestPartyTransfer", {"member": ":member"}, "DUPLICATE", "member"),
)


@pytest.mark.parametrize(("command", "change", "code", "path"), STATES, ids=[f"{one[0]}-{one[2]}" for one in STATES])
async def test_too_early_or_too_late(scene: Scene, command: str, change: dict[str, Any], code: str, path: str) -> None:
    """Steps out of their turn are refused at what they were to be done with."""
    caller, good = GOOD[command]
    assert await scene.give(caller, command, good | change) == [(code, [path])]
