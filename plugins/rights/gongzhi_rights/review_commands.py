"""Review commands: have a person look at what a rule decided, and decide as that person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.people.care_commands import NEEDS
from gongzhi.core.people.households import find_household, is_member, load_tier_decision
from gongzhi.core.people.models import HouseholdRow, PersonRow
from gongzhi.core.people.rules import own_households
from gongzhi.core.people.types import TierDecision
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.register_entries import Card
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_held, require_states
from gongzhi.runtime.checks import invalid_input, not_found, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from .decisions import REASON, announce_review, decision_subjects, find_decision, open_review
from .models import ReviewRow, ReviewState
from .representation import find_representatives
from .rules import REVIEW
from .types import Decision, DecisionReview

DECISION = "The decision's id (自动化决定标识)."


@strawberry.type(description="The review as it is now, or why nothing was done (复核操作结果).")
class ReviewPayload:
    review: DecisionReview | None = result_field("The review (人工复核).")
    errors: list[Problem] = problems()


@strawberry.input(description="A decision that a person is to look at (申请人工复核).")
class RequestHumanReviewInput:
    idempotency_key: str = input_field(KEY)
    decision: ID = input_field(DECISION)
    reason: str | None = input_field("Why, if one wishes to say so (理由).", length=(0, REASON), default=UNSET)


@command(
    "Have a person look at what a rule decided; no reason is needed, and nothing gets worse by it (申请人工复核).",
    requires=None,
)
async def request_human_review(call: Call, input: RequestHumanReviewInput) -> ReviewPayload:
    trace, subject = await load_own_decision(call, input.decision)
    review = await open_review(call, trace, subject.grid_id, call.viewer.account.person, input.reason or None)
    return ReviewPayload(review=ref(DecisionReview, review.id))


@strawberry.type(description="The decision that was contested, or why nothing was done (异议结果).")
class TierDecisionPayload:
    decision: TierDecision | None = result_field("The decision (认定).")
    review: DecisionReview | None = result_field("The review of it by a person (人工复核).")
    errors: list[Problem] = problems()


@strawberry.input(description="An objection to how a household is served (服务类型异议).")
class ContestServiceTierInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field("The household's id (户标识).")
    reason: str | None = input_field(
        "Why, if the household wishes to say so (理由).", length=(0, REASON), default=UNSET
    )


@command(
    "Object to the last decision on a household's service: a person reviews it; no reason is needed (服务类型异议).",
    requires=None,
)
async def contest_service_tier(call: Call, input: ContestServiceTierInput) -> TierDecisionPayload:
    reason = input.reason or None
    household = await find_household(call, input.household)
    if not (call.may(NEEDS, household) or await is_member(household, call.viewer.account.person)):
        raise not_allowed("household")
    decision = await load_tier_decision(call, household)
    # Every decision on a tier is in the view.
    [trace] = await find_decision(call, decision.id)
    review = await open_review(call, trace, household.grid_id, call.viewer.account.person, reason)
    return TierDecisionPayload(decision=ref(TierDecision, decision.id), review=ref(DecisionReview, review.id))


@strawberry.input(description="What a person decided on review (复核决定).")
class DecideReviewInput:
    idempotency_key: str = input_field(KEY)
    review: ID = input_field("The review's id (复核标识).")
    expected_version: int = input_field(EXPECTED)
    outcome: str = input_field("The outcome, as a code of the rule's card; the same as before upholds it (结果代码).")
    grounds: str = input_field("Why; the people concerned read it (理由).", length=(1, REASON))


def foreign_reviews(review: Table, viewer: ViewerScope) -> Alternatives:
    """Return reviews of what is neither about oneself nor one's household, and that somebody else asked for."""
    own = "{0} in ({1},{2}) or {3}=any(array{4})"
    mine = Sql(own, viewer.person, review.person_id, review.asked_by_id, review.household_id, own_households(viewer))
    return [Sql("({0}) is not true", mine)] if viewer.known() else None


INVOLVED = Text(
    "Somebody else must review this: you took part in it, or it is about you.",
    "您参与了该决定或与其有利害关系，须由他人复核。",
)
DECIDING = Action(
    DecisionReview,
    (require_held(REVIEW), Requirement("CONFLICT_OF_INTEREST", foreign_reviews, INVOLVED)),
    (require_states((ReviewState.OPEN,), Text("It has been decided already.", "该复核已办结。")),),
)


@command(
    "Decide as a person on what a rule decided (作出复核决定).", requires=REVIEW, two_persons=True, action=DECIDING
)
async def decide_review(call: Call, input: DecideReviewInput) -> ReviewPayload:
    review: ReviewRow = await call.find(DecisionReview, "review", id=key_of(DecisionReview)(input.review))
    [trace] = await find_decision(call, review.decision_id)
    # Neither they nor whoever asked may decide on it.
    people = await decision_subjects(trace)
    await require_impartial(call, trace, [*people, review.asked_by_id])
    card = find_card(call, trace, input.outcome)
    review.grounds = input.grounds
    changed = input.outcome != trace["outcome"]
    # An adverse decision was a proposal: upheld, it is put into force only now.
    if card.apply and (changed or trace["adverse"]):
        # The card knows how an outcome of its rule is put into force.
        await card.apply(call, trace, input.outcome)
    review.state = ReviewState.CHANGED if changed else ReviewState.UPHELD
    review.outcome, review.account = input.outcome, call.viewer.account.name
    review.decided_at, review.version = call.now, review.version + 1
    await review.save()
    await announce_review(call, review, people)
    return ReviewPayload(review=ref(DecisionReview, review.id))


async def load_own_decision(call: Call, id: str) -> tuple[dict[str, Any], PersonRow | HouseholdRow]:
    """Return the decision and whom it is about, if the caller is concerned by it; else it is not there."""
    own = call.viewer.account.person
    for trace in await find_decision(call, key_of(Decision)(id)) if own else ():
        if trace["household_id"]:
            household = await HouseholdRow.get(id=trace["household_id"])
            if await is_member(household, own):
                return trace, household
        elif own == trace["person_id"] or own in await find_representatives(trace["person_id"], today(call)):
            return trace, await PersonRow.get(id=trace["person_id"])
    raise not_found("There is no such decision about you.", "没有关于您的该项决定。", "decision")


async def require_impartial(call: Call, trace: Mapping[str, Any], concerned: list[Any]) -> None:
    """Refuse to let somebody review what they caused, or what they are concerned by."""
    account = call.viewer.account
    if account.name == trace["account"] or (account.person and account.person in concerned):
        raise Refusal("CONFLICT_OF_INTEREST", INVOLVED.en, INVOLVED.zh, ("review",))
    # An account is not a person: whoever appointed the one who decided would be reviewing their own work.
    await require_independence(call, "review", trace["account"])


def find_card(call: Call, trace: Mapping[str, Any], outcome: str) -> Card:
    """Return the card of the decision's rule. Raises Refusal for an outcome that is not on it."""
    card = call.context.registers.card(trace["rule"])
    if card is None:
        # A plugin that was removed took its card along: nobody could put the outcome into force.
        raise not_found("The rule's card is not declared any more.", "该规则的算法卡片已不存在。", "review")
    if card.outcomes and outcome not in card.outcomes:
        codes = ", ".join(card.outcomes)
        raise invalid_input(f"The outcomes are {codes}.", f"可选结果：{codes}。", "outcome")
    return card


EXTENSIONS = (
    extend(
        Mutation,
        request_human_review=request_human_review,
        contest_service_tier=contest_service_tier,
        decide_review=decide_review,
    ),
)
