"""Points by themselves: a problem somebody reported has proved real and is settled (上报问题属实)."""

from __future__ import annotations

from gongzhi.cases.models import CaseKind, CaseRow, CategoryRow
from gongzhi.checks import CHINA, today
from gongzhi.codes import Series
from gongzhi.commands import Call
from gongzhi.errors import Refusal
from gongzhi.events.event import Occurrence
from gongzhi.events.work import handler
from gongzhi.people.models import PersonRow

from .accounts import covers, holder
from .award import Act, award
from .happenings import FEEDS
from .models import ProgrammeRow, RuleRow, RuleState

KINDS = (CaseKind.HELP, CaseKind.SUGGESTION)
"""Complaints, tip-offs and questions neither earn nor cost anything (domain.md 6.8)."""
APART = ("dispute", "petition", "advice", "legal")
"""Subjects that never feed points (rulings 8)."""


@handler("points.feed", *FEEDS.values())
async def feed(call: Call, told: Occurrence) -> None:
    """Give what the rules in force for this event give, once a case and rule."""
    known = RuleRow.filter(event=told.type).exclude(state=RuleState.PROPOSED).order_by("id")
    rules = await known.select_related("programme")
    case = await CaseRow.get_or_none(id=told.case) if rules else None
    if case is None or not await counts(case):
        return
    person = await PersonRow.get(id=case.requester_id)
    for rule in rules:
        if covers(rule.programme, case) and covers(rule.programme, person):
            await give(call, rule, rule.programme, case, person)


async def counts(case: CaseRow) -> bool:
    """Whether the case is a problem that somebody reported in their own name."""
    named = case.requester_id is not None and not case.anonymous and case.series is Series.ORDINARY
    if not named or case.kind not in KINDS or case.solved is False:
        return False
    subject = (await CategoryRow.get(id=case.category_id)).code.partition(".")[0]
    return subject not in APART


async def give(call: Call, rule: RuleRow, programme: ProgrammeRow, case: CaseRow, person: PersonRow) -> None:
    """Give by one rule; what its terms exclude is left out, for nobody asked for it."""
    try:
        await award(
            call,
            Act(
                rule=rule,
                programme=programme,
                account=await holder(call, programme.id, rule.beneficiary, person),
                on=case.reported_at.astimezone(CHINA).date(),
                key=f"case:{case.id}:{rule.code}",
                today=today(call),
                inputs={"case": case.number, "event": rule.event or ""},
                case=case.id,
            ),
        )
    except Refusal:
        return
