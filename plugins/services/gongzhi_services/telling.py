"""Telling: who is told of each step of an application, and in what words. Notices name no matter and no person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gongzhi.core.cases.models import CaseRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.columns import NEVER
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .models import ApplicationRow


@dataclass(frozen=True)
class Message:
    """What is told of a step; `{number}`, `{count}` and `{day}` are the case's number, a count and a day."""

    kind: str
    title: Text
    body: Text


SUBMITTED = Message(
    "services.submitted",
    Text("A new application", "新的办件"),
    Text("Application {number}: accept or return it by {day}.", "办件 {number}，请于 {day} 前受理或一次性告知补正。"),
)
APPLIED_FOR = Message(
    "services.applied_for",
    Text("Somebody applied for a service for you", "有人为您代办了政务服务事项"),
    Text(
        "Application {number} was made for you, as you had agreed. If that is not what you want, withdraw it.",
        "已按您的授权代办申请 {number}。如非您的本意，可随时撤回申请或授权。",
    ),
)
RETURNED = Message(
    "services.returned",
    Text("Papers are missing", "申请材料需补正"),
    Text(
        "Application {number}: {count} papers are missing. The application names all of them; time waits until then.",
        "申请 {number} 需补正材料 {count} 份，已在申请中一次性列明，补齐前不计办理时限。",
    ),
)
SUPPLIED = Message(
    "services.supplied",
    Text("Missing papers were handed in", "补正材料已提交"),
    Text("Application {number} is complete; it is due on {day}.", "办件 {number} 材料已补齐，期限为 {day}。"),
)
ACCEPTED = Message(
    "services.accepted",
    Text("Your application was accepted", "申请已受理"),
    Text("Application {number} is decided by {day}.", "申请 {number} 已受理，承诺于 {day} 前办结。"),
)
DEEMED = Message(
    "services.deemed",
    Text("An application counts as accepted", "申请逾期视为受理"),
    Text(
        "Nobody answered application {number} in time, so by law it counts as accepted since it came; due on {day}.",
        "申请 {number} 逾期未告知，依法自收到之日起视为受理，期限为 {day}。",
    ),
)
DECIDED = Message(
    "services.decided",
    Text("Your application was decided", "申请已办结"),
    Text(
        "Read the decision on application {number}, and rate it until {day} if you like.",
        "申请 {number} 已办结，请查看结果；可于 {day} 前作出评价。",
    ),
)
WITHDRAWN = Message(
    "services.withdrawn",
    Text("An application was withdrawn", "申请已撤回"),
    Text("Application {number} was withdrawn; nothing more is done.", "申请 {number} 已撤回，不再办理。"),
)
BADLY_RATED = Message(
    "services.badly_rated",
    Text("A bad rating", "收到差评"),
    Text(
        "Application {number} was rated badly. Answer by {day}.",
        "办件 {number} 收到差评，请于 {day} 前核实整改并答复。",
    ),
)
ANSWERED = Message(
    "services.answered",
    Text("Your rating was answered", "差评已答复"),
    Text("The unit says what it did about your rating of {number}.", "办理单位已就您对 {number} 的评价作出整改答复。"),
)


async def tell_applicant(call: Call, case: CaseRow, row: ApplicationRow, said: Message, **facts: Any) -> None:
    """Tell the applicant, and who applied for them; nobody of what they did themselves."""
    own = call.viewer.account
    people = [row.person_id] if row.person_id and row.person_id != own.person else []
    accounts = [row.account] if row.proxy and row.account and row.account != own.name else []
    await send_message(call, case, row, said, facts, people=people, accounts=accounts)


async def tell_unit(call: Call, case: CaseRow, row: ApplicationRow, said: Message, **facts: Any) -> None:
    """Tell the unit that decides."""
    await send_message(call, case, row, said, facts, units=[row.unit_id])


async def send_message(
    call: Call,
    case: CaseRow,
    row: ApplicationRow,
    said: Message,
    facts: dict[str, Any],
    *,
    people: Iterable[UUID] = (),
    accounts: Iterable[str] = (),
    units: Iterable[int] = (),
) -> None:
    # What is owed next, unless the message is about another day; NEVER has no other time zone.
    day = facts.get("day") or row.due_at
    known = facts | {"number": case.number, "day": day if day == NEVER else f"{day.astimezone(CHINA):%Y-%m-%d}"}
    body = Text(said.body.en.format(**known), said.body.zh.format(**known))
    about = f"ServiceApplication:{row.id}"
    notice = NoticeDraft(said.kind, said.title, body, about, office_hours_of=row.county_id)
    await send_notice(call, notice, persons=people, accounts=accounts, units=units)
