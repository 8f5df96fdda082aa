"""Step notices: who is told of each step of a case, and in what words.

`STEPS` has an entry for every event of a case, even where nobody is told. Notices hold the case's number and nothing
else of it: reasons and answers stay on its timeline, which the requester reads with an account or a receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text
from gongzhi.values.labels import split_label

from . import machine
from .events import REGISTRY
from .models import CaseRow, SettlementLevel, Status, Urgency

DISPATCH = "cases.dispatch"


@dataclass(frozen=True)
class Message:
    """A title and a body. `{number}` in the body is the case's number."""

    title: Text
    body: Text

    @property
    def body_without_number(self) -> Text:
        """The body for somebody who has the case before their eyes."""
        return Text(self.body.en.replace(" {number}", ""), self.body.zh.replace(" {number} ", ""))


@dataclass(frozen=True)
class StepNotice:
    """Who is told of a step.

    `requester` is for whoever asked or filed it, and, unless it is `alone`, for those whose cases are part of it: of
    such cases whoever joins them has to tell.
    `staff` is for whoever has to act next, at the `level` where the case now is; None: it is in the event.
    `kind` is the kind of the notices, if it is not the type of the event.
    """

    requester: Message | None = None
    staff: Message | None = None
    level: SettlementLevel | None = None
    kind: str | None = None
    alone: bool = False


NOBODY = StepNotice()
"""For steps that change nothing for the requester and leave the case with whoever took them."""
ANSWERED = Message(
    Text("Your case was answered", "诉求已答复"),
    Text("Your case {number} was answered. You may rate the answer.", "您的诉求 {number} 已答复，请查看并评价。"),
)
TO_DISPATCH = "case.to_dispatch"
NEW = Message(
    Text("A new case", "新诉求"),
    Text("Case {number} was reported. Please accept or decline it in time.", "诉求 {number} 已上报，请及时受理。"),
)
ALARM = Message(
    Text("An emergency", "特急诉求"),
    Text("Case {number} is an emergency. Please see to it at once.", "特急诉求 {number} 已上报，请立即处置。"),
)
"""What an emergency is told with instead."""
# Named one by one and not left out: a step that nobody has thought about fails a test.
UNANNOUNCED = (
    "case.edited", "case.handling", "case.rated", "case.contacted", "case.acknowledged", "case.contributed",
    "case.followed_up", "case.joined", "case.parted", "case.attached", "case.phone_left", "case.phone_shown",
    "case.whistled",
    # the units and offices concerned are told of these where they are recorded
    "case.reminded", "case.escalated", "case.order_withdrawn", "case.objected", "case.objection_ruled",
    "case.referred", "case.approval_requested", "case.approval_given", "case.approval_refused", "case.supervised",
    "case.supervision_answered", "case.supervision_lifted", "case.settlement_offered",
)  # fmt: skip
STEPS: dict[str, StepNotice] = {
    **dict.fromkeys(UNANNOUNCED, NOBODY),
    "case.reported": StepNotice(staff=NEW, level=SettlementLevel.GRID),
    "case.unmerged": StepNotice(
        requester=Message(
            Text("Your case stands by itself again", "诉求已单独办理"),
            Text("Your case {number} is handled by itself again.", "您的诉求 {number} 已恢复单独办理。"),
        ),
        staff=NEW,
        level=SettlementLevel.GRID,
    ),
    "case.accepted": StepNotice(
        requester=Message(
            Text("Your case was accepted", "诉求已受理"),
            Text("Your case {number} was accepted and will be handled.", "您的诉求 {number} 已受理，正在安排办理。"),
        ),
        staff=Message(
            Text("A case to dispatch", "待派单诉求"),
            Text("Case {number} was accepted and is to be dispatched.", "诉求 {number} 已受理，请及时派单。"),
        ),
        level=SettlementLevel.TOWN,
    ),
    "case.declined": StepNotice(
        requester=Message(
            Text("Your case was not accepted", "诉求不予受理"),
            Text(
                "Your case {number} was not accepted. The reason is in its course. You may report it again and say "
                "what was missing, turn to the level above, or ask for what the law provides, such as administrative "
                "reconsideration.",
                "您的诉求 {number} 未予受理，理由见诉求经过。如有不同意见，可补充情况后重新上报、向上一级反映，"
                "或依法申请行政复议等救济。",
            ),
        )
    ),
    "case.withdrawn": StepNotice(
        requester=Message(
            Text("Your case was withdrawn", "诉求已撤回"),
            Text(
                "Your case {number} was withdrawn. If that was not your wish, report it again.",
                "您的诉求 {number} 已撤回。如非您的本意，请重新上报。",
            ),
        )
    ),
    "case.merged": StepNotice(
        requester=Message(
            Text("Your case is handled with another", "诉求已并单"),
            Text(
                "Your case {number} is handled together with another about the same matter. You will get the answer.",
                "您的诉求 {number} 已与同类诉求合并办理，答复时会通知您。",
            ),
        )
    ),
    "case.dispatched": StepNotice(
        requester=Message(
            Text("Your case was given to a unit", "诉求已派单"),
            Text("Your case {number} was given to the unit that is to handle it.", "您的诉求 {number} 已交承办单位。"),
        )
    ),
    "case.returned": StepNotice(
        staff=Message(
            Text("A case to dispatch anew", "退单待派"),
            Text("Case {number} was returned by the unit; dispatch it anew.", "诉求 {number} 已退单，请重新派单。"),
        ),
        level=SettlementLevel.TOWN,
        kind=TO_DISPATCH,
    ),
    "case.suspended": StepNotice(
        requester=Message(
            Text("Your case is on hold", "诉求暂缓办理"),
            Text(
                "Your case {number} is on hold for now. You are told when it is handled again.",
                "您的诉求 {number} 已挂账、暂缓办理，恢复办理时会通知您。",
            ),
        )
    ),
    "case.resumed": StepNotice(
        requester=Message(
            Text("Your case is handled again", "诉求恢复办理"),
            Text("Your case {number} is handled again.", "您的诉求 {number} 已恢复办理。"),
        )
    ),
    "case.extended": StepNotice(
        requester=Message(
            Text("Your case will take longer", "诉求办理延期"),
            Text(
                "The time for your case {number} was extended. The new deadline is shown with it.",
                "您的诉求 {number} 已批准延期，新的时限见诉求详情。",
            ),
        )
    ),
    # Alone: those whose cases are part of it get the answer, and their own notice of it, by `case.answered_with`.
    "case.settled": StepNotice(requester=ANSWERED, kind="case.replied", alone=True),
    "case.replied": StepNotice(requester=ANSWERED, alone=True),
    "case.answered_with": StepNotice(requester=ANSWERED, kind="case.replied", alone=True),
    "case.reopened": StepNotice(
        requester=Message(
            Text("Your case is taken up again", "诉求重新办理"),
            Text("Your case {number} is taken up again.", "您的诉求 {number} 已重新办理。"),
        ),
        staff=Message(
            Text("A case is to be taken up again", "诉求重办"),
            Text("Case {number} is not solved; take it up again.", "诉求 {number} 未解决，请继续办理。"),
        ),
        level=SettlementLevel.GRID,
    ),
    "case.closed": StepNotice(
        requester=Message(
            Text("Your case was closed", "诉求已结案"),
            Text(
                "Your case {number} was closed. If the matter comes up again, report it anew and name this case.",
                "您的诉求 {number} 已结案。如问题再次出现，请重新上报并注明本诉求编号。",
            ),
        )
    ),
    "case.voided": StepNotice(
        requester=Message(
            Text("Your case was declared void", "诉求已作废"),
            Text(
                "Your case {number} was declared void. If you disagree, report it again or turn to the level above.",
                "您的诉求 {number} 已作废。如有不同意见，可重新上报或向上一级反映。",
            ),
        )
    ),
    "case.level_raised": StepNotice(
        requester=Message(
            Text("Your case went up one level", "诉求已逐级上报"),
            Text("Your case {number} is now with the level above.", "您的诉求 {number} 已上报上一级处理。"),
        ),
        staff=Message(
            Text("A case was raised to your level", "上报诉求"),
            Text(
                "Case {number} cannot be settled by the level below. Please see to it.",
                "诉求 {number} 已逐级上报，下级无法化解，请予处理。",
            ),
        ),
    ),
    "case.mediation_begun": StepNotice(
        requester=Message(
            Text("Your case is in mediation", "诉求转入人民调解"),
            Text(
                "People's mediation of your case {number} was asked for. While it lasts, the time for an answer waits.",
                "您的诉求 {number} 已转入人民调解，调解期间答复时限暂停计算。",
            ),
        )
    ),
    "case.mediation_over": StepNotice(
        requester=Message(
            Text("The mediation of your case is over", "诉求的人民调解已结束"),
            Text("The mediation of your case {number} is over.", "您的诉求 {number} 的人民调解已结束。"),
        )
    ),
    "case.deliberated": StepNotice(
        requester=Message(
            Text("Residents decided about your case", "诉求所涉事项已经议事决定"),
            Text(
                "Residents decided about the matter of your case {number}; the resolution is public.",
                "您的诉求 {number} 所涉事项已经居民议事形成决议，决议已公开。",
            ),
        )
    ),
}

SHARED = tuple(event for event, told in STEPS.items() if told.requester and not told.alone)
"""What those whose cases are part of it are told of as well."""
TARGETS = {step.event: step.target for step in machine.STEPS}

INSERT = """
insert into notices.notice (
  id, kind, about, at, due_at, wakes, pending, title_en, title_zh, body_en, body_zh,
  person_id, account, contact_id, office, grid_id, barred_unit_id
)
"""
TEXTS = "title_en, title_zh, body_en, body_zh"
NUMBERED = "r.title_en, r.title_zh, replace(r.body_en, '{number}', c.number), replace(r.body_zh, '{number}', c.number)"

# For all steps of a transaction at once, by its last statement: their values come as arrays.
REQUESTERS = f"""
{INSERT}
select gen_random_uuid(), r.kind, 'Case:' || c.id, r.at, null, false, true, {NUMBERED},
  w.person_id, w.account, w.contact_id, null, p.grid_id, null
from unnest(
  $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::text[]
) r (case_id, kind, status, at, person, account, {TEXTS})
join cases.case m on m.id = r.case_id and (r.status is null or m.status = r.status)
join cases.case c on {{cases}}
cross join lateral (
  select c.requester_id as person_id, null::text as account, null::uuid as contact_id
  where c.requester_id is not null
  union
  select c.filed_by_id, null, null where c.filed_by_id is not null
  union all
  select null, c.account, null where c.requester_id is null and c.filed_by_id is null and c.account is not null
    and not exists (select from accounts.account a where a.name = c.account and a.kind = 'MACHINE')
    and not c.external
  union all
  select null, null, k.id from ({{numbers}}) k (id) where r.account is not null
) w
left join people.person p on p.id = w.person_id
where (w.person_id is null or w.person_id is distinct from r.person)
  and (w.account is null or w.account is distinct from r.account)
"""
TELL_REQUESTERS = REQUESTERS.replace("{cases}", "c.id = m.id")
"""Tells whoever asked, or filed it for them: in the inbox, and at a number that was left and proved.

Nobody is told what they did themselves. Whoever has no account acts by receipt, as the owner of that number.
"""

RESPONSIBLE = """
select p.person_id, null::text as account, p.grid_id, ({level} = 'GRID' and p.duty <> 'GRID_WORKER')::int as rung,
  near.place
from near join people.post p on p.grid_id = near.grid_id and p.since <= {day} and (p.until is null or p.until > {day})
union
select a.person_id, case when a.person_id is null then a.name end, h.grid_id,
  ({level} = 'GRID' and h.role <> 'grid_worker')::int, near.place
from near join accounts.holding h on h.grid_id = near.grid_id and h.role in ('grid_worker', 'grid_leader')
  and h.proposed_at is null and h.since <= {at} and (h.until is null or h.until > {at})
join accounts.account a on a.id = h.account_id and a.suspended_at is null
"""
"""Workers and leaders of the grids in `near`, which are in the order of their `place`; the first `rung` comes first."""

TELL_STAFF = f"""
{INSERT}
select gen_random_uuid(), r.kind, 'Case:' || c.id, r.at,
  case when c.urgency = 'ROUTINE' then {{opening}} end,
  c.urgency = 'EMERGENCY', true, {NUMBERED}, t.person_id, t.account, null, t.office,
  case when t.account is null then coalesce(p.grid_id, t.grid_id) end,
  case when c.series = 'SEALED' then c.accused_unit_id end
from unnest(
  $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]
) r (case_id, kind, status, at, level, {TEXTS})
join cases.case c on c.id = r.case_id and (r.status is null or c.status = r.status)
cross join lateral (
  with near as (
    select grid_id, place from unnest(
      case r.level when 'GRID' then array[c.grid_3_id, c.grid_2_id, c.grid_1_id, c.village_id]
        when 'VILLAGE' then array[c.village_id] end
    ) with ordinality g (grid_id, place) where grid_id is not null and c.series = 'ORDINARY'
  ), appointed as (
    select one.*, rank() over (order by one.rung, one.place) as turn from (
      {RESPONSIBLE.format(level="r.level", at="r.at", day="(r.at at time zone 'Asia/Shanghai')::date")}
    ) one
  )
  select person_id, account, null as office, grid_id from appointed where turn = 1
  union
  select null, null, 'cases.settle', c.village_id
  where r.level = 'VILLAGE' and c.village_id is not null and c.series = 'ORDINARY'
  union
  select null, null, '{DISPATCH}', case r.level when 'COUNTY' then c.county_id else coalesce(c.town_id, c.county_id) end
  where c.series = 'ORDINARY'
    and (r.level in ('TOWN', 'COUNTY') or c.urgency = 'EMERGENCY' or not exists (select from appointed))
  union
  select null, null, 'cases.view_sealed', c.county_id where c.series = 'SEALED'
) t
left join people.person p on p.id = t.person_id
"""
"""Tells whoever has to act next.

Of a new case that is the worker of its grid; where none is appointed, of a grid around it; then a leader; then the
dispatchers of the town, whose notices those of the county read as well. They also hear of every emergency. Of a
tip-off nobody hears but who may see it in the county, and not the people of the unit that it is against.
"""


def announce_step(call: Call, case: CaseRow, event: str, level: SettlementLevel | None = None) -> None:
    """Tell everybody whom this step is to be told to, with the last statement of the transaction.

    Nobody is told of a status that the case has left again by then.
    """
    told = STEPS[event]
    # The status goes along and is compared when the notice is written, at the end: a step that follows at once outruns
    # this one.
    kind, status = told.kind or event, TARGETS.get(event)
    announce_to_requesters(call, case, event)
    if told.staff and awaits_others(call, case, event):
        announce_to_staff(
            call, case, told.staff, level or told.level, TO_DISPATCH if awaits_dispatch(event) else kind, status
        )


def announce_to_requesters(call: Call, case: CaseRow, event: str, statement: str = TELL_REQUESTERS) -> None:
    """Tell those who asked, by a statement that `tell_requesters_of` made or for the case itself."""
    told, actor = STEPS[event], call.viewer.account
    if told.requester:
        step = case.id, told.kind or event, TARGETS.get(event), call.now
        statement = statement.replace("{numbers}", call.context.registers.numbers_of_case("c.id"))
        call.write_last(statement, *step, actor.person, actor.name, *message_texts(told.requester))


def tell_requesters_of(cases: str) -> str:
    """Return the statement that tells those who asked in other cases `c`, which a condition finds by the case `m`."""
    return REQUESTERS.replace("{cases}", cases)


def announce_to_staff(
    call: Call, case: CaseRow, message: Message, level: SettlementLevel | None, kind: str, status: Status | None = None
) -> None:
    """Tell whoever has to act at a level."""
    # A new case that is an emergency is told of as one.
    said = message_texts(ALARM if message is NEW and case.urgency == Urgency.EMERGENCY else message)
    # Asked of the registers, which plugins fill: without one that knows offices' hours, from eight to eight.
    statement = TELL_STAFF.replace("{opening}", call.context.registers.next_opening("c.county_id", "r.at"))
    call.write_last(statement, case.id, kind, status, call.now, level or SettlementLevel.GRID, *said)


def awaits_dispatch(event: str) -> bool:
    """Return whether the case now waits for a dispatch."""
    return event in (machine.ACCEPT.event, machine.RETURN.event)


def awaits_others(call: Call, case: CaseRow, event: str) -> bool:
    """Return whether somebody else has to act next: the unit of a reopened case is told as such."""
    if event == machine.ACCEPT.event:
        # Whoever accepted it may dispatch it as well, and knows.
        return not call.may(DISPATCH, case)
    return event != machine.REOPEN.event or case.lead_unit_id is None


def message_texts(message: Message) -> Iterator[str]:
    yield from (message.title.en, message.title.zh, message.body.en, message.body.zh)


def texts_of(event: str) -> tuple[Text, Text | None]:
    """Return a step's title, and what it means for the requester, for somebody who has the case before their eyes."""
    requester = STEPS[event].requester
    return split_label(REGISTRY.find(event).description), requester.body_without_number if requester else None
