"""Village affairs from beginning to end: its code and councils, deputies, wishes, projects, lessons and volunteers."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi_server.testing import codes_of

from .conftest import expect_success
from .test_activities import refusal_codes

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN, OTHER = "610921100", "610921102"


async def draft(town: Any, text: str = "爱护水渠。") -> dict[str, Any]:
    given = {"grid": TOWN, "title": "村规民约", "text": text}
    made = await expect_success(town.leader, "draftVillageCode", "code { id name number state }", **given)
    return dict(made["code"])


async def adopt(town: Any, *names: str, grid: str = TOWN, by: Any = None) -> None:
    given = {"grid": grid, "body": "ASSEMBLY", "title": "村规民约", "text": "通过。", "decidedOn": "2026-06-02"}
    await expect_success(by or town.leader, "recordResolution", "resolution { id }", **given, adopts=list(names))


async def test_code_holds_by_a_resolution_of_the_village(town: Any) -> None:
    """Of its own village and for its own version; the next one ends it on the day it begins."""
    first, second = await draft(town), await draft(town, "再加一条。")
    assert (first["number"], second["number"], second["state"]) == (1, 2, "DRAFT")
    asks = "code { state startsOn endsOn }"
    await adopt(town, first["name"], grid=OTHER, by=town.server.as_("grid_leader", grid=OTHER))
    refused = await refusal_codes(town.leader, "adoptVillageCode", asks, code=first["id"])
    assert refused == ["NOT_ADOPTED"], "what another town resolves says nothing here"
    await adopt(town, first["name"])
    done = await expect_success(town.leader, "adoptVillageCode", asks, code=first["id"])
    assert done["code"] == {"state": "ADOPTED", "startsOn": "2026-06-30", "endsOn": None}
    assert await refusal_codes(town.leader, "adoptVillageCode", asks, code=second["id"]) == ["NOT_ADOPTED"]
    town.server.clock.move(days=10)
    await adopt(town, second["name"])
    await expect_success(town.leader, "adoptVillageCode", asks, code=second["id"])
    seen = "query($id: ID!) { node(id: $id) { ... on VillageCode { state startsOn endsOn text } } }"
    assert (await town.server.ask(seen, id=first["id"])).data["node"] == {
        "state": "ENDED", "startsOn": "2026-06-30", "endsOn": "2026-07-10", "text": "爱护水渠。",
    }  # fmt: skip
    worker = await town.worker.ask(
        "mutation($input: DraftVillageCodeInput!) { draftVillageCode(input: $input) { errors { code } } }",
        input={"idempotencyKey": "x", "grid": TOWN, "title": "约", "text": "文"},
    )
    assert worker.codes == ["FORBIDDEN"]


async def test_council_seats_are_by_consent_and_left_at_will(town: Any) -> None:
    """One head a council; whoever sits in it leaves by themselves, and then somebody else may lead."""
    given = {"grid": TOWN, "kind": "MORALITY", "consent": True}
    asks = "seat { id name head since until }"
    made = await expect_success(town.leader, "seatInCouncil", asks, **given, person=town.person(), head=True)
    seat = made["seat"]["id"]
    assert made["seat"]["head"] and made["seat"]["name"] and made["seat"]["until"] is None
    for person, head in ((town.person(), False), (town.person(1), True)):
        again = await refusal_codes(town.leader, "seatInCouncil", asks, **given, person=person, head=head)
        assert again == ["DUPLICATE"]
    other = {**given, "kind": "DELIBERATION", "person": town.person(), "head": True}
    await expect_success(town.leader, "seatInCouncil", asks, **other)
    assert await refusal_codes(town.resident(1), "leaveCouncil", asks, seat=seat) == ["FORBIDDEN"]
    left = await expect_success(town.resident(), "leaveCouncil", asks, seat=seat)
    assert left["seat"]["until"] == "2026-06-30"
    town.server.clock.move(days=3)
    again = await expect_success(town.leader, "leaveCouncil", asks, seat=seat)
    assert again["seat"]["until"] == "2026-06-30", "they left on the first day"
    await expect_success(town.leader, "seatInCouncil", asks, **given, person=town.person(1), head=True)


async def test_deputy_is_answered_until_they_have_rated(town: Any) -> None:
    """A reply is written anew until it is rated; nobody else rates it, and it is rated once."""
    [(unit,)] = await town.fetch("select code from units.unit order by id limit 1")
    deputy = town.server.as_("deputy", grid=TOWN, person=str(town.people[0]))
    handler = town.server.as_("department_handler", unit=unit)
    given = {"grid": TOWN, "unit": unit, "title": "增设路灯", "text": "村道无路灯。"}
    made = await expect_success(deputy, "submitDeputySuggestion", "suggestion { id }", **given)
    id = {"suggestion": made["suggestion"]["id"]}
    asks = "suggestion { state reply satisfied repliedAt }"
    assert await refusal_codes(deputy, "rateSuggestionReply", asks, **id, satisfied=True) == ["ILLEGAL_TRANSITION"]
    for text in ("研究中。", "九月底前装好。"):
        replied = await expect_success(handler, "replyToSuggestion", asks, **id, text=text)
        assert (replied["suggestion"]["state"], replied["suggestion"]["reply"]) == ("REPLIED", text)
    neighbour = town.server.as_("deputy", grid=TOWN, person=str(town.people[1]))
    assert await refusal_codes(neighbour, "rateSuggestionReply", asks, **id, satisfied=True) in (
        ["FORBIDDEN"], ["NOT_FOUND"],
    )  # fmt: skip
    rated = await expect_success(deputy, "rateSuggestionReply", asks, **id, satisfied=False)
    assert (rated["suggestion"]["state"], rated["suggestion"]["satisfied"]) == ("RATED", False)
    assert await refusal_codes(deputy, "rateSuggestionReply", asks, **id, satisfied=True) == ["ILLEGAL_TRANSITION"]
    late = await refusal_codes(handler, "replyToSuggestion", asks, **id, text="另行答复。")
    assert late == ["ILLEGAL_TRANSITION"]
    kinds = (await town.resident().ask("{ me { notices { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert [one["kind"] for one in kinds] == ["party.suggestion_replied"] * 2


async def test_no_proposal_goes_to_a_closed_unit(town: Any) -> None:
    [(unit, key)] = await town.fetch("select code, id from units.unit order by id desc limit 1")
    deputy = town.server.as_("deputy", grid=TOWN, person=str(town.people[0]))
    await town.fetch("update units.unit set valid_to='2026-06-01' where id=$1", key)
    given = {"grid": TOWN, "unit": unit, "title": "路灯", "text": "无。"}
    done = await deputy.do("submitDeputySuggestion", "suggestion { id }", **given)
    assert [(one["code"], one["path"]) for one in done["errors"]] == [("NOT_FOUND", ["unit"])]
    beyond = await deputy.do("submitDeputySuggestion", "suggestion { id }", **given | {"grid": OTHER})
    assert [(one["code"], one["path"]) for one in beyond["errors"]] == [("FORBIDDEN", ["grid"])]


async def test_wish_is_its_owners_to_end(town: Any) -> None:
    """Nobody else says that it was fulfilled; what was taken back before anybody came is not fulfilled."""
    given = {"title": "老花镜", "text": "看报用。", "published": True}
    wishes = [
        (await expect_success(town.resident(), "makeWish", "wish { id }", **given))["wish"]["id"] for _ in range(2)
    ]
    asks = "wish { state endedAt }"
    await expect_success(town.secretary, "claimWish", asks, wish=wishes[0], branch=town.branch)
    for caller in (town.resident(1), town.worker, town.secretary):
        assert await refusal_codes(caller, "endWish", asks, wish=wishes[0], fulfilled=True) == ["FORBIDDEN"]
    early = await refusal_codes(town.resident(), "endWish", asks, wish=wishes[1], fulfilled=True)
    assert early == ["ILLEGAL_TRANSITION"], "nobody saw to it"
    for wish, fulfilled, state in ((wishes[0], True, "FULFILLED"), (wishes[1], False, "WITHDRAWN")):
        done = await expect_success(town.resident(), "endWish", asks, wish=wish, fulfilled=fulfilled)
        assert done["wish"] == {"state": state, "endedAt": "2026-06-30T02:00:00+00:00"}
        again = await refusal_codes(town.resident(), "endWish", asks, wish=wish, fulfilled=False)
        assert again == ["ILLEGAL_TRANSITION"]
        assert await refusal_codes(town.resident(1), "claimWish", asks, wish=wish) == ["ILLEGAL_TRANSITION"]
    kinds = (await town.resident().ask("{ me { notices { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert [one["kind"] for one in kinds] == ["party.wish_claimed"]
    listed = '{ grid(code: "610921100") { wishes(filter: { state: { equals: FULFILLED } }) { nodes { title } } } }'
    assert (await town.server.ask(listed)).data["grid"]["wishes"]["nodes"] == [{"title": "老花镜"}]


async def test_project_tells_how_far_it_is(town: Any) -> None:
    """Each step is kept; it does not go back, ends at a hundred, and is rated by those who live there, once."""
    given = {"grid": TOWN, "title": "文化广场", "text": "建。", "dueOn": "2026-12-01", "branch": town.branch}
    made = await expect_success(town.secretary, "startPublicProject", "project { id state percent version }", **given)
    project = made["project"].pop("id")
    assert made["project"] == {"state": "PLANNED", "percent": 0, "version": 1}
    asks = "project { state percent version progress { percent note } }"
    for version, percent, note in ((1, 0, "放线"), (2, 60, "基础"), (3, 60, "停工待料"), (4, 100, "完工")):
        step = {"project": project, "percent": percent, "note": note, "expectedVersion": version}
        done = await expect_success(town.worker, "advancePublicProject", asks, **step)
    assert done["project"] == {
        "state": "DONE", "percent": 100, "version": 5,
        "progress": [{"percent": 0, "note": "放线"}, {"percent": 60, "note": "基础"},
                     {"percent": 60, "note": "停工待料"}, {"percent": 100, "note": "完工"}],
    }  # fmt: skip
    late = {"project": project, "percent": 100, "note": "再修", "expectedVersion": 5}
    assert await refusal_codes(town.worker, "advancePublicProject", asks, **late) == ["ILLEGAL_TRANSITION"]
    opinion = "query($id: ID!) { node(id: $id) { ... on PublicProject { opinion { score answers } } } }"
    for at in range(10):
        assert (await town.server.ask(opinion, id=project)).data["node"] == {"opinion": None}
        await expect_success(
            town.resident(at), "ratePublicProject", "project { id }", project=project, score=4 + at % 2
        )
    assert (await town.server.ask(opinion, id=project)).data["node"] == {"opinion": {"score": 4.5, "answers": 10}}
    assert await refusal_codes(town.resident(), "ratePublicProject", "project { id }", project=project, score=1) == [
        "DUPLICATE"
    ]
    [(away,)] = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 order by 1 limit 1", OTHER
    )
    stranger = town.server.as_("resident", person=str(away))
    assert await refusal_codes(stranger, "ratePublicProject", "project { id }", project=project, score=1) == [
        "NOT_FOUND"
    ]


QUESTIONS = [
    {"text": "一", "options": ["甲", "乙"], "answer": 1, "explanation": "因甲。"},
    {"text": "二", "options": ["甲", "乙", "丙"], "answer": 3, "explanation": "因丙。"},
]


@pytest.mark.parametrize(
    ("answers", "right"),
    [([1, 3], [True, True]), ([2, 3], [False, True]), ([1, 1], [True, False]), ([9, -1], [False, False])],
)
async def test_quiz_says_what_is_right(town: Any, answers: list[int], right: list[bool]) -> None:
    """Whatever one answers, each question says what is right and why; nothing of it is kept."""
    lesson = {"grid": TOWN, "kind": "QUIZ", "topic": "反诈", "title": "自测", "text": "试一试。"}
    made = await expect_success(town.worker, "publishLesson", "lesson { id }", **lesson, questions=QUESTIONS)
    asks = "answers { right answer explanation }"
    done = await town.resident().do("checkQuiz", asks, lesson=made["lesson"]["id"], answers=answers)
    assert [one["right"] for one in done["answers"]] == right
    assert [(one["answer"], one["explanation"]) for one in done["answers"]] == [(1, "因甲。"), (3, "因丙。")]
    [(kept,)] = await town.fetch("select count(*) from journal.request where mutation='check_quiz'")
    assert kept == 0


@pytest.mark.asyncio(loop_scope="function")  # it lists all lessons
async def test_lesson_is_taken_down_once(town: Any) -> None:
    """It is no longer on the list, and keeps the moment it was taken down."""
    lesson = {"grid": TOWN, "kind": "ARTICLE", "topic": "防火", "title": "防火须知", "text": "远离火源。"}
    made = await expect_success(
        town.worker, "publishLesson", "lesson { id link }", **lesson, link="https://x.example/a"
    )
    listed = "{ lessons { nodes { title } } }"
    assert (await town.server.ask(listed)).data["lessons"]["nodes"] == [{"title": "防火须知"}]
    given = {"lesson": made["lesson"]["id"]}
    beyond = await refusal_codes(town.beyond, "withdrawLesson", "lesson { id }", **given)
    assert beyond == ["FORBIDDEN"]
    first = await expect_success(town.worker, "withdrawLesson", "lesson { withdrawnAt }", **given)
    town.server.clock.move(hours=5)
    assert await expect_success(town.worker, "withdrawLesson", "lesson { withdrawnAt }", **given) == first
    assert (await town.server.ask(listed)).data["lessons"]["nodes"] == []


async def test_volunteers_join_where_they_live(town: Any) -> None:
    """Whoever left may come back, and each time is kept; people of elsewhere do not join, and nobody leaves twice."""
    group = {"grid": TOWN, "name": "红袖章", "purpose": "夜巡。", "leader": town.person(3), "consent": True}
    made = await expect_success(town.worker, "foundVolunteerGroup", "group { id }", **group)
    given = {"group": made["group"]["id"]}
    [(away,)] = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 order by 1 limit 1", OTHER
    )
    stranger = town.server.as_("resident", person=str(away))
    assert await refusal_codes(stranger, "joinVolunteerGroup", "group { id }", **given) == ["NOT_FOR_YOU"]
    for _ in range(2):
        await expect_success(town.resident(), "joinVolunteerGroup", "group { id }", **given)
        town.server.clock.move(days=2)
        await expect_success(town.resident(), "leaveVolunteerGroup", "group { id }", **given)
        assert await refusal_codes(town.resident(), "leaveVolunteerGroup", "group { id }", **given) == ["NOT_FOUND"]
    mine = "{ me { person { volunteering { nodes { since until } } } } }"
    assert (await town.resident().ask(mine)).data["me"]["person"]["volunteering"]["nodes"] == [
        {"since": "2026-07-02", "until": "2026-07-04"}, {"since": "2026-06-30", "until": "2026-07-02"},
    ]  # fmt: skip


async def test_raised_matter_is_read_first_by_who_leads(town: Any) -> None:
    """Until its agenda is out a matter is seen by whoever raised it and whoever leads; dropped before, it never is."""
    made = await expect_success(
        town.resident(), "raiseMatter", "deliberation { id }", title="修渠", text="议一议", grid=TOWN
    )
    id = made["deliberation"]["id"]
    seen = "query($id: ID!) { node(id: $id) { ... on Deliberation { state reason } } }"

    async def readers() -> set[str]:
        callers = {"own": town.resident(), "leader": town.leader, "neighbour": town.resident(1),
                   "worker": town.worker, "stranger": town.server, "beyond": town.beyond}  # fmt: skip
        return {name for name, one in callers.items() if (await one.ask(seen, id=id)).data["node"]}

    assert await readers() == {"own", "leader"}
    given = {"deliberation": id, "expectedVersion": 1, "reason": "已由村委办理"}
    beyond = await refusal_codes(town.beyond, "dropMatter", "deliberation { id }", **given)
    assert beyond == ["NOT_FOUND"]
    await expect_success(town.leader, "dropMatter", "deliberation { id }", **given)
    assert await readers() == {"own", "leader"}
    assert (await town.resident().ask(seen, id=id)).data["node"] == {"state": "DROPPED", "reason": "已由村委办理"}


async def test_speakers_are_called_in_their_order(town: Any) -> None:
    """Once each, by those it concerns, and while the agenda stands."""
    made = await expect_success(town.leader, "raiseMatter", "deliberation { id }", title="修渠", text="议", grid=TOWN)
    given = {"deliberation": made["deliberation"]["id"]}
    agenda = {**given, "expectedVersion": 1, "items": ["讨论"]}
    await expect_success(town.leader, "publishMatterAgenda", "deliberation { id }", **agenda)
    for at in (2, 0, 1):
        town.server.clock.move(seconds=1)
        await expect_success(town.resident(at), "askToSpeakOnMatter", "speaker { id }", **given, topic=f"第{at}点")
    again = await town.resident().do("askToSpeakOnMatter", "speaker { id }", **given, topic="再说")
    assert codes_of(again["errors"]) == ["DUPLICATE"]
    [(away,)] = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 order by 1 limit 1", OTHER
    )
    stranger = town.server.as_("resident", person=str(away))
    assert await refusal_codes(stranger, "askToSpeakOnMatter", "speaker { id }", **given, topic="外") == [
        "NOT_CONCERNED"
    ]
    listed = "query($id: ID!) { node(id: $id) { ... on Deliberation { speakers { topic } } } }"
    told = (await town.server.ask(listed, id=given["deliberation"])).data["node"]["speakers"]
    assert [one["topic"] for one in told] == ["第2点", "第0点", "第1点"]
