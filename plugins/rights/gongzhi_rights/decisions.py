"""Decisions: record what a rule decided, and have a person look at it (PIPL 24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import HouseholdRow, MembershipRow, PersonRow
from gongzhi.declare.register_entries import Card
from gongzhi.runtime.commands import Call
from gongzhi.runtime.locks import lock_name
from gongzhi.values.errors import DeclarationError, Text

from .models import DecisionRow, ReviewRow, ReviewState

TERM = timedelta(days=15)
"""How long a review or a request may take."""


REASON = 2000
"""The most characters of what somebody says about a decision or their data."""


@dataclass(frozen=True)
class Contribution:
    """What one part of a rule added to the outcome."""

    name: str
    value: Any
    text: Text = Text("", "")


async def record_decision(
    call: Call,
    card: Card,
    subject: PersonRow | HouseholdRow,
    outcome: str,
    inputs: Mapping[str, Any],
    contributions: Sequence[Contribution],
    *,
    adverse: bool = False,
) -> DecisionRow:
    """Record a decision of a rule with its frozen inputs, and give back the row.

    What is `adverse` to the subject (a denial, a lower grade) is a proposal: a review is opened at once, and the
    caller must not act on it. Once a person has decided, the card's `apply` puts the outcome into force.
    Raises DeclarationError for a rule that has no published card, or an outcome that is not on it.
    """
    if call.context.registers.card(card.rule) is None:
        raise DeclarationError(f"the rule {card.rule!r} has no published card; return it from the hook `registers`")
    if card.outcomes and outcome not in card.outcomes:
        raise DeclarationError(f"the card of {card.rule!r} has no outcome {outcome!r}")
    if adverse and card.apply is None:
        raise DeclarationError(f"{card.rule!r} may deny something, so its card must say how a review is applied")
    home = isinstance(subject, HouseholdRow)
    made = await DecisionRow.create(
        grid_id=subject.grid_id,
        # One of the two, and never both: it says whose copy the decision is in, and who may contest it.
        person_id=None if home else subject.id,
        household_id=subject.id if home else None,
        rule=card.rule,
        # A list, so that the order in which the rule took them stays.
        inputs=[{"name": name, "value": value} for name, value in inputs.items()],
        contributions=[
            {"name": one.name, "value": one.value, "text": one.text.zh, "english": one.text.en} for one in contributions
        ],
        outcome=outcome,
        adverse=adverse,
        at=call.now,
        account=call.viewer.account.name,
    )
    if adverse:
        # From the view, in the form that reviews work with.
        [trace] = await find_decision(call, made.id)
        # Nobody asked for it: what is adverse is reviewed in any case.
        await open_review(call, trace, subject.grid_id, None, None)
    return made


async def find_decision(call: Call, id: UUID | None) -> list[dict[str, Any]]:
    """Return the decision with this key, whichever package keeps it."""
    return await call.fetch("select * from rights.trace where id=$1", id) if id else []


async def open_review(
    call: Call, trace: Mapping[str, Any], grid: int, asked_by: UUID | None, reason: str | None
) -> ReviewRow:
    """Return the decision's open review: one is opened if there is none; a reason is added where none was given."""
    # One at a time for each decision, so that it has one open review.
    await lock_name(call, f"review {trace['id']}", 0)
    review = await ReviewRow.get_or_none(decision_id=trace["id"], state=ReviewState.OPEN)
    if review is None:
        review = ReviewRow(
            decision_id=trace["id"],
            grid_id=grid,
            person_id=trace["person_id"],
            household_id=trace["household_id"],
            asked_by_id=asked_by,
            asked_at=call.now,
            due_at=call.now + TERM,
        )
        await review.save(force_create=True)
    # A reason that comes later is added; the review stays the one it is.
    if reason:
        review.reason = reason
        await review.save(update_fields=["reason"])
    return review


async def decision_subjects(trace: Mapping[str, Any]) -> list[UUID]:
    """Return the people a decision is about."""
    if trace["person_id"]:
        return [trace["person_id"]]
    # A household's decision is about everybody who lives there now.
    at_home = MembershipRow.filter(household_id=trace["household_id"], until=None)
    return list(await at_home.values_list("person_id", flat=True))  # type: ignore[arg-type]


async def announce_review(call: Call, review: ReviewRow, people: Sequence[UUID]) -> None:
    """Tell the people concerned that a person has decided."""
    told = NoticeDraft(
        "review.decided",
        Text("A person has reviewed a decision about you.", "关于您的自动化决定已由人工复核。"),
        Text("Open it to read the outcome and the grounds.", "打开可查看结果和理由。"),
        f"DecisionReview:{review.id}",
    )
    await send_notice(call, told, persons=people)
