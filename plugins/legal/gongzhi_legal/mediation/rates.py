"""Mediation rates: what a county pays mediators by case (以案定补)."""

from __future__ import annotations

from decimal import Decimal

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems
from gongzhi.values.errors import FIELD

from ..models import MediationOutcome, RateRow
from ..visibility import MANAGE
from .figures import RATES

MOST = Decimal(5_000)


@strawberry.type(description="Whether it was done (设置结果).")
class MediationRatePayload:
    errors: list[Problem] = problems()


@strawberry.input(description="What a county pays for a case (设置补贴标准).")
class SetMediationRateInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("The county, by code (县编码).")
    outcome: MediationOutcome = input_field("For which outcome (结果).")
    amount: Decimal = input_field("How much, in yuan, to the fen (金额，元).")


@command("Set what mediators are paid for cases that end with an outcome from now on (设置补贴标准).", requires=MANAGE)
async def set_mediation_rate(call: Call, input: SetMediationRateInput) -> MediationRatePayload:
    grid = await find_grid(input.grid, "grid")
    if grid.kind != "COUNTY":
        raise invalid_input("Rates are a county's: give a county's code.", "补贴标准按县设置，请填写县级编码。", "grid")
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    if input.outcome not in RATES:
        raise invalid_input("Nothing is paid for this outcome.", "该结果不计补贴。", "outcome")
    # Whole fen, compared as decimals: a float would round.
    fen = input.amount * 100
    if not 0 <= input.amount <= MOST or fen != int(fen):
        raise invalid_input(
            f"{FIELD} must be 0 to {MOST} yuan, to the fen.", f"{FIELD}应为 0 至 {MOST} 元，精确到分。", "amount"
        )
    # Rates before it stay: what mediators are due for cases that have ended does not change any more.
    await RateRow.update_or_create({"fen": int(fen)}, grid=grid, outcome=input.outcome, since=call.now)
    return MediationRatePayload()


EXTENSIONS = (extend(Mutation, set_mediation_rate=set_mediation_rate),)
