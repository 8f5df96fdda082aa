"""Feeding: points given without a claim, for events whose type allows it.

Of the core's that is a problem somebody reported which has proved real and is settled (上报问题属实); plugins declare
theirs, such as having come to an activity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from gongzhi.core.cases.models import CaseKind, CaseRow, CategoryRow
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.events import Occurrence
from gongzhi.declare.located import covers_row
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import handler
from gongzhi.values.codes import Series
from gongzhi.values.errors import Refusal

from ..ledger.accounts import find_holder_account
from ..models import ProgrammeRow, RuleRow, RuleState
from .awards import Act, award_points

KINDS = (CaseKind.HELP, CaseKind.SUGGESTION)
"""Complaints, tip-offs and questions neither earn nor cost anything."""
APART = ("dispute", "petition", "advice", "legal")
"""Subjects that never feed points."""


# `feedable` asks for every event whose type allows it, of whichever plugin; this handler names none of them.
@handler("points.feed", feedable=True)
async def award_for_event(call: Call, told: Occurrence) -> None:
    """Give what the rules in force for this event give, once for each event, or case, and rule."""
    # Ended rules are asked as well: an event may be handled after the last day of the rule it fell under.
    known = RuleRow.filter(event=told.type).exclude(state=RuleState.PROPOSED).order_by("id")
    if not (rules := await known.select_related("programme")):
        return
    if told.case:
        await feed_case(call, told, rules)
    else:
        person = await PersonRow.get_or_none(id=UUID(told.data["person"]))
        on = told.at.astimezone(CHINA).date()
        for rule in rules:
            if person and covers_row(rule.programme, person):
                # The event's id names the posting: an event that is delivered twice gives once.
                await award_by_rule(call, rule, person, Source(on, f"event:{told.id}", {"event": told.type}))


async def feed_case(call: Call, told: Occurrence, rules: Sequence[RuleRow]) -> None:
    """Give points to the reporter of the case, if the programme covers both the case and where they live."""
    case = await CaseRow.get_or_none(id=told.case)
    if case is None or not await is_countable(case):
        return
    person = await PersonRow.get(id=case.requester_id)
    # The day of the report, not of closing: how long an office takes must not decide which rule counts.
    on = case.reported_at.astimezone(CHINA).date()
    # The case's id names the posting, so a case that is reopened and closed again gives once.
    source = Source(on, f"case:{case.id}", {"case": case.number, "event": told.type}, case.id)
    for rule in rules:
        if covers_row(rule.programme, case) and covers_row(rule.programme, person):
            await award_by_rule(call, rule, person, source)


async def is_countable(case: CaseRow) -> bool:
    """Tell whether the case is a problem that somebody reported in their own name and that proved real."""
    # Anonymous cases and sealed tip-offs never count: a movement in the ledger would tell who reported.
    named = case.requester_id is not None and not case.anonymous and case.series is Series.ORDINARY
    if not named or case.kind not in KINDS or case.solved is False:
        return False
    subject = (await CategoryRow.get(id=case.category_id)).code.partition(".")[0]
    return subject not in APART


@dataclass(frozen=True)
class Source:
    """What points are given for: its day, the beginning of its name in the ledger, and what is said of it there."""

    on: date
    key: str
    inputs: Mapping[str, str]
    case: UUID | None = None


async def award_by_rule(call: Call, rule: RuleRow, person: PersonRow, source: Source) -> None:
    """Give by one rule; what its terms exclude is left out."""
    programme: ProgrammeRow = rule.programme
    try:
        await award_points(
            call,
            Act(
                rule=rule,
                programme=programme,
                account=await find_holder_account(call, programme.id, rule.beneficiary, person),
                on=source.on,
                key=f"{source.key}:{rule.code}",
                today=today(call),
                inputs=source.inputs,
                case=source.case,
            ),
        )
    # Nobody asked for these points, so there is nobody to refuse: a cap or a cool-down simply gives nothing.
    except Refusal:
        return
