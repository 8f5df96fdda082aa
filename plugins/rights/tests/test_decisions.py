"""What rules decided, over HTTP: explained, reviewed by somebody else, put into force; no denial by a rule alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import strawberry
from gongzhi.core.people.models import PersonRow, Tier
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of
from gongzhi.declare.extend import Extension, extend
from gongzhi.declare.register_entries import Card
from gongzhi.declare.registers import Registers
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import DeclarationError, Text
from gongzhi_rights.decisions import Contribution, record_decision
from gongzhi_server.testing import ESSENTIAL, essential_with, serve_application
from strawberry import ID

from .conftest import MARKERS, Family, expect_success, refusal_codes

MINE = """{ me { decisions(first: 10) { totalCount nodes { id at subject outcome adverse inForce
  rule { name version card { purpose formula owner } } inputs { name value } contributions { name value text english }
  household { number } reviews { state } } } } }"""
REVIEW = "review { id state dueAt reason outcome grounds version decision { id outcome inputs { name value } } }"
DESK = "{ reviews(filter: { state: { equals: OPEN } }) { nodes { id dueAt version decision { outcome } } } }"


async def test_tier_is_explained_and_reviewed(family: Family, connection: Any) -> None:
    elder, mother = family.of(family.elder), family.of(family.mother)
    page = (await elder.ask(MINE)).data["me"]["decisions"]
    [decision] = page["nodes"]
    assert page["totalCount"] == 1 and decision["household"]
    assert (decision["subject"], decision["outcome"], decision["inForce"]) == ("HOUSEHOLD", "UNCLASSIFIED", True)
    assert (decision["rule"]["name"], decision["rule"]["version"]) == ("service-tier", "1")
    assert decision["rule"]["card"]["formula"].startswith("The first that holds")
    assert {one["name"]: one["value"] for one in decision["inputs"]}["needs"] == []
    assert [one["value"] for one in decision["contributions"]] == [False, False, False, True]
    assert (await mother.ask(MINE)).data["me"]["decisions"]["nodes"] == []

    asked = {"decision": decision["id"]}
    assert await refusal_codes(mother, "requestHumanReview", REVIEW, **asked) == [("NOT_FOUND", ["decision"])]
    review = await expect_success(elder, "requestHumanReview", REVIEW, **asked, reason=MARKERS["reason"])
    assert (review["state"], review["dueAt"][:10]) == ("OPEN", "2026-07-15")
    assert (await expect_success(elder, "requestHumanReview", REVIEW, **asked))["id"] == review["id"]
    again = await expect_success(
        elder, "contestServiceTier", "decision { contestedAt contestReason }", household=family.household
    )
    assert again == {"contestedAt": "2026-06-30T02:00:00+00:00", "contestReason": MARKERS["reason"]}

    # whoever caused the decision does not review it, nor anybody it is about
    leader = family.staff("grid_leader")
    await connection.execute("update people.tier set account=$1 where id=$2::text::uuid", f"grid_leader-{family.grid}",
                           decision["id"].partition(":")[2])  # fmt: skip
    decided = {"review": review["id"], "expectedVersion": 1, "outcome": "GUANXIN", "grounds": MARKERS["grounds"]}
    assert await refusal_codes(leader, "decideReview", REVIEW, **decided) == [("CONFLICT_OF_INTEREST", ["review"])]
    own = family.server.as_("grid_leader", grid=family.grid, person=family.elder.partition(":")[2])
    assert await refusal_codes(own, "decideReview", REVIEW, **decided) == [("CONFLICT_OF_INTEREST", ["review"])]
    officer = family.officer
    assert [one["id"] for one in (await officer.ask(DESK)).data["reviews"]["nodes"]] == [review["id"]]
    assert await refusal_codes(officer, "decideReview", REVIEW, **{**decided, "outcome": "BAD"}) == [
        ("BAD_USER_INPUT", ["outcome"])
    ]
    closed = await expect_success(officer, "decideReview", REVIEW, **decided)
    assert (closed["state"], closed["outcome"], closed["decision"]["outcome"]) == ("CHANGED", "GUANXIN", "UNCLASSIFIED")
    assert await refusal_codes(officer, "decideReview", REVIEW, **{**decided, "expectedVersion": 2}) == [
        ("ILLEGAL_TRANSITION", ["review"])
    ]

    last, first = (await elder.ask(MINE)).data["me"]["decisions"]["nodes"]
    assert (last["outcome"], first["id"]) == ("GUANXIN", decision["id"])
    assert last["contributions"][0]["text"] == "经人工复核认定" and first["reviews"] == [{"state": "CHANGED"}]
    home = await connection.fetchrow(
        "select tier, visit_due_on from people.household where id=$1::text::uuid", family.household.partition(":")[2]
    )
    assert tuple(home) == ("GUANXIN", date(2026, 9, 30))
    told = (await elder.ask("{ me { notices(first: 5) { nodes { kind about } } } }")).data["me"]["notices"]["nodes"]
    assert told == [{"kind": "review.decided", "about": review["id"]}]


async def test_explanation_in_words(family: Family) -> None:
    elder, officer = family.of(family.elder), family.officer
    [decision] = (await elder.ask(MINE)).data["me"]["decisions"]["nodes"]
    selection = "decision { rule { card { formula } } } request { id kind version decision { id } }"
    payload = await elder.do("requestExplanation", selection, decision=decision["id"], text="为什么？")
    assert payload["errors"] == [] and payload["decision"]["rule"]["card"]
    request = payload["request"]
    assert (request["kind"], request["decision"]["id"]) == ("EXPLANATION", decision["id"])
    answer = {"request": request["id"], "expectedVersion": 1, "grant": True}
    silent = await refusal_codes(officer, "decideDataRequest", "request { id }", **answer)
    assert silent == [("BAD_USER_INPUT", ["grounds"])]
    told = await expect_success(officer, "decideDataRequest", "request { state grounds }", **answer, grounds="因为……")
    assert told == {"state": "GRANTED", "grounds": "因为……"}


# a rule of a plugin that may deny something

APPLIED: list[tuple[str, str]] = []


async def apply(call: Call, decision: Mapping[str, Any], outcome: str) -> None:
    APPLIED.append((decision["outcome"], outcome))


SAID = Text("Said.", "说明。")
CARD = Card(
    "shop.credit", "1", SAID, SAID, (SAID,), SAID, SAID, date(2026, 1, 1), SAID, SAID, ("YES", "NO"), apply
)  # fmt: skip


@strawberry.type(description="Nothing but errors (结果).")
class JudgePayload:
    decision: ID | None = result_field("The decision (决定).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody to judge (输入).")
class JudgeInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("Who (人员).")
    outcome: str = input_field("What (结果).")
    rule: str = input_field("By which version (版本).", default="1")


@command("Judge somebody (测试).", requires=None)
async def judge(call: Call, input: JudgeInput) -> JudgePayload:
    person = await PersonRow.get(id=key_of(Person)(input.person))
    parts = [Contribution("points", 3, SAID)]
    card = replace(CARD, version=input.rule)
    await record_decision(call, card, person, input.outcome, {"points": 3}, parts, adverse=input.outcome == "NO")
    return JudgePayload()


class Shop:
    """A plugin with a rule that may deny."""

    @hookimpl
    def graphql(self) -> list[Extension]:
        return [extend(Mutation, judge=judge)]

    @hookimpl
    def registers(self) -> list[Registers]:
        return [Registers(cards=(CARD,))]


async def test_no_denial_by_a_rule_alone(family: Family, database: str, tmp_path: Any) -> None:
    APPLIED.clear()
    async with serve_application(database, tmp_path, plugins=essential_with("shop", Shop())) as shop:
        family.server.client = shop.client
        elder, leader = family.of(family.elder), family.staff("grid_leader")
        for outcome in ("YES", "NO"):
            assert (await shop.as_("administrator").do("judge", "", person=family.elder, outcome=outcome)) == {
                "errors": []
            }
        no, yes, _ = (await elder.ask(MINE)).data["me"]["decisions"]["nodes"]
        assert (yes["outcome"], yes["subject"], yes["adverse"], yes["inForce"]) == ("YES", "PERSON", False, True)
        assert yes["rule"]["card"]["purpose"] == "Said."
        assert yes["inputs"] == [{"name": "points", "value": 3}] and yes["contributions"][0]["text"] == "说明。"
        assert (no["outcome"], no["adverse"], no["inForce"], no["reviews"]) == ("NO", True, False, [{"state": "OPEN"}])
        [review] = (await leader.ask(DESK)).data["reviews"]["nodes"]
        upheld = {"review": review["id"], "expectedVersion": 1, "outcome": "NO", "grounds": "依据规则"}
        assert (await expect_success(leader, "decideReview", REVIEW, **upheld))["state"] == "UPHELD"
        assert APPLIED == [("NO", "NO")]  # a denial is put into force by the person who decided, not by the rule
        assert (await elder.ask(MINE)).data["me"]["decisions"]["nodes"][0]["inForce"] is True
        answer = await shop.as_("administrator").do("judge", "", person=family.elder, outcome="YES", rule="1")
        assert answer["errors"] == []


async def test_rule_without_card_cannot_decide() -> None:
    class Bare:
        class context:
            registers = ESSENTIAL.registers

    with pytest.raises(DeclarationError, match="'shop.credit/1' has no published card"):
        await record_decision(Bare(), CARD, PersonRow(), "YES", {}, [])  # type: ignore[arg-type]


async def test_every_rule_has_a_card(connection: Any) -> None:
    """The demo's decisions, and every module of the core that has a rule."""
    from importlib import import_module
    from pathlib import Path

    import gongzhi

    folder = Path(gongzhi.__file__).parent
    files = [file for file in folder.rglob("*.py") if "RULE = " in file.read_text(encoding="utf-8")]
    names = [".".join(("gongzhi", *file.relative_to(folder).with_suffix("").parts)) for file in files]
    found = [module.RULE for module in map(import_module, names) if isinstance(module.RULE, str)]
    rules = {rule for rule in found if re.fullmatch(r"[a-z.-]+/\d+", rule)}  # others call other things so
    decided = {row[0] for row in await connection.fetch("select distinct rule from rights.trace")}
    assert rules == {"service-tier/1"} and decided
    assert [rule for rule in rules | decided if ESSENTIAL.registers.card(rule) is None] == []
    for card in ESSENTIAL.registers.cards:
        words = [card.purpose, card.basis, card.formula, card.owner, card.limits, card.contact, *card.inputs]
        assert all(one.en.strip() and one.zh.strip() for one in words), card.rule
    assert set(ESSENTIAL.registers.cards[0].outcomes) == {tier.value for tier in Tier}
