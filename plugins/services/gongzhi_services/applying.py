"""Applying commands: apply for oneself or by consent for another, hand in what is missing, withdraw, count visits."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import strawberry
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.core.cases.catalog import SqlConnection, StockChannel, add_to_catalog
from gongzhi.core.cases.models import CaseKind, CaseRow, Origin
from gongzhi.core.cases.opening import CaseDraft, open_case
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import widen_rows
from gongzhi.runtime.actions import Action, require_rows, require_states, tell_state
from gongzhi.runtime.checks import (
    CHINA,
    check_past_day,
    duplicate,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Refusal, Text
from gongzhi.values.labels import label_of
from gongzhi_deadlines.clocks.led_cases import begin_case, finish_case, hold_case
from gongzhi_rights.consents import require_consent
from gongzhi_rights.demand_commands import open_request
from gongzhi_rights.models import Matter as Demand
from gongzhi_rights.representation import load_subject, require_speaker
from strawberry import ID, UNSET

from . import telling
from .clocks import RECEIPT, lock_case, reckon_decision, reckon_term
from .events import Submitted, Supplied, Withdrawn
from .facts import find_facts
from .lapses import raise_lapse
from .models import (
    OPEN,
    ApplicationRow,
    DocumentRow,
    Fact,
    Lapse,
    MatterRow,
    PaperRow,
    PaperState,
    Proxy,
    State,
    VisitPlace,
    VisitRow,
)
from .papers import ServicePaperInput, hand_in, missing_codes, receive_papers
from .rules import APPLIES, PROXY, applied_rows, handled_rows
from .types import ServiceApplication, ServiceMatter

CHANNEL, CATEGORY, SAID = "SERVICES_APPLICATION", "paperwork", 500
# What it is about is told by the application, to those whom it concerns: the case is seen by all who work in the grid.
TITLE, BODY = "政务服务申请", "经政务服务提交的申请，由办理单位在承诺时限内办理；内容见申请。"
APPLICATION = "The application's id (申请标识)."
PAPERS = "Papers that are handed in with it (提交的材料)."
AS_IT_IS = tell_state(Text("application", "该申请"))


async def seed(connection: SqlConnection) -> None:
    """Add the channel by which applications arrive; it runs at every start."""
    await add_to_catalog(connection, [], [StockChannel(CHANNEL, "政务服务申请")])


@strawberry.type(description="The application, or why nothing was done (办件操作结果).")
class ServiceApplicationPayload:
    application: ServiceApplication | None = result_field("The application (申请).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="What is on file otherwise than it is (库内信息更正).")
class FactRemarkInput:
    fact: Fact = input_field("Which fact (信息项).")
    text: str = free_text("How it is; staff decide on it as on any request for a correction (应为).", length=(1, SAID))


@strawberry.input(description="Something to apply for (申请政务服务事项).")
class ApplyForServiceInput:
    idempotency_key: str = input_field(KEY)
    matter: ID = input_field("The edition that is offered now (事项标识).")
    person: ID | None = input_field("For whom; oneself if not said (申请人标识).", default=UNSET)
    proxy: Proxy | None = input_field(
        "As what one applies for somebody who has agreed to it (代办人类型).", default=UNSET
    )
    papers: list[ServicePaperInput] = input_field(PAPERS, items=30, default_factory=list)
    differs: list[FactRemarkInput] = input_field(
        "What is on file and not so; it becomes a request for a correction (更正说明).", items=6, default_factory=list
    )


@command(
    "Apply for a matter, for oneself or by consent for another: what is on file is filled in, and never asked for "
    "(申请政务服务事项).",
    requires=None,
)
async def apply_for_service(call: Call, input: ApplyForServiceInput) -> ServiceApplicationPayload:
    require_signed_in(call)
    said = {one.fact: one.text for one in input.differs}
    # Before anything is locked: a file is scanned, which takes longer than all the rest.
    received = await receive_papers(call, input.papers)
    proxy = input.proxy if is_given(input.proxy) else None
    # The person is locked, so that two who apply for them at once are told of each other.
    person = await load_applicant(call, input.person, proxy)
    matter = await load_matter(call, input.matter, person)
    papers = await fill_in(call, matter, person)
    case = await open_application_case(call, person)
    row = await submit(call, case, matter, person, proxy)
    for paper in papers:
        paper.application = row
    await hand_in(call, row, papers, received)
    await ask_for_corrections(call, papers, person, said)
    await PaperRow.bulk_create(papers)
    return ServiceApplicationPayload(application=ref(ServiceApplication, row.id))


async def load_applicant(call: Call, id: str | None, proxy: Proxy | None) -> PersonRow:
    """Return who applies, locked: the caller, whom they speak for by law, or who has agreed to their account."""
    key = key_of(Person)(id) if is_given(id) else None
    if proxy is None:
        person = await load_subject(call, id if is_given(id) else None)
        await require_speaker(call, person)
    elif key is None or key == call.viewer.account.person:
        raise invalid_input("Name whom you apply for.", "请指明被代办人。", "person")
    else:
        # Before the person is looked for: without a consent nobody learns whether there is one.
        await require_consent(call, key, PROXY, call.viewer.account.name or "", "person")
        person = await call.find(Person, "person", id=key, shown=True)
    if person.died_on or person.erased_at:
        raise invalid_input("Nobody applies for the dead.", "被代办人已死亡或已注销，不能申请。", "person")
    return person


async def load_matter(call: Call, id: str, person: PersonRow) -> MatterRow:
    """Return the edition that somebody may apply under, of a unit that serves where they live."""
    matter: MatterRow = await call.find(ServiceMatter, "matter", id=key_of(ServiceMatter)(id))
    if matter.until is not None:
        raise Refusal(
            "ILLEGAL_TRANSITION",
            "This edition has ended; take the one that holds.",
            "该版本已失效，请选择现行版本。",
            ("matter",),
        )
    # A town serves its own people, a county everybody in it.
    if not covers_row(matter, person):
        raise invalid_input("It is offered elsewhere.", "该事项不在申请人所在区域办理。", "matter")
    # Of any edition: who waits for a decision under the last one does not apply again.
    same = ApplicationRow.filter(person=person, matter__unit_id=matter.unit_id, matter__code=matter.code)
    if await same.filter(state__in=OPEN).exists():
        raise duplicate("There is an open application for this.", "已有同一事项在办申请。", "matter")
    return matter


async def fill_in(call: Call, matter: MatterRow, person: PersonRow) -> list[PaperRow]:
    """Return the papers that a matter wants, not yet of an application: what is on file counts as there."""
    documents = await DocumentRow.filter(matter=matter).order_by("number")
    facts = await find_facts(call, person.id, today(call), {one.fact for one in documents if one.fact})
    return [
        PaperRow(
            number=one.number,
            code=one.code,
            name=one.name,
            fact=one.fact,
            state=PaperState.ON_FILE if one.fact in facts else PaperState.MISSING,
            received_at=call.now if one.fact in facts else None,
        )
        for one in documents
    ]


async def open_application_case(call: Call, person: PersonRow) -> CaseRow:
    grid = await GridRow.get(id=person.grid_id)
    draft = CaseDraft(
        CaseKind.HELP, CHANNEL, CATEGORY, TITLE, BODY, grid.code, origin=Origin.REACTIVE, requester=person.id
    )
    return await open_case(call, draft)


async def submit(
    call: Call, case: CaseRow, matter: MatterRow, person: PersonRow, proxy: Proxy | None = None
) -> ApplicationRow:
    """Hand in an application on its new case, and tell the unit, and the principal of a proxy."""
    unit = await UnitRow.get(id=matter.unit_id)
    row = ApplicationRow(
        case=case,
        matter=matter,
        unit_id=unit.id,
        person=person,
        proxy=proxy,
        account=call.viewer.account.name,
        state=State.SUBMITTED,
        submitted_at=call.now,
        received_at=call.now,
        grid_id=case.grid_id,
        # The database fills in all levels; what follows asks for this one before.
        county_id=case.county_id,
    )
    row.due_at = await reckon_term(call, row.county_id, RECEIPT)
    await row.save(force_create=True)
    await begin_case(call, case, unit, row.due_at)
    await record_on_timeline(call, case, Submitted(application=row.id))
    await telling.tell_unit(call, case, row, telling.SUBMITTED)
    if proxy is not None:
        # The principal reads it in their inbox, and in the log of what was done to their file.
        call.concern(person.id)
        await telling.tell_applicant(call, case, row, telling.APPLIED_FOR)
    return row


async def ask_for_corrections(call: Call, papers: Sequence[PaperRow], person: PersonRow, said: dict[Fact, str]) -> None:
    """Note what is said to be otherwise, and ask for it to be corrected; nothing on file is overwritten."""
    on_file = {one.fact: one for one in papers if one.state == PaperState.ON_FILE and one.fact}
    for at, (fact, text) in enumerate(said.items()):
        if fact not in on_file:
            raise invalid_input("This was not filled in.", "此项未从库内填充，无须更正。", "differs", str(at), "fact")
        on_file[fact].said = text
    if said:
        words = "；".join(f"{label_of(fact).zh}：{text}" for fact, text in said.items())
        # In the words of whoever applies; it is decided, and answered, as any such request.
        asks = call.viewer.account.person or person.id
        await open_request(call, person.grid_id, person.id, asks, Demand.CORRECTION, words)


async def load_application(call: Call, id: str) -> tuple[CaseRow, ApplicationRow]:
    """Return an application that an input names, as its action allows, and its case; both locked, the case first."""
    key = key_of(ServiceApplication)(id)
    found = await ApplicationRow.get_or_none(id=key)
    case = await lock_case(found.case_id) if found else None
    row: ApplicationRow = await call.find(ServiceApplication, "application", id=key)
    assert case is not None, "what is found has a case"
    return case, row


async def save_application(row: ApplicationRow) -> ServiceApplicationPayload:
    row.version += 1
    await row.save()
    return ServiceApplicationPayload(application=ref(ServiceApplication, row.id))


@strawberry.input(description="Papers for an application (补交材料).")
class SupplyServicePapersInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    expected_version: int = input_field(EXPECTED)
    papers: list[ServicePaperInput] = input_field(PAPERS, items=30)


@command(
    "Hand in papers of an application; once none is missing, time runs again (补交材料).",
    requires=None,
    action=Action(ServiceApplication, APPLIES, (require_states(OPEN, AS_IT_IS),)),
)
async def supply_service_papers(call: Call, input: SupplyServicePapersInput) -> ServiceApplicationPayload:
    # Before the case is locked, for the scan of a file.
    received = await receive_papers(call, input.papers)
    case, row = await load_application(call, input.application)
    papers = await PaperRow.filter(application=row)
    await hand_in(call, row, papers, received)
    for paper in papers:
        if paper.code in received:
            await paper.save()
    # What was handed in unasked, or in part, moves no clock.
    if row.state == State.RETURNED and not missing_codes(papers):
        await resume(call, case, row)
    await record_on_timeline(call, case, Supplied(application=row.id))
    return await save_application(row)


async def resume(call: Call, case: CaseRow, row: ApplicationRow) -> None:
    """Give an application that is complete back to its unit: to be accepted, or with what is left of its days."""
    row.received_at = call.now
    if row.accepted_at is None:
        row.state, row.due_at = State.SUBMITTED, await reckon_term(call, row.county_id, RECEIPT)
    else:
        # The pause ends, and what had been spent before stays spent.
        row.pauses = [*row.pauses[:-1], [row.pauses[-1][0], call.now.isoformat()]]
        row.state, row.due_at = State.ACCEPTED, await reckon_decision(call, row, await row.matter)
    await hold_case(call, case, row.due_at)
    await telling.tell_unit(call, case, row, telling.SUPPLIED)


@strawberry.input(description="An application that is taken back (撤回申请).")
class WithdrawServiceApplicationInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    expected_version: int = input_field(EXPECTED)


@command(
    "Withdraw an application before it is decided (撤回申请).",
    requires=None,
    action=Action(ServiceApplication, APPLIES, (require_states(OPEN, AS_IT_IS),)),
)
async def withdraw_service_application(call: Call, input: WithdrawServiceApplicationInput) -> ServiceApplicationPayload:
    case, row = await load_application(call, input.application)
    row.state, row.due_at, row.closed_at = State.WITHDRAWN, NEVER, call.now
    # Before the case ends, which others may not end while the application is open.
    payload = await save_application(row)
    await record_on_timeline(call, case, Withdrawn(application=row.id))
    await finish_case(call, case, "申请已撤回。")
    await telling.tell_unit(call, case, row, telling.WITHDRAWN)
    await telling.tell_applicant(call, case, row, telling.WITHDRAWN)
    return payload


@strawberry.input(description="That somebody had to go somewhere for an application (登记到场).")
class RecordServiceVisitInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    day: datetime.date = input_field("Which day (日期).")
    place: VisitPlace = input_field("Where (地点).")
    reason: str = free_text("What for (原因).", length=(1, 200))


@command(
    "Note that somebody had to go somewhere for an application; more often than promised is for supervision "
    "(登记到场).",
    requires=None,
    action=Action(
        ServiceApplication,
        (require_rows(lambda row, viewer: widen_rows(handled_rows(row, viewer), *applied_rows(row, viewer))),),
        (require_states((*OPEN, State.DECIDED), AS_IT_IS),),
    ),
)
async def record_service_visit(call: Call, input: RecordServiceVisitInput) -> ServiceApplicationPayload:
    day = check_past_day(call, input.day, "day")
    case, row = await load_application(call, input.application)
    if day < row.submitted_at.astimezone(CHINA).date() - datetime.timedelta(days=30):
        raise invalid_input("This is long before the application.", "日期早于申请提交三十日以上。", "day")
    # By the day: one way to town is one visit, whoever notes it first.
    if await VisitRow.exists(application=row, day=day):
        raise duplicate("This day is noted.", "当日到场已登记。", "day")
    await VisitRow.create(application=row, day=day, place=input.place, reason=input.reason)
    # Counted anew, so that the number is what the list shows.
    matter, count = await row.matter, await VisitRow.filter(application=row).count()
    if count > matter.visits:
        await raise_lapse(call, case, row, Lapse.TOO_MANY_VISITS, matter.visits, count)
    return await save_application(row)


EXTENSIONS = (
    extend(
        Mutation,
        apply_for_service=apply_for_service,
        supply_service_papers=supply_service_papers,
        withdraw_service_application=withdraw_service_application,
        record_service_visit=record_service_visit,
    ),
)
