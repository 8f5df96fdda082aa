"""Appraisals: panels by lot, secret scores, objection, review by a person, publication by consent."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")
FAIRNESS = """query($id: ID!) { node(id: $id) { ... on CreditModel {
  fairness { dimension group count ratio grades { grade share } } } } }"""
OWN = "query($id: ID!) { node(id: $id) { ... on CreditAppraisal { state grade score published %s } } }"


async def read_appraisal(caller: Any, id: str, more: str = "") -> Any:
    return (await caller.ask(OWN % more, id=id)).data["node"]


async def test_panel_has_no_conflict_of_interest(town: Any) -> None:
    """Nobody of the household, nobody who asks for a loan, nobody twice; the rest is the lot."""
    await town.apply(45)
    kin = await town.fetch(
        "select distinct o.person_id id from people.membership m join people.membership o "
        "on o.household_id=m.household_id where m.person_id=$1",
        town.people[46],
    )
    made = await town.done(town.resident(46), "requestCreditAppraisal", "appraisal { id state }")
    panel = await town.done(
        town.officer, "drawReviewPanel", "panel { seats quorum pool seed members { state } }", appraisal=made["id"]
    )
    assert (panel["seats"], panel["quorum"], len(panel["members"])) == (7, 5, 7) and panel["pool"] <= 18
    sitting = set(await town.seated(made["id"]))
    assert len(sitting) == 7 and not sitting & {town.people[45], town.people[46], *(row["id"] for row in kin)}
    assert await town.refused(town.officer, "drawReviewPanel", "panel { id }", appraisal=made["id"]) == [
        "ILLEGAL_TRANSITION"
    ]


async def test_scores_are_secret(town: Any) -> None:
    """One sees that somebody has scored and not what; the database does not know either; outsiders cannot."""
    made = await town.done(town.resident(1), "requestCreditAppraisal", "appraisal { id }")
    id, scores = made["id"], [{"indicator": name, "value": 9} for name in town.weights]
    await town.done(town.officer, "drawReviewPanel", "panel { id }", appraisal=id)
    members = await town.seated(id)
    given = {"appraisal": id, "scores": scores}
    outsider = next(one for one in town.people[40:60] if one not in members)
    assert await town.refused(town.panelist(outsider), "scoreAppraisal", "scored", **given) == ["NOT_FOUND"]
    assert await town.refused(
        town.panelist(members[0]), "scoreAppraisal", "scored", **given | {"scores": scores[1:]}
    ) == ["BAD_USER_INPUT"]
    high = [*scores[1:], {"indicator": scores[0]["indicator"], "value": 11}]
    assert await town.refused(town.panelist(members[0]), "scoreAppraisal", "scored", **given | {"scores": high}) == [
        "BAD_USER_INPUT"
    ]
    await town.done(town.panelist(members[0]), "excuseFromPanel", "scored", appraisal=id)
    assert len(await town.seated(id)) == 7 and members[0] not in await town.seated(id)
    await town.score(id, 9, 8, most=4)
    close = {"appraisal": id, "minutes": "评议。"}
    assert await town.refused(town.officer, "closeReviewPanel", "appraisal { id }", **close) == ["NO_QUORUM"]
    voters = (await town.seated(id))[:1]
    todo = (
        await town.panelist(voters[0]).ask("{ myAppraisalsToScore { nodes { id name grade person { id } } } }")
    ).data
    [task] = [one for one in todo["myAppraisalsToScore"]["nodes"] if one["id"] == id]
    assert task["name"] and task["grade"] is None and task["person"] is None, "a name, and nothing else of the file"
    await town.score(id, 10, most=1)
    assert await town.refused(town.panelist(voters[0]), "scoreAppraisal", "scored", **given) == ["DUPLICATE"]
    await town.done(town.officer, "closeReviewPanel", "appraisal { id }", **close)
    columns = await town.fetch(
        "select column_name c from information_schema.columns where table_schema='credit' and table_name='sheet'"
    )
    assert {row["c"] for row in columns} == {"id", "panel_id", "indicator_id", "value"}
    sheets = await town.fetch(
        "select s.id from credit.sheet s join credit.panel p on p.id=s.panel_id where p.appraisal_id=$1", town.key(id)
    )
    assert len(sheets) == 5 * len(town.weights) and {row["id"].version for row in sheets} == {4}


async def test_objection_goes_to_another_panel(town: Any) -> None:
    id = await town.appraise(2, 7, 6, 7)
    mine = town.resident(2)
    first = await read_appraisal(mine, id, "panel { minutes round } counterfactual { change english grade } validUntil")
    assert first["grade"] == "C" and {one["grade"] for one in first["counterfactual"]} == {"B"}
    assert len(first["counterfactual"]) == 2 and "分提高到" in first["counterfactual"][0]["change"]
    assert first["validUntil"] == "2027-06-30" and first["panel"] == {"minutes": "逐项评议。", "round": 1}
    given = {"appraisal": id, "reason": "志愿服务记录不全"}
    assert await town.refused(town.resident(3), "objectToAppraisal", "objection { id }", **given) == ["NOT_FOUND"]
    made = await town.done(mine, "objectToAppraisal", "objection { state decideBy }", **given)
    assert made == {"state": "OPEN", "decideBy": "2026-07-20"}
    assert (await read_appraisal(town.officer, id))["grade"] is None, "while it is disputed nobody else reads it"
    assert await town.sit(id, 9, 8, 8) == {"state": "CONCLUDED", "grade": "B"}
    both = await town.fetch(
        "select s.panelist_id from credit.seat s join credit.panel p on p.id=s.panel_id where p.appraisal_id=$1",
        town.key(id),
    )
    assert len({row["panelist_id"] for row in both}) == 14, "nobody sits twice"
    after = await read_appraisal(mine, id, "objections { state answer }")
    assert after["objections"] == [{"state": "UPHELD", "answer": "另一评判团评定等级由 C 变更为 B。"}]
    assert await town.refused(mine, "objectToAppraisal", "objection { id }", **given) == ["DUPLICATE"]


async def test_objection_has_a_term(town: Any) -> None:
    id = await town.appraise(3, 9, 8, 9)
    town.server.clock.move(days=21)
    given = {"appraisal": id, "reason": "不服"}
    assert await town.refused(town.resident(3), "objectToAppraisal", "objection { id }", **given) == ["TERM_OVER"]


async def test_no_grade_is_looked_at_by_a_person(town: Any) -> None:
    """No rule denies anything alone: it waits for a review, and the review may give the lowest grade."""
    id = await town.appraise(4, 3, 4, 3)
    mine = town.resident(4)
    asked = "decision { outcome adverse inForce rule { name card { formula } } reviews { id state version } }"
    found = await read_appraisal(mine, id, asked)
    assert (found["state"], found["decision"]["outcome"], found["decision"]["inForce"]) == (
        "IN_REVIEW",
        "NO_GRADE",
        False,
    )
    assert found["decision"]["rule"]["name"] == "credit.appraisal" and found["decision"]["rule"]["card"]["formula"]
    [review] = found["decision"]["reviews"]
    officer = town.server.as_("data_protection_officer", grid="610921")
    given = {
        "review": review["id"],
        "expectedVersion": review["version"],
        "outcome": "LOWEST_GRADE",
        "grounds": "材料不全",
    }
    await town.done(officer, "decideReview", "review { state }", **given)
    after = await read_appraisal(mine, id, "validUntil")
    assert (after["state"], after["grade"], after["validUntil"]) == ("CONCLUDED", "C", "2027-06-30")


async def test_review_can_be_asked_for(town: Any) -> None:
    id = await town.appraise(5, 9, 9, 9)
    decision = (
        await read_appraisal(town.resident(5), id, "decision { id inputs { name value } contributions { name value } }")
    )["decision"]
    inputs = {one["name"]: one["value"] for one in decision["inputs"]}
    assert inputs["model"] == "sanzhi/1" and inputs["scores"] == 7 and inputs["volunteering"] == "9.00"
    assert {one["name"]: one["value"] for one in decision["contributions"]}["volunteering"] == "18.00"
    made = await town.done(town.resident(5), "requestHumanReview", "review { state }", decision=decision["id"])
    assert made == {"state": "OPEN"}


async def test_grade_is_shown_by_consent(town: Any) -> None:
    id = await town.appraise(6)
    grade = '{ grid(code: "610921") { creditCommendations { nodes { name grade } } } }'

    async def shown() -> int:
        return len((await town.server.ask(grade)).data["grid"]["creditCommendations"]["nodes"])

    before = await shown()
    assert (await read_appraisal(town.resident(7), id)) is None
    await town.done(town.resident(6), "publishAppraisal", "appraisal { published }", appraisal=id, published=True)
    assert await shown() == before + 1
    assert (await read_appraisal(town.resident(7), id)) is None, "the rest of it stays the holder's"
    await town.done(town.resident(6), "publishAppraisal", "appraisal { published }", appraisal=id, published=False)
    assert await shown() == before


async def test_registry_refuses_banned_inputs(town: Any) -> None:
    """Neither as an indicator nor as part of a scorecard, and a version that is not in force appraises nobody."""
    indicator = {"code": "xinfang", "name": "信访情况", "governance": "LAW", "description": "有无信访记录"}
    assert await town.refused(town.officer, "addCreditIndicator", "indicator { id }", **indicator) == ["BANNED_INPUT"]
    fine = {"code": "skills", "name": "技能传授", "governance": "SELF", "description": "向村民传授技能，以记录核实。"}
    await town.done(town.officer, "addCreditIndicator", "indicator { id }", **fine)
    asked = {"grid": "610921", "code": "other", "title": "模型", "startsOn": "2026-06-01"}
    asked["bands"] = [{"grade": "A", "least": 80}]

    def weighed(**weights: int) -> Any:
        return {"weights": [{"indicator": name, "weight": weight} for name, weight in weights.items()]}

    async def proposed(**more: Any) -> list[str]:
        return await town.refused(town.officer, "proposeCreditModel", "model { id }", **{**asked, **more})

    assert await proposed(**weighed(religion=40, honesty=30, skills=30)) == ["BANNED_INPUT"]
    assert await proposed(**weighed(unknown=40, honesty=30, skills=30)) == ["NOT_FOUND"]
    assert await proposed(**weighed(honesty=80, skills=10, volunteering=10)) == ["BAD_USER_INPUT"]
    assert await proposed(**weighed(honesty=30, skills=30, volunteering=30)) == ["BAD_USER_INPUT"]
    weights = weighed(honesty=40, skills=30, volunteering=30)
    assert await proposed(**weights, bands=[{"grade": "C", "least": 60}, {"grade": "A", "least": 80}]) == [
        "BAD_USER_INPUT"
    ]
    made = await town.done(town.officer, "proposeCreditModel", "model { id state }", **asked, **weights)
    assert made["state"] == "PROPOSED"
    assert await town.refused(town.officer, "adoptCreditModel", "model { id }", model=made["id"]) == ["NOT_ADOPTED"]
    wanted = {"model": made["id"]}
    assert await town.refused(town.resident(8), "requestCreditAppraisal", "appraisal { id }", **wanted) == [
        "MODEL_NOT_IN_FORCE"
    ]


async def test_fairness_is_reported(town: Any) -> None:
    """Groups of ten or more, with the ratio to the best group; of fewer nothing is told."""
    model = town.key(town.model)
    await town.fetch(
        "insert into credit.appraisal (id, person_id, grid_id, model_id, state, score, grade, contributions, "
        "counterfactual, requested_at, concluded_at, published, version) "
        "select gen_random_uuid(), p.id, p.grid_id, $1, 'CONCLUDED', 8000, case when p.gender='MALE' or n%2=0 then 'A' "
        "else 'C' end, '[]', '[]', now(), now(), false, 1 "
        "from (select p.*, row_number() over (order by p.id) n from people.person p) p where p.id<>all($2::uuid[])",
        model,
        town.people,
    )
    try:
        report = (await town.server.ask(FAIRNESS, id=town.model)).data["node"]["fairness"]
        gender = {one["group"]: one for one in report if one["dimension"] == "GENDER"}
        assert gender["MALE"]["ratio"] == "1.00" and 0.3 < float(gender["FEMALE"]["ratio"]) < 0.7
        assert sum(one["share"] for one in gender["FEMALE"]["grades"]) in range(98, 103)
        small = [one for one in report if one["count"] is None]
        assert small and all(one["ratio"] is None and one["grades"] is None for one in small)
        assert {one["dimension"] for one in report} == {"AGE", "GENDER", "GRID"}
    finally:
        await town.fetch(
            "delete from credit.appraisal where model_id=$1 and person_id<>all($2::uuid[])", model, town.people
        )
