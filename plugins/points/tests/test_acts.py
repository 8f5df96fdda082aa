"""The register of acts: standard ones, a county's own, versions, and what rules and explanations make of them."""

from __future__ import annotations

from typing import Any

COUNTY = "610921"
OWN = {
    "county": COUNTY,
    "code": "flood.watch",
    "expectedVersion": 0,
    "name": "汛期巡查",
    "nameEn": "Flood watch",
    "description": "汛期按安排巡查河堤，有巡查记录。",
    "least": 5,
    "most": 20,
    "proof": "TEXT",
    "recorder": "RESIDENT",
}
ACTS = "{ pointsProgrammes { nodes { acts { code mark least most proof recorder inForce } } } }"
STANDARD = {
    "problem.reported",
    "volunteering",
    "deliberation",
    "courtyard.tidy",
    "activity.checkin",
    "neighbour.help",
    "rubbish.sorted",
    "skills.shared",
}


def office(village: Any) -> Any:
    return village.server.as_("points_manager", grid=COUNTY)


async def publish(village: Any, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = await office(village).do(
        "publishPointsAct", "act { id mark version startsOn endsOn county { code } }", **{**OWN, **given}
    )
    return made


async def acts(village: Any) -> dict[str, dict[str, Any]]:
    [programme] = (await village.server.ask(ACTS)).data["pointsProgrammes"]["nodes"]
    return {one["code"]: one for one in programme["acts"]}


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


async def test_standard_acts_are_the_defaults(village: Any) -> None:
    found = await acts(village)
    assert found.keys() == STANDARD
    assert found["courtyard.tidy"] == {
        "code": "courtyard.tidy", "mark": "courtyard.tidy/1", "least": 1, "most": 10_000, "proof": "NONE",
        "recorder": "RESIDENT", "inForce": True,
    }  # fmt: skip


async def test_county_adds_an_act_and_rules_reward_it(village: Any) -> None:
    made = await publish(village)
    assert made == {
        "act": made["act"]
        | {"mark": f"{COUNTY}:flood.watch/1", "version": 1, "county": {"code": COUNTY}, "endsOn": None},
        "errors": [],
    }
    assert (await acts(village)).keys() == {*STANDARD, "flood.watch"}
    asked = {"code": "flood", "title": "汛期巡查", "text": "汛期巡查，每次十分。", "act": "flood.watch"}
    for given, path in (
        ({"amount": 21}, ["amount"]),
        ({"amount": 4}, ["amount"]),
        ({"amount": 10, "proof": "NONE"}, ["proof"]),
    ):
        refused = await village.manager.do(
            "proposePointsRule", "rule { id }", programme=village.programme, startsOn="2026-07-01", **asked, **given
        )
        assert codes(refused) == [("BAD_USER_INPUT", path)]
    rule = await village.rule(**asked, amount=10)
    await village.earn(rule, "2026-06-30")
    account = await village.account(asks="entries(first: 1) { nodes { id } }")
    [entry] = account["entries"]["nodes"]
    query = "query($e: ID!) { explainEntry(id: $e) { text rule { act { mark name version } } inputs { name value } } }"
    why = (await village.resident().ask(query, e=entry["id"])).data["explainEntry"]
    assert why["rule"]["act"] == {"mark": f"{COUNTY}:flood.watch/1", "name": "汛期巡查", "version": 1}
    assert {"name": "act", "value": f"{COUNTY}:flood.watch/1"} in why["inputs"]
    assert "for the act 'Flood watch', the county's version 1" in why["text"]


async def test_next_version_leaves_rules_as_they_are(village: Any) -> None:
    """A county's version of a standard act takes its place there; a rule of before keeps it, and its act."""
    rule = await village.rule()
    own = await publish(village, code="courtyard.tidy", name="庭院整洁", nameEn="Tidy courtyard", least=1, most=3)
    assert own["act"]["mark"] == f"{COUNTY}:courtyard.tidy/1"
    found = await acts(village)
    assert found.keys() == STANDARD and found["courtyard.tidy"]["mark"] == f"{COUNTY}:courtyard.tidy/1"
    assert (await village.earn(rule, "2026-06-30"))["errors"] == []
    [(inputs,)] = await village.fetch("select inputs::text from points.posting where kind='EARNED'")
    assert '"courtyard.tidy/1"' in inputs
    more = await village.manager.do(
        "proposePointsRule", "rule { id }", programme=village.programme, code="tidy", title="庭院整洁",
        text="庭院整洁。", act="courtyard.tidy", amount=5, startsOn="2026-07-01",
    )  # fmt: skip
    assert codes(more) == [("BAD_USER_INPUT", ["amount"])]
    stale = await publish(village, code="courtyard.tidy")
    assert codes(stale) == [("STALE_VERSION", ["expectedVersion"])]
    second = await publish(village, code="courtyard.tidy", expectedVersion=1, startsOn="2026-07-10")
    assert (second["act"]["version"], second["act"]["startsOn"]) == (2, "2026-07-10")
    before = await publish(village, code="courtyard.tidy", expectedVersion=2, startsOn="2026-07-09")
    assert codes(before) == [("BAD_USER_INPUT", ["startsOn"])], "it would never hold"
    listed = (
        "query($c: String!) { pointsActs(filter: { county: { equals: $c } }) { nodes { version endsOn inForce } } }"
    )
    assert (await village.server.ask(listed, c=COUNTY)).data["pointsActs"]["nodes"] == [
        {"version": 1, "endsOn": "2026-07-10", "inForce": True},
        {"version": 2, "endsOn": None, "inForce": False},
    ]
    later = await village.manager.do(
        "proposePointsRule", "rule { act { version } }", programme=village.programme, code="tidy", title="庭院整洁",
        text="庭院整洁。", act="courtyard.tidy", amount=5, startsOn="2026-07-10",
    )  # fmt: skip
    assert later == {"rule": {"act": {"version": 2}}, "errors": []}, "the version of the rule's first day"


async def test_rule_of_an_act_that_changed_is_not_adopted(village: Any) -> None:
    made = await publish(village)
    rule = (
        await village.manager.do(
            "proposePointsRule", "rule { id name }", programme=village.programme, code="flood", title="汛期巡查",
            text="汛期巡查。", act="flood.watch", amount=10, startsOn="2026-07-15",
        )
    )["rule"]  # fmt: skip
    for on in ("2026-06-29", "2026-06-30"):
        early = await office(village).do("endPointsAct", "act { id }", act=made["act"]["id"], on=on)
        assert codes(early) == [("BAD_USER_INPUT", ["on"])], "rules may have been adopted for it today"
    ended = await office(village).do("endPointsAct", "act { endsOn }", act=made["act"]["id"], on="2026-07-10")
    assert ended == {"act": {"endsOn": "2026-07-10"}, "errors": []}
    await village.adopt(rule["name"])
    assert codes(await village.manager.do("adoptPointsRule", "rule { id }", rule=rule["id"])) == [
        ("ACT_CHANGED", ["rule"])
    ]
    again = await office(village).do("endPointsAct", "act { id }", act=made["act"]["id"], on="2026-07-11")
    assert codes(again) == [("ILLEGAL_TRANSITION", ["act"])]


async def test_what_only_grid_workers_record(village: Any) -> None:
    await publish(village, recorder="GRID_WORKER")
    rule = await village.rule(code="flood", title="汛期巡查", text="汛期巡查。", act="flood.watch", amount=10)
    own = await village.resident().do("claimPoints", "claim { id }", rule=rule, actedOn="2026-06-30", text="巡了")
    assert codes(own) == [("FOR_GRID_WORKERS", ["rule"])]
    filed = await village.worker.do(
        "claimPoints",
        "claim { id }",
        rule=rule,
        actedOn="2026-06-30",
        text="巡了",
        person=f"Person:{village.people[0]}",
    )
    assert filed["errors"] == []


BAD: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"code": "Flood Watch"}, "BAD_USER_INPUT", ["code"]),
    ({"code": "f"}, "BAD_USER_INPUT", ["code"]),
    ({"code": "flood..watch"}, "BAD_USER_INPUT", ["code"]),
    ({"name": " "}, "BAD_USER_INPUT", ["name"]),
    ({"nameEn": "x" * 61}, "BAD_USER_INPUT", ["nameEn"]),
    ({"least": 0}, "BAD_USER_INPUT", ["least"]),
    ({"most": 4}, "BAD_USER_INPUT", ["most"]),
    ({"most": 10_001}, "BAD_USER_INPUT", ["most"]),
    ({"least": 2_000_000, "most": 2_000_000}, "BAD_USER_INPUT", ["least"]),
    ({"description": "全年无信访。"}, "FORBIDDEN_RULE", ["description"]),
    ({"name": "低保户优先"}, "FORBIDDEN_RULE", ["description"]),
    ({"startsOn": "2026-06-29"}, "BAD_USER_INPUT", ["startsOn"]),
    ({"county": "610921100"}, "BAD_USER_INPUT", ["county"]),
    ({"county": "999999"}, "NOT_FOUND", ["county"]),
    ({"expectedVersion": 3}, "STALE_VERSION", ["expectedVersion"]),
]


async def test_bad_acts_are_refused(village: Any) -> None:
    for given, code, path in BAD:
        assert (code, path) in codes(await publish(village, **given)), given
    assert (await acts(village)).keys() == STANDARD


async def test_acts_are_the_countys_to_publish(village: Any) -> None:
    """Whoever runs a town's programme does not write the county's register, and nobody ends a standard act."""
    made = await village.manager.do("publishPointsAct", "act { id }", **OWN)
    assert codes(made) == [("FORBIDDEN", ["county"])]
    published = await publish(village)
    other = await village.manager.do("endPointsAct", "act { id }", act=published["act"]["id"], on="2026-08-01")
    assert codes(other) == [("FORBIDDEN", ["act"])]
    [(standard,)] = await village.fetch("select id from points.act where code='volunteering'")
    ended = await office(village).do("endPointsAct", "act { id }", act=f"PointsAct:{standard}", on="2026-08-01")
    assert codes(ended) == [("STANDARD_ACT", ["act"])]
