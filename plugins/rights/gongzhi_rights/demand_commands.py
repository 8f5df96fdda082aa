"""Demand commands: what people ask about their data, and what is answered (PIPL 45 to 50)."""

from __future__ import annotations

from typing import Any

import strawberry
from gongzhi.core.access.models import LookRow
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.restricting import restrict_person, unrestrict_person
from gongzhi.core.registers.erasure import erase_person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, require_held, require_rows, require_states
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    problems,
    result_field,
)
from gongzhi.values.errors import Text
from gongzhi_disclosure.types import AccessLogEntry
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion
from strawberry import ID, UNSET

from .commands import BY, PERSON
from .decisions import REASON, TERM
from .models import DemandRow, Matter, State
from .representation import load_subject_and_speaker, spoken_rows
from .review_commands import DECISION, load_own_decision
from .rules import HANDLE, RECORD
from .types import DataRequest, Decision

OVERSEE = "people.oversee"
"""Held by those who watch over personal data, who are told of requests."""
WORDED = (Matter.CORRECTION, Matter.EXPLANATION, Matter.LOOK)
"""What is answered in words, whatever was decided."""


@strawberry.type(description="The request as it is now, or why nothing was done (个人信息请求结果).")
class DataRequestPayload:
    request: DataRequest | None = result_field("The request (请求).")
    errors: list[Problem] = problems()


@strawberry.input(description="Something one asks about one's data (个人信息请求).")
class DataRequestInput:
    idempotency_key: str = input_field(KEY)
    person: ID | None = input_field(PERSON, default=UNSET)
    by: ID | None = input_field(BY, default=UNSET)
    text: str | None = input_field(
        "What to know about it, in one's own words (说明).", length=(0, REASON), default=UNSET
    )


@command(
    "Ask for a copy of everything held about a person; it is there at once, as `download` (查阅复制).", requires=None
)
async def request_export(call: Call, input: DataRequestInput) -> DataRequestPayload:
    # A copy takes nobody's decision: it is granted when it is asked for.
    return await file_request(call, input, Matter.EXPORT, state=State.GRANTED, decided_at=call.now)


@strawberry.input(description="What is wrong or missing (更正补充申请).")
class RequestCorrectionInput:
    idempotency_key: str = input_field(KEY)
    text: str = input_field("What is wrong or missing, and how it should be (更正内容).", length=(1, REASON))
    person: ID | None = input_field(PERSON, default=UNSET)
    by: ID | None = input_field(BY, default=UNSET)


@command("Ask for something to be corrected or completed; staff decide, with reasons (申请更正).", requires=None)
async def request_correction(call: Call, input: RequestCorrectionInput) -> DataRequestPayload:
    return await file_request(call, input, Matter.CORRECTION)


@command("Ask for everything to be deleted: what is held is anonymised (申请删除).", requires=None)
async def request_deletion(call: Call, input: DataRequestInput) -> DataRequestPayload:
    # Asking deletes nothing: `decideDataRequest` does, and until then the request can be withdrawn.
    return await file_request(call, input, Matter.DELETION)


@command("Ask that ordinary staff no longer see one's data (申请限制处理).", requires=None)
async def request_restriction(call: Call, input: DataRequestInput) -> DataRequestPayload:
    return await file_request(call, input, Matter.RESTRICTION)


@strawberry.type(description="The decision as it explains itself, and the request for words (解释说明结果).")
class ExplanationPayload:
    decision: Decision | None = result_field("The decision with its rule, inputs and contributions (自动化决定).")
    request: DataRequest | None = result_field("The request for an explanation in words (请求).")
    errors: list[Problem] = problems()


@strawberry.input(description="A decision one wishes to be explained (申请解释).")
class RequestExplanationInput:
    idempotency_key: str = input_field(KEY)
    decision: ID = input_field(DECISION)
    text: str | None = input_field("What one does not understand (疑问).", length=(0, REASON), default=UNSET)


@command("Have a decision explained: at once by its trace, and in words by a person (申请解释).", requires=None)
async def request_explanation(call: Call, input: RequestExplanationInput) -> ExplanationPayload:
    trace, subject = await load_own_decision(call, input.decision)
    own = call.viewer.account.person
    assert own is not None  # or nothing would concern them
    # A household's decision is asked about by one of its members.
    about = trace["person_id"] or own
    request = await open_request(
        call, subject.grid_id, about, own, Matter.EXPLANATION, input.text or None, decision_id=trace["id"]
    )
    return ExplanationPayload(decision=ref(Decision, trace["id"]), request=ref(DataRequest, request.id))


@strawberry.input(description="A look at one's file that one contests (质疑查阅).")
class ContestLookInput:
    idempotency_key: str = input_field(KEY)
    look: ID = input_field("The look, of `me { accessLog }` (查阅记录).")
    text: str | None = input_field(
        "Why it seems wrong, if one wishes to say so (理由).", length=(0, REASON), default=UNSET
    )


@command(
    "Contest a look at one's own file: whoever watches over personal data answers in 15 days (质疑查阅).", requires=None
)
async def contest_look(call: Call, input: ContestLookInput) -> DataRequestPayload:
    # Found by whoever's file it was alone, so the caller is a person.
    look: LookRow = await call.find(AccessLogEntry, "look", id=key_of(AccessLogEntry)(input.look))
    own = await PersonRow.get(id=call.viewer.account.person)
    request = await open_request(call, own.grid_id, own.id, own.id, Matter.LOOK, input.text or None, look_id=look.id)
    return DataRequestPayload(request=ref(DataRequest, request.id))


@strawberry.input(description="The answer to a request (请求办理).")
class DecideDataRequestInput:
    idempotency_key: str = input_field(KEY)
    request: ID = input_field("The request's id (请求标识).")
    expected_version: int = input_field(EXPECTED)
    grant: bool = input_field("Whether it is done; granting a deletion cannot be undone (是否同意).")
    grounds: str | None = input_field(
        "The answer; a refusal must say its grounds, a correction and an explanation what was done, that about a look "
        "what was found (答复或理由).",
        length=(0, REASON),
        default=UNSET,
    )


def asked_demands(demand: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return what one asked for oneself or for somebody, and what is about somebody one speaks for."""
    asked = [Sql("{0}={1}", demand.asked_by_id, viewer.person)] if viewer.known() else []
    return [*spoken_rows(demand, viewer), *asked]


def foreign_demands(demand: Table, viewer: ViewerScope) -> Alternatives:
    """Return requests in which one does not ask: nobody decides on what they asked for themselves."""
    return [Sql("({0} in ({1},{2})) is not true", viewer.person, demand.person_id, demand.asked_by_id)]


OPEN = require_states((State.OPEN,), Text("It has been answered already.", "该请求已办结。"))
DECIDING = Action(DataRequest, (require_held(HANDLE), require_rows(foreign_demands)), (OPEN,))
WITHDRAWING = Action(DataRequest, (require_rows(asked_demands),), (OPEN,))


@command(
    "Answer a request about personal data, and do what was asked (办理个人信息请求).", requires=HANDLE, action=DECIDING
)
async def decide_data_request(call: Call, input: DecideDataRequestInput) -> DataRequestPayload:
    demand: DemandRow = await call.find(DataRequest, "request", id=key_of(DataRequest)(input.request))
    demand.grounds = input.grounds or None
    # What was done before, or is itself the answer, has to be put in words.
    if demand.grounds is None and (not input.grant or demand.matter in WORDED):
        raise invalid_input("Say the grounds; the person reads them.", "请填写理由，申请人可见。", "grounds")
    demand.state = State.GRANTED if input.grant else State.REFUSED
    # Before it is carried out: erasing takes the words out of this very row, and a later save would put them back.
    await close_request(call, demand)
    await notify_requester(call, demand)
    if input.grant:
        await carry_out(call, demand)
    return DataRequestPayload(request=ref(DataRequest, demand.id))


@strawberry.input(description="A request that is taken back (撤回请求).")
class WithdrawDataRequestInput:
    idempotency_key: str = input_field(KEY)
    request: ID = input_field("The request's id (请求标识).")


@command("Take a request back while it is open (撤回请求).", requires=None, action=WITHDRAWING)
async def withdraw_data_request(call: Call, input: WithdrawDataRequestInput) -> DataRequestPayload:
    demand: DemandRow = await call.find(DataRequest, "request", id=key_of(DataRequest)(input.request))
    demand.state = State.WITHDRAWN
    await close_request(call, demand)
    return DataRequestPayload(request=ref(DataRequest, demand.id))


@strawberry.input(description="A restriction that ends (解除限制处理).")
class LiftRestrictionInput:
    idempotency_key: str = input_field(KEY)
    person: ID | None = input_field(PERSON, default=UNSET)
    by: ID | None = input_field(BY, default=UNSET)


@strawberry.type(description="Whether the restriction is lifted, or why nothing was done (解除限制结果).")
class LiftRestrictionPayload:
    errors: list[Problem] = problems()


@command("Let staff see one's data again; the person decides alone (解除限制处理).", requires=None)
async def lift_restriction(call: Call, input: LiftRestrictionInput) -> LiftRestrictionPayload:
    person, _ = await load_subject_and_speaker(call, input, RECORD)
    if person.restricted_at is None or person.erased_at:
        raise not_found("Nothing is restricted.", "当前没有限制处理。", "person")
    await unrestrict_person(person)
    return LiftRestrictionPayload()


# what the commands share


async def file_request(call: Call, input: Any, matter: Matter, **more: Any) -> DataRequestPayload:
    """Put a request on file for whoever it is about."""
    person, who = await load_subject_and_speaker(call, input, RECORD)
    if person.erased_at:
        raise not_found("Nothing is held about them any more.", "已无其个人信息。", "person")
    demand = await open_request(call, person.grid_id, person.id, who, matter, input.text or None, **more)
    return DataRequestPayload(request=ref(DataRequest, demand.id, shown=True))


async def open_request(
    call: Call, grid: int, person: Any, who: Any, matter: Matter, said: str | None, **more: Any
) -> DemandRow:
    """Open a request, and tell those who watch over personal data. One of a kind is open at a time."""
    about = {name: more.get(name) for name in ("decision_id", "look_id")}
    same = DemandRow.filter(person_id=person, matter=matter, state=State.OPEN, **about)
    # Asked twice, it is one request, which is answered within the term of the first.
    if known := await same.first():
        return known
    demand = await DemandRow.create(
        grid_id=grid,
        person_id=person,
        matter=matter,
        text=said,
        asked_by_id=who,
        asked_at=call.now,
        due_at=call.now + TERM,
        **more,
    )
    asked = NoticeDraft(
        "data_request.asked",
        Text("Somebody asks about their data.", "有新的个人信息权利请求。"),
        Text("Answer it within 15 days.", "请在 15 日内办理。"),
        f"DataRequest:{demand.id}",
    )
    # What is granted at once needs nobody to answer it.
    if demand.state == State.OPEN:
        await send_notice(call, asked, offices=[Office(OVERSEE, grid)])
    return demand


async def close_request(call: Call, demand: DemandRow) -> None:
    demand.decided_at, demand.account = call.now, call.viewer.account.name
    demand.version += 1
    await demand.save()


async def carry_out(call: Call, demand: DemandRow) -> None:
    """Do what was asked. A correction was made by the ordinary commands before, an explanation is the answer."""
    if demand.matter == Matter.DELETION:
        await erase_person(call.fetch, call.context.registers.holdings, demand.person_id, call.now)
    elif demand.matter == Matter.RESTRICTION:
        await restrict_person(call, demand.person_id)


async def notify_requester(call: Call, demand: DemandRow) -> None:
    """Tell whoever asked."""
    told = NoticeDraft(
        "data_request.answered",
        Text("Your request about your data was answered.", "您的个人信息权利请求已答复。"),
        Text("Open it to read the answer.", "打开可查看答复。"),
        f"DataRequest:{demand.id}",
    )
    await send_notice(call, told, persons=[demand.asked_by_id] if demand.asked_by_id else ())


EXTENSIONS = (
    extend(
        Mutation,
        request_export=request_export,
        request_correction=request_correction,
        request_deletion=request_deletion,
        request_restriction=request_restriction,
        request_explanation=request_explanation,
        contest_look=contest_look,
        decide_data_request=decide_data_request,
        withdraw_data_request=withdraw_data_request,
        lift_restriction=lift_restriction,
    ),
)
