"""A scene: what there is in the plugin, in the state in which its commands can be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from gongzhi_server.testing import put_ids

NOBODY = "00000000-0000-7000-8000-000000000000"
TOWN, OTHER = "610921100", "610921102"
KEYLESS = ("castVote", "checkQuiz")
"""Commands that keep no idempotency key, which would tell by account who voted or tried."""


@dataclass
class Scene:
    """What there is in the plugin, in the state in which its commands can be given."""

    town: Any
    ids: dict[str, str]

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

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | ({} if command in KEYLESS else {"idempotencyKey": key or str(uuid4())})
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def make(self, caller: str, command: str, asks: str, **given: Any) -> str:
        payload = await self.caller(caller).do(command, asks + " { id }", **put_ids(given, self.ids))
        assert payload["errors"] == [], payload
        return str(payload[asks]["id"])

    async def count(self) -> list[Any]:
        """How many rows there are of everything in the plugin."""
        tables = await self.town.fetch("select table_name from information_schema.tables where table_schema='party'")
        counted = ", ".join(f"(select count(*) from party.{one['table_name']})" for one in tables)
        return list((await self.town.fetch(f"select {counted}"))[0].values())


NOW = "2026-06-30T02:00:00+00:00"
ROOM = {"heldAt": "2026-06-30T01:00:00Z", "place": "村口", "manner": "SHOW_OF_HANDS", "quorumPercent": 1,
        "attendance": [":person0", ":person1", ":person2", ":person3"]}  # fmt: skip
PLAN = {"form": "PARTY_DAY", "audience": "PUBLIC", "title": "主题党日", "grid": TOWN, "place": "中心",
        "startsAt": "2026-07-01T09:00:00+08:00"}  # fmt: skip
QUESTION = {"text": "几年一届？", "options": ["三年", "五年"], "answer": 2, "explanation": "《村民委员会组织法》。"}
LESSON = {"grid": TOWN, "kind": "QUIZ", "topic": "换届", "title": "问答", "text": "试一试", "questions": [QUESTION]}


async def set_scene(town: Any) -> Scene:
    """Set up all of it in a town."""
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
    await scene_of_rooms(found)
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
    # It begins this very moment, so that one checks in, and minutes are written.
    begun = {**PLAN, "startsAt": NOW}
    ids["begun"] = await scene.make("worker", "arrangeActivity", "activity", activity=begun)
    await scene.make("worker", "markActivityAttendance", "participation", activity=":begun", person=":person2")
    done = {**project, "title": "文化广场"}
    ids["done"] = await scene.make("worker", "startPublicProject", "project", **done)
    await scene.make("worker", "advancePublicProject", "project", project=":done", percent=100, note="完工",
                     expectedVersion=1)  # fmt: skip


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
    for name in ("suggestion", "replied"):
        ids[name] = await scene.make("deputy", "submitDeputySuggestion", "suggestion", **asked)
    await scene.make("handler", "replyToSuggestion", "suggestion", suggestion=":replied", text="已列入计划。")


async def scene_of_rooms(scene: Scene) -> None:
    """Matters that a meeting in the room voted on, each at another step."""
    ids = scene.ids
    for steps, name in enumerate(("recorded", "counted", "decided", "publicised")):
        ids[name] = await scene.make("resident 0", "raiseMatter", "deliberation", grid=TOWN, title="修桥", text="议")
        at = {"deliberation": f":{name}"}
        await scene.make("leader", "publishMatterAgenda", "deliberation", **at, expectedVersion=1, items=["表决"])
        proposal = ids[f"{name}_proposal"] = await scene.make(
            "leader", "proposeOnMatter", "proposal", **at, text="修。"
        )
        hands = {"hands": [{"proposal": proposal, "votesFor": 4, "votesAgainst": 0}]}
        await scene.make("leader", "recordMatterMeeting", "deliberation", **at, **ROOM, **hands, expectedVersion=2)
        if steps > 0:
            await scene.make("secretary", "confirmMatterMeeting", "deliberation", **at, confirm=True, expectedVersion=3)
        if steps > 1:
            await scene.make("leader", "decideMatter", "deliberation", **at, proposal=proposal, body="COUNCIL",
                             adopts=["party.code.610921100/1"], expectedVersion=4)  # fmt: skip
        if steps > 2:
            await scene.make("leader", "publicizeMatter", "deliberation", **at, expectedVersion=5)
    task = {"title": "清淤", "dueOn": "2026-08-01", "owner": ":person0"}
    await scene.make("leader", "executeMatter", "deliberation", deliberation=":publicised", task=task,
                     expectedVersion=6)  # fmt: skip
    ids["task"] = f"PartyTask:{(await scene.town.fetch('select id from party.task'))[0]['id']}"
    ids["draft"] = await scene.make("leader", "draftVillageCode", "code", grid=TOWN, title="村规民约", text="二。")
    [(ids["category"],)] = await scene.town.fetch(
        "select code from cases.category where code like '%.%' order by code limit 1"
    )


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
    "confirmMatterMeeting": ("secretary", {"deliberation": ":recorded", "confirm": True, "expectedVersion": 3}),
    "coverPartyGrids": ("administrator 610921", {"branch": ":branch", "grids": [TOWN], "expectedVersion": 1}),
    "decideMatter": ("leader", {"deliberation": ":counted", "proposal": ":counted_proposal", "body": "COUNCIL",
                                "expectedVersion": 4}),
    "decidePartyTransfer": ("secretary", {"transfer": ":transfer", "accept": True}),
    "draftVillageCode": ("leader", {"grid": TOWN, "title": "村规民约", "text": "二"}),
    "dropMatter": ("leader", {"deliberation": ":raised", "expectedVersion": 1, "reason": "已解决"}),
    "endActivitySeries": ("worker", {"series": ":series", "reason": "不再举办"}),
    "endPartyLink": ("resident 0", {"link": ":link"}),
    "endPartyOffice": ("secretary", {"office": ":office"}),
    "endWish": ("resident 0", {"wish": ":wish", "fulfilled": False}),
    "evaluateMatter": ("resident 0", {"deliberation": ":publicised", "score": 5}),
    "executeMatter": ("leader", {"deliberation": ":decided", "expectedVersion": 5,
                                 "task": {"title": "清淤", "dueOn": "2026-08-01"}}),
    "extendVote": ("leader", {"deliberation": ":voting", "expectedVersion": 3, "until": "2026-07-04T02:00:00Z"}),
    "finishPartyTask": ("resident 0", {"task": ":task"}),
    "foundVolunteerGroup": ("worker", {"grid": TOWN, "name": "队", "purpose": "助老", "leader": ":person3",
                                       "consent": True}),
    "grantVoteProxy": ("resident 0", {"deliberation": ":voting", "proxy": ":person1"}),
    "handOverHouseholds": ("secretary", {"member": ":member", "successor": ":successor", "consent": True}),
    "joinVolunteerGroup": ("resident 0", {"group": ":group"}),
    "leaveCouncil": ("resident 4", {"seat": ":seat"}),
    "leaveVolunteerGroup": ("resident 3", {"group": ":group"}),
    "linkHousehold": ("secretary", {"household": ":household", "member": ":successor", "consent": True}),
    "makeWish": ("resident 0", {"title": "拐杖", "text": "走路用"}),
    "markActivityAttendance": ("worker", {"activity": ":begun", "person": ":person0"}),
    "moveActivity": ("worker", {"activity": ":activity", "expectedVersion": 1, "reason": "暴雨",
                                "startsAt": "2026-07-02T09:00:00+08:00"}),
    "openActivityCalendar": ("resident 0", {"kind": "PERSON"}),
    "openVote": ("leader", {"deliberation": ":announced", "expectedVersion": 2, "until": "2026-07-03T02:00:00Z"}),
    "planActivitySeries": ("worker", {"activity": PLAN, "rule": "FREQ=WEEKLY;COUNT=3"}),
    "proposeOnMatter": ("resident 0", {"deliberation": ":announced", "text": "各户出工。"}),
    "publicizeMatter": ("leader", {"deliberation": ":decided", "expectedVersion": 5}),
    "publishLesson": ("worker", LESSON),
    "publishMatterAgenda": ("leader", {"deliberation": ":raised", "expectedVersion": 1, "items": ["表决"]}),
    "raiseMatter": ("resident 0", {"grid": TOWN, "title": "修桥", "text": "议一议"}),
    "rateActivity": ("resident 2", {"activity": ":begun", "score": 5}),
    "ratePublicProject": ("resident 0", {"project": ":done", "score": 5}),
    "rateSuggestionReply": ("deputy", {"suggestion": ":replied", "satisfied": True}),
    "recordActivityMinutes": ("worker", {"activity": ":begun", "text": "记录"}),
    "recordMatterMeeting": ("leader", {**ROOM, "deliberation": ":announced", "expectedVersion": 2,
                                       "hands": [{"proposal": ":announced_proposal", "votesFor": 3,
                                                  "votesAgainst": 1}]}),
    "replanActivitySeries": ("worker", {"series": ":series"}),
    "replyToSuggestion": ("handler", {"suggestion": ":suggestion", "text": "将增设。"}),
    "reportForHousehold": ("resident 1", {"link": ":link", "category": ":category", "title": "路灯",
                                          "description": "不亮"}),
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
