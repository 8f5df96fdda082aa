"""Every command of the plugin: who may not give it, what it makes of bad input, and that nothing is done twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_server.testing import ServerAnswer, put_ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
KEYLESS = ("readLawArticle", "takeLawQuiz")
"""Commands that keep no idempotency key, which would tell by account who read what."""
INPUTLESS = {"makeLegalFeed", "endLegalFeed"}
"""Commands about the caller's own calendar, which take nothing."""
QUESTION = {"text": "调解收费吗？", "options": ["收", "不收"], "right": 1, "why": "《人民调解法》第四条。"}
LATER = {"startsAt": "2026-07-02T01:00:00Z", "endsAt": "2026-07-02T02:00:00Z", "place": "镇司法所"}
PDF = "JVBERi0xLjQK"


@dataclass
class Scene:
    """One of everything there is in the plugin, in the state in which its commands can be given."""

    town: Any
    ids: dict[str, str]
    versions: dict[str, int]

    def fill(self, given: dict[str, Any]) -> dict[str, Any]:
        """Put ids in the place of names that begin with a colon."""
        names = {**self.ids, **{f"#{name}": version for name, version in self.versions.items()}}
        return dict(put_ids(given, names))

    def caller(self, name: str) -> Any:
        """A caller by what they are: `resident 2`, `mediator town`, `manager`; `stranger` has not signed in."""
        kind, _, which = name.partition(" ")
        match kind:
            case "stranger":
                return self.town.server
            case "resident":
                return self.town.resident(int(which))
            case "mediator" | "counsellor":
                return getattr(self.town, kind)(which)
            case "manager" | "worker":
                return getattr(self.town, kind)
            case "firm":
                return self.town.server.as_("firm", unit=which or self.ids["firm"])
        return self.town.server.as_(kind, grid=which)

    async def give(self, caller: str, command: str, given: dict[str, Any]) -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        answer: ServerAnswer = await self.send(caller, command, given, str(uuid4()))
        return answer.problems(command)

    async def send(self, caller: str, command: str, given: dict[str, Any], key: str) -> Any:
        """Send a command under a key, and give back the whole answer."""
        asked = self.fill(given) | ({} if command in KEYLESS else {"idempotencyKey": key})
        return await self.caller(caller).give(command, asked)

    async def count(self) -> list[Any]:
        """How many rows there are of everything in the plugin."""
        tables = await self.town.fetch("select table_name from information_schema.tables where table_schema='legal'")
        counted = ", ".join(f"(select count(*) from legal.{one['table_name']})" for one in tables)
        return list((await self.town.fetch(f"select {counted}"))[0].values())

    async def make(self, caller: str, command: str, asks: str, **given: Any) -> dict[str, Any]:
        payload = await self.caller(caller).do(command, asks + " { id }", **self.fill(given))
        assert payload["errors"] == [], payload
        return dict(payload[asks])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_town: Any) -> Scene:
    return await set_scene(shared_town)


async def set_scene(town: Any) -> Scene:
    found = Scene(town, {**town.advisers, "village_code": town.village, "nobody": f"Person:{NOBODY}"}, {})
    ids = found.ids
    ids |= {f"person{at}": town.person(at) for at in range(6)}
    [(ids["firm"],), (ids["other_firm"],)] = await town.fetch("select code from units.unit order by id limit 2")
    await scene_of_disputes(found)
    await scene_of_advice(found)
    await scene_of_prevention(found)
    return found


async def scene_of_disputes(scene: Scene) -> None:
    """A mediation that was asked for, one that goes on, one with an agreement, one that has ended."""
    town, ids = scene.town, scene.ids
    asked = (await town.request(other=2))["mediation"]["id"]
    ids["requested"], scene.versions["requested"] = asked, (await town.see(asked))["version"]
    seen = await town.mediating()
    ids |= {"mediating": seen["id"], "open_matter": seen["matter"]["id"]}
    ids |= {"first": seen["parties"][0]["id"], "second": seen["parties"][1]["id"]}
    scene.versions["mediating"] = seen["version"]
    agreed = await town.mediating()
    made = (await town.agree(agreed))["mediation"]
    ids |= {"agreed": agreed["id"], "agreed_matter": agreed["matter"]["id"]}
    ids |= {"agreed_first": agreed["parties"][0]["id"], "agreed_second": agreed["parties"][1]["id"]}
    ids["confirmation"] = made["agreement"]["confirmation"]["id"]
    scene.versions["confirmation"] = made["agreement"]["confirmation"]["version"]
    ids["term"] = (await town.see(agreed["id"]))["agreement"]["terms"][0]["id"]
    ended = await town.mediating()
    ids |= {"ended": ended["id"], "ended_matter": ended["matter"]["id"]}
    await scene.make("resident 1", "endMediation", "mediation", mediation=":ended", outcome="REFUSED")
    for name in ("agreed", "ended"):
        scene.versions[name] = (await town.see(ids[name]))["version"]


async def scene_of_advice(scene: Scene) -> None:
    """Questions that wait for an answer, are answered, are closed; an entry to review; aid asked for and assigned."""
    ids, question = scene.ids, {"question": "借款到期不还怎么办？", "topic": "CONTRACT"}
    for name in ("asked", "answered", "closed", "private"):
        ids[name] = (await scene.make("resident 0", "askAdvice", "matter", **question))["id"]
    for name in ("answered", "closed", "private"):
        await scene.make("counsellor lawyer", "answerAdvice", "matter", advice=f":{name}", text="可申请支付令。")
    await scene.make("resident 0", "rateAdvice", "matter", advice=":closed", rating=5, share=True)
    await scene.make("resident 0", "rateAdvice", "matter", advice=":private", rating=5)
    aid = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}
    for name in ("applied", "granted", "assigned"):
        ids[name] = (await scene.make("resident 0", "applyForLegalAid", "aid", **aid))["id"]
    for name in ("granted", "assigned"):
        await scene.make("counsellor lawyer", "decideLegalAid", "aid", aid=f":{name}", grant=True)
    await scene.make("counsellor lawyer", "assignLegalAid", "aid", aid=":assigned", firm=":firm")
    slot = {"startsAt": "2026-07-01T01:00:00Z", "endsAt": "2026-07-01T02:00:00Z", "place": "镇司法所"}
    offered = await scene.caller("counsellor lawyer").do(
        "offerLegalSlots", "adviser { slots { id } }", adviser=ids["lawyer"], meeting="OFFICE", slots=[slot, LATER]
    )
    ids["taken"], ids["slot"] = [one["id"] for one in offered["adviser"]["slots"]]
    ids["booking"] = (await scene.make("resident 0", "bookLegalSlot", "booking", slot=":taken"))["id"]


async def scene_of_prevention(scene: Scene) -> None:
    """A situation, a clue, something to read and something to try."""
    ids = scene.ids
    looked_at = {"grid": ":village_code", "disputeType": "NEIGHBOR", "tension": "TENSE", "reviewOn": "2026-07-05"}
    ids["screening"] = (
        await scene.make("worker", "recordDisputeScreening", "screening", situation="林地界线不清。", **looked_at)
    )["id"]
    ids["clue"] = (
        await scene.make("resident 0", "reportEnforcementClue", "clue", grid=":village_code", subject="BUILDING",
                         text="河道边私建棚房")
    )["id"]  # fmt: skip
    ids["accepted"] = (
        await scene.make("resident 0", "reportEnforcementClue", "clue", grid=":village_code", subject="WATER",
                         text="沟渠排污")
    )["id"]  # fmt: skip
    await scene.make("town_dispatcher 610921100", "decideEnforcementClue", "clue", clue=":accepted", accept=True,
                     expectedVersion=1)  # fmt: skip
    article = {"grid": "610921", "title": "赡养义务", "text": "子女应当履行赡养义务。"}
    ids["article"] = (await scene.make("manager", "publishLawArticle", "article", **article))["id"]
    quiz = {"grid": "610921", "title": "调解", "questions": [QUESTION]}
    ids["quiz"] = (await scene.make("manager", "publishLawQuiz", "quiz", **quiz))["id"]


ADVISER = {"name": "某", "kind": "MEDIATOR", "qualification": "证", "grid": "610921", "serves": ["610921100"],
           "account": "new"}  # fmt: skip
SESSION = {"mediation": ":mediating", "at": "2026-06-30T01:00:00Z", "place": "村委会", "minutes": "勘界。",
           "expectedVersion": ":#mediating"}  # fmt: skip
AGREED = {
    "mediation": ":mediating", "facts": "越界。", "terms": [{"text": "拆除。", "obligor": ":second"}],
    "signatures": [{"party": ":first"}, {"party": ":second"}], "expectedVersion": ":#mediating",
}  # fmt: skip
DISPUTE = {"disputeType": "NEIGHBOR", "parties": [{"person": ":person0"}, {"person": ":person1"}],
           "rightsAcknowledged": True}  # fmt: skip
COURT = {"confirmation": ":confirmation", "parties": [":agreed_first", ":agreed_second"], "court": "县法院",
         "expectedVersion": ":#confirmation"}  # fmt: skip
SITUATION = {"grid": ":village_code", "disputeType": "NEIGHBOR", "situation": "界线不清。", "tension": "TENSE",
             "reviewOn": "2026-07-05"}  # fmt: skip
AID = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}
GOOD: dict[str, dict[str, Any]] = {
    "addLegalAdviser": ADVISER,
    "addLegalFile": {"matter": ":open_matter", "title": "界桩", "content": PDF},
    "addLegalShifts": {"adviser": ":village", "shifts": [LATER]},
    "announceLawLecture": {"grid": "610921", "title": "讲座", "place": "礼堂", "startsAt": "2026-07-05T01:00:00Z"},
    "answerAdvice": {"advice": ":asked", "text": "可申请支付令。"},
    "applyForLegalAid": AID,
    "askAdvice": {"question": "怎么办？"},
    "assignLegalAid": {"aid": ":granted", "firm": ":firm"},
    "bookLegalSlot": {"slot": ":slot"},
    "callOnEnforcementClue": {"clue": ":accepted", "units": [":firm"], "matter": "核查", "expectedVersion": 2},
    "cancelLegalBooking": {"booking": ":booking"},
    "chooseMediators": {"mediation": ":mediating", "mediators": [":town"]},
    "closeLegalAid": {"aid": ":assigned"},
    "decideEnforcementClue": {"clue": ":clue", "accept": True, "expectedVersion": 1},
    "decideLegalAid": {"aid": ":applied", "grant": True},
    "declareLegalConflict": {"adviser": ":village", "person": ":person5"},
    "endLegalAdviser": {"adviser": ":county"},
    "endMediation": {"mediation": ":mediating", "outcome": "FAILED", "reason": "分歧过大"},
    "escalateMediation": {"mediation": ":mediating", "reason": "需上级协调"},
    "extendMediation": {"mediation": ":mediating", "days": 5, "consents": [":first", ":second"]},
    "handOverAdvice": {"advice": ":asked", "adviser": ":county"},
    "inviteMediationExpert": {"mediation": ":mediating", "expert": ":lawyer"},
    "joinMediation": {"mediation": ":requested", "agree": True, "rightsAcknowledged": True},
    "offerLegalSlots": {"adviser": ":lawyer", "meeting": "PHONE", "slots": [LATER]},
    "proposeLegalEntry": {"advice": ":closed", "question": "借款不还怎么办？", "answer": "可申请支付令。"},
    "publishLawArticle": {"grid": "610921", "title": "赡养", "text": "应当赡养。"},
    "publishLawQuiz": {"grid": "610921", "title": "调解", "questions": [QUESTION]},
    "rateAdvice": {"advice": ":answered", "rating": 5},
    "readLawArticle": {"article": ":article"},
    "recordAgreement": AGREED,
    "recordConfirmation": {"confirmation": ":confirmation", "state": "ACCEPTED", "on": "2026-06-30",
                           "expectedVersion": ":#confirmation"},
    "recordDisputeScreening": SITUATION,
    "recordLegalAidHours": {"aid": ":assigned", "day": "2026-06-30", "minutes": 30},
    "recordMediationSession": SESSION,
    "replyToEnforcementClue": {"clue": ":accepted", "text": "已处理", "expectedVersion": 2},
    "reportEnforcementClue": {"grid": ":village_code", "subject": "FOOD", "text": "过期食品"},
    "requestConfirmation": COURT,
    "requestMediation": DISPUTE,
    "reviewDisputeScreening": {"screening": ":screening", "tension": "CALM", "note": "已立桩。", "resolved": True,
                               "expectedVersion": 1},
    "reviewLegalEntry": {"entry": f"LegalEntry:{NOBODY}", "publish": True},
    "sendLegalMessage": {"matter": ":open_matter", "text": "您好"},
    "setAgreementTemplate": {"grid": "610921", "content": PDF},
    "setMediationRate": {"grid": "610921", "outcome": "FAILED", "amount": "30"},
    "settleAgreementTerm": {"term": ":term", "kept": True},
    "takeLawQuiz": {"quiz": ":quiz", "answers": [1]},
    "withdrawAdviceConsent": {"advice": ":closed"},
}  # fmt: skip
"""What each command takes: as it is given, or nearly so, by whoever may."""

DESK, TOWN_CLERK = "town_dispatcher 610921100", "legal_manager 610921102"
OWNERS = {
    **dict.fromkeys(("addLegalAdviser", "announceLawLecture", "declareLegalConflict", "endLegalAdviser"), "manager"),
    **dict.fromkeys(("publishLawArticle", "publishLawQuiz", "reviewLegalEntry", "setAgreementTemplate"), "manager"),
    **dict.fromkeys(("addLegalFile", "applyForLegalAid", "askAdvice", "cancelLegalBooking"), "resident 0"),
    **dict.fromkeys(("chooseMediators", "joinMediation", "rateAdvice", "readLawArticle"), "resident 0"),
    **dict.fromkeys(("reportEnforcementClue", "requestConfirmation", "sendLegalMessage"), "resident 0"),
    **dict.fromkeys(("settleAgreementTerm", "takeLawQuiz", "withdrawAdviceConsent"), "resident 0"),
    **dict.fromkeys(("answerAdvice", "assignLegalAid", "closeLegalAid", "decideLegalAid"), "counsellor lawyer"),
    **dict.fromkeys(("handOverAdvice", "offerLegalSlots", "proposeLegalEntry"), "counsellor lawyer"),
    **dict.fromkeys(("addLegalShifts", "endMediation", "escalateMediation", "extendMediation"), "mediator village"),
    **dict.fromkeys(("inviteMediationExpert", "recordAgreement", "recordConfirmation"), "mediator village"),
    **dict.fromkeys(("callOnEnforcementClue", "decideEnforcementClue", "replyToEnforcementClue"), DESK),
    **dict.fromkeys(("recordDisputeScreening", "requestMediation", "reviewDisputeScreening"), "worker"),
    "bookLegalSlot": "resident 1",
    "recordLegalAidHours": "firm",
    "recordMediationSession": "mediator village",
    "setMediationRate": "manager",
}
"""Who may give each command."""
EVERYBODY = {"readLawArticle", "takeLawQuiz"}
"""Commands for whoever comes."""
RESIDENTS = {"applyForLegalAid", "askAdvice", "bookLegalSlot"}
"""Commands for whoever is a person, about themselves."""
OUTSIDERS = ("stranger", "resident 3", "mediator town", TOWN_CLERK, "grid_worker 610921102", "firm")
MORE = {
    "reportEnforcementClue": set(OUTSIDERS) - {"stranger"},
    "recordLegalAidHours": {"firm"},
    # Conditions of a place are everybody's who screens in the county.
    "recordDisputeScreening": {"mediator town"},
    "reviewDisputeScreening": {"mediator town"},
}
"""Those among the outsiders who may, beside whoever is meant."""


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    added = read_mutations(ADDED.read_text(encoding="utf-8"))
    assert added - INPUTLESS == GOOD.keys() == OWNERS.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD.keys() - EVERYBODY))
async def test_outsiders_learn_nothing(scene: Scene, command: str) -> None:
    """It is not for them or not there: never another word that would tell that there is something."""
    allowed = MORE.get(command, set()) | ({"resident 3"} if command in RESIDENTS else set())
    before = await scene.count()
    for caller in set(OUTSIDERS) - allowed:
        [(code, path)] = await scene.give(caller, command, GOOD[command])
        assert code in {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"} and path, (caller, code)
    assert await scene.count() == before, "nothing is half-written"


Wrong = tuple[dict[str, Any], str, str]
UNKNOWN: dict[str, tuple[str, str]] = {
    "addLegalShifts": ("adviser", "LegalAdviser"),
    "answerAdvice": ("advice", "LegalAdvice"),
    "assignLegalAid": ("aid", "LegalAid"),
    "bookLegalSlot": ("slot", "LegalSlot"),
    "cancelLegalBooking": ("booking", "LegalBooking"),
    "chooseMediators": ("mediation", "Mediation"),
    "closeLegalAid": ("aid", "LegalAid"),
    "endLegalAdviser": ("adviser", "LegalAdviser"),
    "inviteMediationExpert": ("expert", "LegalAdviser"),
    "readLawArticle": ("article", "LawArticle"),
    "reviewLegalEntry": ("entry", "LegalEntry"),
    "settleAgreementTerm": ("term", "AgreementTerm"),
    "takeLawQuiz": ("quiz", "LawQuiz"),
    "withdrawAdviceConsent": ("advice", "LegalAdvice"),
}
"""What is named by its id and is not there."""
INPUT, MISSING, TWICE, STALE = "BAD_USER_INPUT", "NOT_FOUND", "DUPLICATE", "STALE_VERSION"
NOWHERE = {"grid": "610921999"}
THIRD = {"name": "丙某", "phone": "13800000000"}
BOTH = DISPUTE["parties"]
TERMS = AGREED["terms"]
BAD: dict[str, tuple[Wrong, ...]] = {
    **{
        name: (({path: f"{kind}:{NOBODY}"}, MISSING, path), ({path: "x"}, MISSING, path))
        for name, (path, kind) in UNKNOWN.items()
    },
    "addLegalAdviser": (
        ({"name": " "}, INPUT, "name"),
        ({"qualification": "证" * 201}, INPUT, "qualification"),
        ({"languages": ["普通话", "话" * 21]}, INPUT, "languages.1"),
        ({"capacity": 201}, INPUT, "capacity"),
        ({"serves": ["610921100"] * 51}, INPUT, "serves"),
        ({"serves": ["610921100", "610921999"]}, MISSING, "serves.1"),
        ({"unit": "nowhere"}, MISSING, "unit"),
        ({"person": ":nobody"}, MISSING, "person"),
        ({"account": "mediator-village"}, TWICE, "account"),
        ({"account": " mediator-village "}, TWICE, "account"),
        (NOWHERE, MISSING, "grid"),
    ),
    "addLegalFile": (
        ({"title": ""}, INPUT, "title"),
        ({"content": "aGVsbG8="}, INPUT, "content"),
        ({"content": "%%%"}, INPUT, "content"),
        ({"matter": "LegalMatter:x"}, MISSING, "matter"),
    ),
    "addLegalShifts": (
        ({"shifts": []}, INPUT, "shifts"),
        ({"shifts": [LATER] * 51}, INPUT, "shifts"),
        ({"shifts": [LATER, LATER]}, TWICE, "shifts.1.startsAt"),
        ({"shifts": [LATER | {"place": ""}]}, INPUT, "shifts.0.place"),
        ({"shifts": [LATER | {"endsAt": LATER["startsAt"]}]}, INPUT, "shifts.0.startsAt"),
        ({"shifts": [LATER | {"startsAt": "2026-07-02T01:00:00"}]}, INPUT, "shifts.0.startsAt"),
    ),
    "announceLawLecture": (
        ({"startsAt": "2026-06-29T01:00:00Z"}, INPUT, "startsAt"),
        ({"startsAt": "2026-07-29T01:00:00"}, INPUT, "startsAt"),
        ({"title": ""}, INPUT, "title"),
        ({"place": " "}, INPUT, "place"),
        (NOWHERE, MISSING, "grid"),
    ),
    "answerAdvice": (({"text": " "}, INPUT, "text"), ({"text": "长" * 10_001}, INPUT, "text")),
    "applyForLegalAid": (({"facts": ""}, INPUT, "facts"), ({"person": ":nobody"}, MISSING, "person")),
    "askAdvice": (
        ({"question": "\n"}, INPUT, "question"),
        ({"recording": PDF}, INPUT, "recording"),
        ({"recording": "aGVsbG8="}, INPUT, "recording"),
        ({"slot": f"LegalSlot:{NOBODY}"}, MISSING, "slot"),
        ({"person": ":person1"}, MISSING, "person"),
        (NOWHERE, MISSING, "grid"),
    ),
    "assignLegalAid": (({"firm": "nowhere"}, MISSING, "firm"),),
    "callOnEnforcementClue": (
        ({"units": []}, INPUT, "units"),
        ({"units": ["nowhere"]}, MISSING, "units"),
        ({"matter": ""}, INPUT, "matter"),
        ({"checkInWithin": "soon"}, INPUT, "checkInWithin"),
        ({"expectedVersion": 1}, STALE, "expectedVersion"),
    ),
    "chooseMediators": (
        ({"mediators": []}, MISSING, "mediators"),
        ({"mediators": [":village", ":town", ":county", ":lawyer"]}, INPUT, "mediators"),
        ({"mediators": [":town", f"LegalAdviser:{NOBODY}"]}, MISSING, "mediators.1"),
    ),
    "decideEnforcementClue": (
        ({"accept": False}, INPUT, "reason"),
        ({"accept": False, "reason": " "}, INPUT, "reason"),
        ({"expectedVersion": 7}, STALE, "expectedVersion"),
    ),
    "decideLegalAid": (({"grant": False}, MISSING, "grounds"), ({"grant": False, "grounds": ""}, INPUT, "grounds")),
    "declareLegalConflict": (
        ({"person": ":nobody"}, MISSING, "person"),
        ({"until": "2026-06-30"}, INPUT, "until"),
    ),
    "endMediation": (
        ({"outcome": "WRITTEN_AGREEMENT"}, INPUT, "outcome"),
        ({"outcome": "REFERRED"}, MISSING, "referredTo"),
        ({"reason": None}, MISSING, "reason"),
        ({"reason": " "}, INPUT, "reason"),
    ),
    "escalateMediation": (({"reason": ""}, INPUT, "reason"),),
    "extendMediation": (
        ({"days": 0}, INPUT, "days"),
        ({"days": 31}, INPUT, "days"),
        ({"consents": []}, "CONSENT_REQUIRED", "consents"),
        ({"consents": [":first", ":agreed_second"]}, MISSING, "consents.1"),
    ),
    "handOverAdvice": (
        ({"adviser": f"LegalAdviser:{NOBODY}"}, MISSING, "adviser"),
        ({"adviser": ":lawyer"}, MISSING, "adviser"),
    ),
    "joinMediation": (
        ({"rightsAcknowledged": False}, "RIGHTS_NOT_ACKNOWLEDGED", "rightsAcknowledged"),
        ({"party": ":first"}, "FORBIDDEN", "party"),
    ),
    "offerLegalSlots": (
        ({"slots": []}, INPUT, "slots"),
        ({"slots": [LATER]}, TWICE, "slots.0.startsAt"),
        ({"slots": [LATER | {"startsAt": "2026-07-02T01:30:00Z"}]}, TWICE, "slots.0.startsAt"),
        ({"slots": [LATER | {"place": "号" * 201}]}, INPUT, "slots.0.place"),
    ),
    "proposeLegalEntry": (
        ({"question": ""}, INPUT, "question"),
        ({"answer": "请拨打 0915-5211234 或 1234567。"}, "NOT_ANONYMOUS", "answer"),
        ({"question": "身份证 610921199001010012 怎么补办？"}, "NOT_ANONYMOUS", "question"),
    ),
    "publishLawArticle": (
        ({"title": "长" * 101}, INPUT, "title"),
        ({"text": ""}, INPUT, "text"),
        (NOWHERE, MISSING, "grid"),
    ),
    "publishLawQuiz": (
        ({"questions": []}, INPUT, "questions"),
        ({"questions": [QUESTION] * 21}, INPUT, "questions"),
        ({"questions": [QUESTION | {"right": -1}]}, INPUT, "questions.0.right"),
        ({"questions": [QUESTION, QUESTION | {"options": ["收"]}]}, INPUT, "questions.1.options"),
        ({"questions": [QUESTION | {"options": ["收", ""]}]}, INPUT, "questions.0.options.1"),
        ({"questions": [QUESTION | {"why": ""}]}, INPUT, "questions.0.why"),
    ),
    "rateAdvice": (({"rating": 0}, INPUT, "rating"), ({"rating": 6}, INPUT, "rating")),
    "recordAgreement": (
        ({"facts": ""}, INPUT, "facts"),
        ({"level": "TOWN"}, INPUT, "level"),
        ({"place": "号" * 501}, INPUT, "place"),
        ({"terms": TERMS * 21}, INPUT, "terms"),
        ({"terms": [TERMS[0] | {"text": ""}]}, INPUT, "terms.0.text"),
        ({"terms": [TERMS[0] | {"obligor": ":agreed_first"}]}, MISSING, "terms.0.obligor"),
        ({"signatures": []}, "MISSING_PARTY", "signatures"),
        ({"signatures": [{"party": ":first", "at": "2026-07-01T01:00:00Z"}]}, INPUT, "signatures.0.at"),
        ({"signatures": [{"party": ":agreed_first"}]}, MISSING, "signatures.0"),
        ({"expectedVersion": 1}, STALE, "expectedVersion"),
    ),
    "recordConfirmation": (({"state": "OPEN"}, INPUT, "state"), ({"state": "REQUESTED"}, INPUT, "state")),
    "recordDisputeScreening": (
        ({"reviewOn": "2026-06-30"}, INPUT, "reviewOn"),
        ({"reviewOn": "2026-12-28"}, INPUT, "reviewOn"),
        ({"disputeType": "WEATHER"}, MISSING, "disputeType"),
        ({"situation": "该户系钉子户"}, "PERSON_LABEL", "situation"),
        (NOWHERE, MISSING, "grid"),
    ),
    "recordLegalAidHours": (
        ({"minutes": 0}, INPUT, "minutes"),
        ({"minutes": 1_441}, INPUT, "minutes"),
        ({"day": "2026-07-01"}, INPUT, "day"),
    ),
    "recordMediationSession": (
        ({"at": "2026-07-01T01:00:00Z"}, INPUT, "at"),
        ({"at": "2026-06-30T01:00:00"}, INPUT, "at"),
        ({"place": ""}, INPUT, "place"),
        ({"minutes": " "}, INPUT, "minutes"),
        ({"expectedVersion": 1}, STALE, "expectedVersion"),
    ),
    "replyToEnforcementClue": (({"text": ""}, INPUT, "text"), ({"expectedVersion": 1}, STALE, "expectedVersion")),
    "reportEnforcementClue": (({"text": ""}, INPUT, "text"), (NOWHERE, MISSING, "grid")),
    "requestConfirmation": (
        ({"parties": [":first"]}, MISSING, "parties.0"),
        ({"parties": []}, "MISSING_PARTY", "parties"),
        ({"court": ""}, INPUT, "court"),
        ({"expectedVersion": 9}, STALE, "expectedVersion"),
    ),
    "requestMediation": (
        ({"parties": [*BOTH, *[THIRD] * 11]}, INPUT, "parties"),
        ({"parties": [BOTH[0], BOTH[0]]}, TWICE, "parties"),
        ({"parties": [*BOTH, THIRD | {"represents": 2}]}, INPUT, "parties.2.represents"),
        ({"parties": [*BOTH, THIRD | {"represents": 9}]}, INPUT, "parties.2.represents"),
        ({"parties": [*BOTH, THIRD | {"represents": 3}, THIRD | {"represents": 0}]}, INPUT, "parties.2.represents"),
        ({"parties": [BOTH[0], {}]}, MISSING, "parties.1"),
        ({"parties": [BOTH[0], {"name": "丙某", "phone": "12"}]}, INPUT, "parties.1.phone"),
        ({"parties": [BOTH[0], {"name": "", "phone": "13800000000"}]}, INPUT, "parties.1.name"),
        ({"parties": [THIRD, THIRD | {"name": "丁某"}]}, MISSING, "grid"),
        ({"facts": ""}, INPUT, "facts"),
        ({"mediators": [":village", ":town", ":county", ":lawyer"]}, INPUT, "mediators"),
    ),
    "reviewDisputeScreening": (
        ({"note": "当事人有前科"}, "PERSON_LABEL", "note"),
        ({"resolved": False}, MISSING, "reviewOn"),
        ({"resolved": False, "reviewOn": "2026-06-01"}, INPUT, "reviewOn"),
        ({"expectedVersion": 5}, STALE, "expectedVersion"),
    ),
    "sendLegalMessage": (({"text": ""}, INPUT, "text"), ({"text": "长" * 5_001}, INPUT, "text")),
    "setAgreementTemplate": (({"content": "%"}, INPUT, "content"), ({"grid": "610921100"}, INPUT, "grid")),
    "setMediationRate": (
        ({"amount": "-0.01"}, INPUT, "amount"),
        ({"amount": "5000.01"}, INPUT, "amount"),
        ({"amount": "30.001"}, INPUT, "amount"),
        ({"outcome": "WITHDRAWN"}, INPUT, "outcome"),
        ({"grid": "610921100"}, INPUT, "grid"),
        (NOWHERE, MISSING, "grid"),
    ),
    "takeLawQuiz": (({"answers": []}, INPUT, "answers"), ({"answers": [1, 1]}, INPUT, "answers")),
}
"""What is wrong with the input of each command, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before = await scene.count()
    found = [
        (change, await scene.give(OWNERS[command], command, GOOD[command] | change)) for change, _, _ in BAD[command]
    ]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


MOVED = "ILLEGAL_TRANSITION"
STATES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("joinMediation", "mediation", (":mediating", ":ended", ":agreed"), MOVED),
    ("recordMediationSession", "mediation", (":requested", ":ended", ":agreed"), MOVED),
    ("recordAgreement", "mediation", (":requested", ":ended", ":agreed"), MOVED),
    ("chooseMediators", "mediation", (":ended", ":agreed"), MOVED),
    ("inviteMediationExpert", "mediation", (":ended", ":agreed"), MOVED),
    ("extendMediation", "mediation", (":ended", ":agreed"), MOVED),
    ("escalateMediation", "mediation", (":ended", ":agreed"), MOVED),
    ("endMediation", "mediation", (":ended", ":agreed"), MOVED),
    ("addLegalFile", "matter", (":ended_matter",), MOVED),
    ("sendLegalMessage", "matter", (":ended_matter",), MOVED),
    ("recordConfirmation", "confirmation", (":confirmation",), MOVED),
    ("answerAdvice", "advice", (":closed",), MOVED),
    ("handOverAdvice", "advice", (":closed",), MOVED),
    ("rateAdvice", "advice", (":asked", ":closed"), MOVED),
    ("proposeLegalEntry", "advice", (":asked", ":answered"), MOVED),
    ("proposeLegalEntry", "advice", (":private",), "CONSENT_REQUIRED"),
    ("withdrawAdviceConsent", "advice", (":asked", ":answered"), MOVED),
    ("decideLegalAid", "aid", (":granted", ":assigned"), MOVED),
    ("assignLegalAid", "aid", (":applied", ":assigned"), MOVED),
    ("closeLegalAid", "aid", (":applied", ":granted"), MOVED),
    ("decideEnforcementClue", "clue", (":accepted",), MOVED),
    ("callOnEnforcementClue", "clue", (":clue",), MOVED),
    ("replyToEnforcementClue", "clue", (":clue",), MOVED),
    ("bookLegalSlot", "slot", (":taken",), "SLOT_TAKEN"),
)
VERSIONS = {":accepted": 2, ":clue": 1, **{f":{name}": f":#{name}" for name in ("requested", "agreed", "ended")}}


@pytest.mark.parametrize(("command", "field", "ids", "code"), STATES, ids=[f"{one[0]}-{one[3]}" for one in STATES])
async def test_too_early_or_too_late(scene: Scene, command: str, field: str, ids: tuple[str, ...], code: str) -> None:
    """Steps out of their turn are refused at what they were to be done with."""
    for id in ids:
        given = GOOD[command] | {field: id}
        if id in VERSIONS and "expectedVersion" in given:
            given["expectedVersion"] = VERSIONS[id]
        assert await scene.give(OWNERS[command], command, given) == [(code, [field])], id


LAST = ("endMediation", "recordAgreement", "endLegalAdviser", "withdrawAdviceConsent", "closeLegalAid")
"""Commands after which others can no longer be given."""


@pytest.mark.asyncio(loop_scope="function")
async def test_sent_again_is_done_once(town: Any) -> None:
    """Under the same key each command answers as it did, to the byte, and no table has another row for it."""
    scene = await set_scene(town)
    done = 0
    for command in sorted(GOOD.keys() - set(KEYLESS), key=lambda one: (one in LAST, one)):
        key, caller = str(uuid4()), OWNERS[command]
        first = await scene.send(caller, command, GOOD[command], key)
        before = await scene.count()
        again = await scene.send(caller, command, GOOD[command], key)
        assert again.body == first.body, command
        assert await scene.count() == before, f"{command} did something the second time"
        done += first.data[command]["errors"] == []
    assert done > len(GOOD) // 2, "most of them were done, and not refused twice"


@pytest.mark.asyncio(loop_scope="function")
async def test_key_is_of_one_request(town: Any) -> None:
    """Another input under the same key is refused, of whichever command; another person has keys of their own."""
    scene, key = await set_scene(town), str(uuid4())
    first = await scene.send("resident 0", "askAdvice", {"question": "一？"}, key)
    assert first.data["askAdvice"]["errors"] == []
    for command, given in (("askAdvice", {"question": "二？"}), ("applyForLegalAid", AID)):
        answer = await scene.send("resident 0", command, given, key)
        assert [(one["code"], one["path"]) for one in answer.data[command]["errors"]] == [
            ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
        ]
    other = await scene.send("resident 1", "askAdvice", {"question": "二？"}, key)
    assert other.data["askAdvice"]["errors"] == []
