"""Registry: indicators and scorecards (what may be looked at, weighed how, from when on)."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held, require_states
from gongzhi.runtime.checks import (
    check_whole_number,
    duplicate,
    input_form,
    invalid_input,
    not_found,
    today,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_resolutions.records import find_adoption
from strawberry import ID

from ..appraisal_models import Governance, IndicatorRow, ModelRow, ModelState
from ..checks import check_distinct
from ..visibility import MANAGE
from .banned_inputs import screen_input
from .grading import NONE
from .types import CreditIndicator, CreditModel

WEIGHED = 3, 12
"""How many indicators a scorecard weighs."""
HEAVIEST = 40
"""The most an indicator weighs: no grade hangs on one thing."""


@strawberry.input(description="An indicator (新增评议指标).")
class AddCreditIndicatorInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field("Its code: lower-case letters, digits and hyphens (代码).", pattern=SHORT_CODE)
    name: str = input_field("Its name (名称).", length=(1, 60))
    governance: Governance = input_field("Which of the three governances (三治).")
    description: str = input_field("What is meant, and how it is verified (说明).", length=(1, 300))


@strawberry.type(description="The indicator, or why there is none (指标结果).")
class CreditIndicatorPayload:
    indicator: CreditIndicator | None = result_field("The indicator (指标).")
    errors: list[Problem] = problems()


@command("Add an indicator; what must not be looked at is refused (新增评议指标).", requires=MANAGE)
async def add_credit_indicator(call: Call, input: AddCreditIndicatorInput) -> CreditIndicatorPayload:
    # The code too: it is public, and could carry what the name does not say.
    screen_input(f"{input.code}\n{input.name}\n{input.description}", "description")
    if await IndicatorRow.exists(code=input.code):
        raise duplicate("There is an indicator with this code.", "该代码的指标已存在。", "code")
    row = await IndicatorRow.create(
        governance=input.governance, code=input.code, name=input.name, description=input.description
    )
    return CreditIndicatorPayload(indicator=ref(CreditIndicator, row.id))


@strawberry.input(description="How much an indicator weighs (指标权重).")
class CreditWeightInput:
    indicator: str = input_field("The indicator's code (指标代码).")
    weight: int = input_field("Per cent of the score (权重，%).", between=(1, HEAVIEST))


@strawberry.input(description="From which score a grade begins (等级分数线).")
class CreditBandInput:
    grade: str = input_field("The grade: one to four letters (等级).")
    least: int = input_field("The least score, of 100 (最低分).")


@strawberry.input(description="A version of a scorecard, to be adopted by resolution (拟定评议模型).")
class ProposeCreditModelInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it is to appraise, by code (适用区域编码).")
    code: str = input_field("The scorecard's code; a known one makes its next version (代码).", pattern=SHORT_CODE)
    title: str = input_field("Its title (标题).", length=(1, 100))
    weights: list[CreditWeightInput] = input_field("Indicators and weights that sum to 100 (权重).", items=WEIGHED)
    bands: list[CreditBandInput] = input_field("Grades, the best first (等级).", items=(1, 6))
    months: int = input_field("For how many months an appraisal is valid (有效月数).", between=(1, 36), default=12)
    seats: int = input_field("How many sit on a panel (评议团人数).", between=(5, 30), default=7)
    quorum: int = input_field("How many of them have to score (最低评分人数).", between=(3, 30), default=5)
    starts_on: datetime.date = input_field("The first day; not before it is adopted (生效日).")


@strawberry.type(description="The scorecard, or why there is none (评议模型结果).")
class CreditModelPayload:
    model: CreditModel | None = result_field("The scorecard (评议模型).")
    errors: list[Problem] = problems()


@command(
    "Propose a version of a scorecard; it appraises nobody before a resolution adopts it (拟定评议模型).",
    requires=MANAGE,
)
async def propose_credit_model(call: Call, input: ProposeCreditModelInput) -> CreditModelPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    with input_form() as read:
        fields: dict[str, Any] = {
            "code": input.code,
            "title": input.title,
            "weights": read(read_weights, input.weights),
            "bands": read(read_bands, input.bands),
            "months": input.months,
            "seats": input.seats,
            "quorum": read(check_whole_number, input.quorum, 3, input.seats, "quorum"),
        }
        read(screen_input, f"{input.code}\n{input.title}", "title")
    # Asked after the form, because it needs the database.
    await check_indicators([one.indicator for one in input.weights])
    before = await ModelRow.filter(code=input.code)
    # A code is a scorecard's name through all versions, and the resolution names it: it cannot move to another place.
    if any(one.grid_id != grid.id for one in before):
        raise duplicate("This code is another grid's.", "该代码已用于其他区域。", "code")
    row = await ModelRow.create(
        grid=grid,
        version=len(before) + 1,
        starts_on=input.starts_on,
        proposed_at=call.now,
        account=call.viewer.account.name or "",
        **fields,
    )
    return CreditModelPayload(model=ref(CreditModel, row.id))


def read_weights(given: list[CreditWeightInput]) -> list[dict[str, Any]]:
    check_distinct((one.indicator for one in given), "weights")
    if sum(one.weight for one in given) != 100:
        raise invalid_input("The weights must add up to 100.", "权重之和应为 100。", "weights")
    return [{"indicator": one.indicator, "weight": one.weight} for one in given]


def read_bands(given: list[CreditBandInput]) -> list[dict[str, Any]]:
    check_distinct((one.grade for one in given), "bands")
    scores = [one.least for one in given]
    lettered = all(one.grade.isascii() and one.grade.isalpha() and len(one.grade) <= 4 for one in given)
    if not lettered or NONE in {one.grade.upper() for one in given}:
        raise invalid_input(
            "A grade is one to four letters, and not that for no grade.",
            "等级为 1 至 4 个字母，且不能是“无等级”的代码。",
            "bands",
        )
    # Above zero, so that "no grade" stays possible; falling, so that each grade has a range of its own.
    if scores != sorted(set(scores), reverse=True) or not 0 < scores[-1] <= scores[0] <= 100:
        raise invalid_input(
            "Grades begin at scores from 100 down, the best first.",
            "等级分数线须由高到低，且在 1 至 100 之间。",
            "bands",
        )
    return [{"grade": one.grade, "least": one.least} for one in given]


async def check_indicators(codes: list[str]) -> None:
    """Refuse what is not in the table of indicators: nothing else may be looked at."""
    there = {one.code for one in await IndicatorRow.filter(code__in=codes)}
    for at, one in enumerate(codes):
        # Screened again: the list of words may have grown since the indicator was added.
        screen_input(one, "weights")
        if one not in there:
            raise not_found(
                "There is no such indicator; add it first, if it may be looked at.",
                "没有该指标；如可使用，请先登记。",
                "weights",
                str(at),
                "indicator",
            )


@strawberry.input(description="A scorecard that a resolution adopts (评议模型生效).")
class AdoptCreditModelInput:
    idempotency_key: str = input_field(KEY)
    model: ID = input_field("The version (评议模型).")


ADOPTING = Action(
    CreditModel,
    (require_held(MANAGE),),
    (require_states((ModelState.PROPOSED,), Text("This version was adopted before.", "该版本已生效。")),),
)


@command(
    "Put a scorecard into force that a recorded resolution adopts (评议模型生效).", requires=MANAGE, action=ADOPTING
)
async def adopt_credit_model(call: Call, input: AdoptCreditModelInput) -> CreditModelPayload:
    row: ModelRow = await call.find(CreditModel, "model", id=key_of(CreditModel)(input.model))
    name = f"credit.{row.code}/{row.version}"
    resolution = await find_adoption(call, name, row.grid_id)
    if resolution is None:
        raise Refusal(
            "NOT_ADOPTED",
            f"No resolution in force adopts {name}: record it first.",
            f"尚无有效决议通过 {name}，请先登记决议。",
            ("model",),
        )
    # Never back in time: nobody is appraised by a scorecard that was not adopted yet.
    row.starts_on = max(row.starts_on, resolution.decided_on, today(call))
    row.state, row.resolution = ModelState.ADOPTED, resolution
    await row.save()
    # The version before ends the day the new one begins.
    before = ModelRow.filter(code=row.code, state=ModelState.ADOPTED).exclude(id=row.id)
    await before.update(state=ModelState.RETIRED, ends_on=row.starts_on)
    return CreditModelPayload(model=ref(CreditModel, row.id))


def is_model_in_force(row: ModelRow, day: datetime.date) -> bool:
    """Tell whether a version appraises on a day."""
    ended = row.ends_on is not None and row.ends_on <= day
    # Retired versions count until their last day.
    return row.state is not ModelState.PROPOSED and row.starts_on <= day and not ended


def require_in_force(row: ModelRow, day: datetime.date, *path: str) -> None:
    """Refuse a version that does not appraise on this day."""
    if not is_model_in_force(row, day):
        raise Refusal(
            "MODEL_NOT_IN_FORCE",
            f"Version {row.version} of this scorecard is not in force today.",
            f"该评议模型第 {row.version} 版今日未生效。",
            path,
        )


EXTENSIONS = (
    extend(
        Mutation,
        add_credit_indicator=add_credit_indicator,
        propose_credit_model=propose_credit_model,
        adopt_credit_model=adopt_credit_model,
    ),
)
