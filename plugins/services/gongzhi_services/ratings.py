"""Ratings (好差评): the applicant alone says once what a service was worth, and a bad one is answered."""

from __future__ import annotations

import strawberry
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_states
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import telling
from .applying import APPLICATION, AS_IT_IS, ServiceApplicationPayload, load_application, save_application
from .clocks import ANSWER, reckon_term
from .events import Rated
from .models import State
from .rules import APPLICANT, HANDLE, HANDLES
from .types import ServiceApplication

BAD = 2
"""The most stars of a bad rating; three say that it was well enough."""


@strawberry.input(description="What a service was worth (评价政务服务).")
class RateServiceInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    rating: int = input_field("1 is worst, 5 is best (评价星级).", between=(1, 5))
    reason: str | None = free_text("Why; must be given for 1 and 2 (评价理由).", length=(1, 500), default=UNSET)


UNRATED = require_empty("rating", Text("It is rated, and a rating stays.", "已评价，评价不可修改。"))
IN_TERM = Requirement(
    "TERM_OVER",
    lambda row, viewer: [Sql("{0}>{1}", row.rate_by, viewer.now)],
    Text("The time to rate is over.", "评价期限已过。"),
)


@command(
    "Rate how an application was handled, once and alone; a bad rating is answered by the unit (好差评).",
    requires=None,
    action=Action(ServiceApplication, APPLICANT, (UNRATED, require_states((State.DECIDED,), AS_IT_IS), IN_TERM)),
)
async def rate_service(call: Call, input: RateServiceInput) -> ServiceApplicationPayload:
    reason = input.reason or None
    if input.rating <= BAD and reason is None:
        raise invalid_input("Say what was bad, so that it can be mended.", "差评请填写理由，以便核实整改。", "reason")
    case, row = await load_application(call, input.application)
    row.rating, row.rating_reason, row.rated_at = input.rating, reason, call.now
    await record_on_timeline(call, case, Rated(application=row.id))
    # A good one leaves nothing to do.
    if input.rating <= BAD:
        row.answer_by = await reckon_term(call, row.county_id, ANSWER)
        await telling.tell_unit(call, case, row, telling.BADLY_RATED, day=row.answer_by)
    else:
        row.state, row.closed_at = State.CLOSED, call.now
    return await save_application(row)


@strawberry.input(description="What was done about a bad rating (差评整改).")
class AnswerServiceRatingInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What was found and mended; the applicant reads it (整改答复).", length=(1, 1_000))


RATED_BADLY = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql(f"{{0}}<={BAD} and {{1}} is null", row.rating, row.answered_at)],
    Text("There is no bad rating that waits for an answer.", "没有待整改答复的差评。"),
)


@command(
    "Answer a bad rating: what was found and mended (差评整改答复).",
    requires=HANDLE,
    action=Action(ServiceApplication, HANDLES, (RATED_BADLY,)),
)
async def answer_service_rating(call: Call, input: AnswerServiceRatingInput) -> ServiceApplicationPayload:
    case, row = await load_application(call, input.application)
    row.answer, row.answered_at = input.text, call.now
    # With the answer everything that was owed is done.
    row.state, row.closed_at = State.CLOSED, call.now
    await telling.tell_applicant(call, case, row, telling.ANSWERED)
    return await save_application(row)


EXTENSIONS = (extend(Mutation, rate_service=rate_service, answer_service_rating=answer_service_rating),)
