"""What may become a rule, and what may not."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_points.programmes.screening import screen_reward, screen_rule

ASKED = {
    "code": "tidy",
    "title": "庭院整洁",
    "text": "庭院整洁。",
    "act": "courtyard.tidy",
    "amount": 5,
    "startsOn": "2026-07-01",
}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("本季度无信访的家庭加二十分", "PETITIONING"),
        ("全年不投诉、不举报，奖励三十分", "COMPLAINING"),
        ("拒绝签字的不计分", "REFUSAL"),
        ("接受人民调解加五分", "MEDIATION"),
        ("家庭成员违法的取消资格", "RELATIVES"),
        ("不信仰宗教加分", "SENSITIVE"),
        ("乱堆乱放每次扣分", "DEDUCTION"),
        ("No complaints for a year: 30 points", "COMPLAINING"),
    ],
)
def test_safeguards_are_named(text: str, why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        screen_rule(text, "text")
    assert refused.value.code == "FORBIDDEN_RULE" and refused.value.path == ("text",)


@pytest.mark.parametrize(
    "text", ["打扫庭院", "参加村民议事会", "向网格员上报安全隐患，经核实属实", "孝敬父母受邻里好评", "传授养蚕技能"]
)
def test_good_acts_pass(text: str) -> None:
    screen_rule(text, "text")


def test_statutory_benefits_are_no_reward() -> None:
    with pytest.raises(Refusal, match="due by law"):
        screen_reward("积分满百可优先办理低保", "text")


REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"amount": -5}, "DEDUCTION", ["amount"]),
    ({"amount": 0}, "DEDUCTION", ["amount"]),
    ({"act": None, "event": "points.posted"}, "RULE_CYCLE", ["event"]),
    ({"act": None, "event": "case.reported"}, "NOT_FEEDABLE", ["event"]),
    ({"event": "case.closed"}, "BAD_USER_INPUT", ["act"]),
    ({"act": "no.such"}, "NOT_FOUND", ["act"]),
    ({"text": "不上访加十分"}, "FORBIDDEN_RULE", ["text"]),
    ({"beneficiary": "MERCHANT"}, "BAD_USER_INPUT", ["beneficiary"]),
    ({"objectionDays": 1}, "BAD_USER_INPUT", ["objectionDays"]),
]


async def test_rule_editor_refuses(village: Any) -> None:
    for given, code, path in REFUSED:
        payload = await village.manager.do(
            "proposePointsRule", "rule { id }", programme=village.programme, **{**ASKED, **given}
        )
        assert payload["rule"] is None
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, path)], given
    assert await village.fetch("select from points.rule") == []


async def test_fractions_are_no_points(village: Any) -> None:
    answer = await village.manager.ask(
        "mutation($input: ProposePointsRuleInput!) { proposePointsRule(input: $input) { errors { code } } }",
        input={"idempotencyKey": "a", "programme": village.programme, **ASKED, "amount": 1.5},
    )
    assert answer.codes and "amount" in answer.errors[0]["message"]


async def test_rule_needs_a_resolution(village: Any) -> None:
    """And it counts from the day of the resolution at the earliest, never before."""
    made = await village.manager.do(
        "proposePointsRule",
        "rule { id name state }",
        programme=village.programme,
        **{**ASKED, "startsOn": "2026-01-01"},
    )
    rule = made["rule"]
    assert rule["name"] == "points.qingquan.tidy/1" and rule["state"] == "PROPOSED"
    refused = await village.manager.do("adoptPointsRule", "rule { id }", rule=rule["id"])
    assert [one["code"] for one in refused["errors"]] == ["NOT_ADOPTED"]
    await village.adopt(rule["name"])
    done = await village.manager.do("adoptPointsRule", "rule { state startsOn adoptedBy { title } }", rule=rule["id"])
    assert done["rule"] == {"state": "ADOPTED", "startsOn": "2026-06-30", "adoptedBy": {"title": "积分规则"}}


async def test_next_version_ends_the_last(village: Any) -> None:
    first = await village.rule()
    second = await village.rule(amount=8, startsOn="2026-07-10")
    answer = await village.server.ask(
        "query($id: ID!) { node(id: $id) { ... on PointsRule { state endsOn inForce } } }", id=first
    )
    assert answer.data["node"] == {"state": "ENDED", "endsOn": "2026-07-10", "inForce": True}
    claim = await village.resident().do("claimPoints", "claim { id }", rule=second, actedOn="2026-06-30", text="做了")
    assert [one["code"] for one in claim["errors"]] == ["RULE_NOT_IN_FORCE"]
    assert (await village.earn(first, "2026-06-30"))["errors"] == []


async def test_next_version_comes_before_a_planned_end(village: Any) -> None:
    """A version that was to end later ends when the next one starts: never two in force."""
    first = await village.rule()
    ended = await village.manager.do("endPointsRule", "rule { endsOn }", rule=first, on="2026-12-31")
    assert ended == {"rule": {"endsOn": "2026-12-31"}, "errors": []}
    await village.rule(amount=8, startsOn="2026-07-10")
    answer = await village.server.ask("query($id: ID!) { node(id: $id) { ... on PointsRule { endsOn } } }", id=first)
    assert answer.data["node"] == {"endsOn": "2026-07-10"}


async def test_only_managers_make_rules(village: Any) -> None:
    elsewhere = village.server.as_("points_manager", grid="610921102")
    payload = await elsewhere.do("proposePointsRule", "rule { id }", programme=village.programme, **ASKED)
    assert [one["code"] for one in payload["errors"]] == ["FORBIDDEN"]
