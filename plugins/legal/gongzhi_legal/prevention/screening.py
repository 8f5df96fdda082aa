"""Dispute screening (矛盾排查): situations that may become disputes, looked at again by a date; nobody is labelled."""

from __future__ import annotations

import datetime
import re

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    key_of,
    many,
    one,
    ref,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held, require_states
from gongzhi.runtime.checks import invalid_input, is_given, not_found, today
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
from gongzhi.runtime.screening import screen_text
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from .. import enums as enums
from .. import visibility
from ..mediation.requests import dispute_type
from ..mediation.types import dispute_type_column
from ..models import ReviewRow, ScreeningRow, ScreeningState, Tension
from ..visibility import SCREEN

# A guard against slips: words that sort people, where a situation is to be described.
LABELS = re.compile(
    r"重点人|高危人|不稳定人|维稳|上访|缠访|闹访|信访人|刑满|前科|吸毒|社区矫正|两劳|邪教|精神病|精神障碍|神经病|刁民|钉子户|老赖"
)
"""Words for people that no situation needs."""
LONGEST = datetime.timedelta(days=180)


@entity(ReviewRow, visible=visible_to_all, through="screening", order=("at",))
class ScreeningReview(Node):
    """What was found when a situation was looked at again (复查)."""

    screening: DisputeScreening | None = one("The situation (排查事项).")
    at: datetime.datetime = column("When (时间).")
    tension: Tension = column("How near to a dispute it was (风险程度).")
    note: str = column("What was found (情况).")


@entity(
    ScreeningRow,
    visible=visibility.visible_screenings,
    order=("review_on", "recorded_at"),
    filter={"state": None, "tension": None, "review_on": None, "grid": compare_place()},
)
class DisputeScreening(Node):
    """A situation that may become a dispute (矛盾排查)."""

    grid: Grid | None = one("Where (所在网格).")
    dispute_type: str = expression(
        "What sort of dispute it may become, by code (纠纷类型).", dispute_type_column("code")
    )
    situation: str = column("What is the matter; no names (情况).")
    tension: Tension = column("How near to a dispute it is (风险程度).")
    state: ScreeningState = column("Whether it is still looked at (状态).")
    recorded_at: datetime.datetime = column("When it was recorded (登记时间).")
    review_on: datetime.date = column("When somebody looks at it again (复查日期).")
    reviews: list[ScreeningReview] = many(
        "What was found since, the first first (复查记录).", on="screening", order="at", cap=50
    )
    version: int = column("Grows with every change (版本).")


@strawberry.type(description="The situation, or why nothing was done (排查结果).")
class DisputeScreeningPayload:
    screening: DisputeScreening | None = result_field("The situation (排查事项).")
    errors: list[Problem] = problems()


@strawberry.input(description="A situation that may become a dispute (登记排查事项).")
class RecordDisputeScreeningInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where, by code (网格编码).")
    dispute_type: str = input_field("What sort of dispute it may become, by code (纠纷类型代码).")
    situation: str = input_field(
        "What is the matter: land, water, money, not what somebody is; no names (情况).", length=(1, 1_000)
    )
    tension: Tension = input_field("How near to a dispute it is (风险程度).")
    review_on: datetime.date = input_field("When somebody looks at it again, half a year ahead at most (复查日期).")


@command("Record a situation that may become a dispute (登记排查事项).", requires=SCREEN)
async def record_dispute_screening(call: Call, input: RecordDisputeScreeningInput) -> DisputeScreeningPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(SCREEN, grid):
        raise not_allowed("grid")
    # Retention, keys and figures are by county.
    if grid.county_id is None:
        raise not_found("Name a grid in a county.", "请指定县级以下网格。", "grid")
    row = await ScreeningRow.create(
        grid=grid,
        dispute_type=await dispute_type(call, input.dispute_type),
        situation=check_unlabelled(input.situation, "situation"),
        tension=input.tension,
        recorded_at=call.now,
        account=call.viewer.account.name,
        review_on=check_review_day(call, input.review_on),
    )
    return DisputeScreeningPayload(screening=ref(DisputeScreening, row.id))


def check_unlabelled(value: str, path: str) -> str:
    """Check a text about a situation. Raises Refusal PERSON_LABEL for one that says what somebody is."""
    # The core's screening finds numbers and sensitive matters; the list finds words for people.
    if LABELS.search(value) or screen_text(value):
        raise Refusal(
            "PERSON_LABEL",
            "Write what the situation is, not what somebody is: no label, no number, nothing of health or past.",
            "请描述事项本身，不得标注人员身份、号码、健康、信仰或经历。",
            (path,),
        )
    return value


def check_review_day(call: Call, day: datetime.date) -> datetime.date:
    if not today(call) < day <= today(call) + LONGEST:
        raise invalid_input("It must be ahead, half a year at most.", "复查日期应在今天之后、半年以内。", "reviewOn")
    return day


@strawberry.input(description="What was found when it was looked at again (复查).")
class ReviewDisputeScreeningInput:
    idempotency_key: str = input_field(KEY)
    screening: ID = input_field("The situation (排查事项).")
    tension: Tension = input_field("How near to a dispute it is now (风险程度).")
    note: str = input_field("What was found; no names (情况).", length=(1, 1_000))
    resolved: bool = input_field("Whether it is resolved (是否化解).", default=False)
    review_on: datetime.date | None = input_field(
        "When it is looked at again, if it is not (下次复查日期).", default=UNSET
    )
    expected_version: int = input_field(EXPECTED)


REVIEWING = Action(
    DisputeScreening,
    (require_held(SCREEN),),
    (require_states((ScreeningState.OPEN,), Text("It is resolved.", "该事项已化解。")),),
)


@command(
    "Look at a situation again; until it is resolved it has a next date (复查).", requires=SCREEN, action=REVIEWING
)
async def review_dispute_screening(call: Call, input: ReviewDisputeScreeningInput) -> DisputeScreeningPayload:
    row: ScreeningRow = await call.find(DisputeScreening, "screening", id=key_of(DisputeScreening)(input.screening))
    note = check_unlabelled(input.note, "note")
    if input.resolved:
        row.state = ScreeningState.RESOLVED
    # What is not resolved always has a next date, or nobody would look at it again.
    elif is_given(input.review_on):
        row.review_on = check_review_day(call, input.review_on)
    else:
        raise not_found("Say when it is looked at again.", "请填写下次复查日期。", "reviewOn")
    await ReviewRow.create(
        screening=row, at=call.now, tension=input.tension, note=note, account=call.viewer.account.name
    )
    # The tension of the last look; those before stand with their reviews.
    row.tension, row.version = input.tension, row.version + 1
    await row.save()
    return DisputeScreeningPayload(screening=ref(DisputeScreening, row.id))


EXTENSIONS = (
    extend(
        Grid,
        dispute_screenings=connection(
            "Situations in it or below it, the next to look at first (矛盾排查).",
            rows_inside,
            order="review_on",
            type=Connection[DisputeScreening] | None,
            requires=SCREEN,
        ),
    ),
    extend(
        Mutation,
        record_dispute_screening=record_dispute_screening,
        review_dispute_screening=review_dispute_screening,
    ),
)
