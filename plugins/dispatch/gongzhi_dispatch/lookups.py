"""Dispatch look-ups: what its commands share (finding what belongs to a case, and who is to decide what)."""

from __future__ import annotations

from typing import Any

from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import require_disinterested
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import key_of
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import Call, not_allowed
from gongzhi.values.errors import Refusal

from .deadlines import RETURNS
from .models import LIVE, OrderRole, OrderRow, OrderState

REASON = 2_000
"""The most characters of a reason."""
NUMBER = "The case's number (编号)."
WHY = "Why (理由)."


async def load_with_case(call: Call, cls: type, id: str, path: str) -> tuple[CaseRow, Any]:
    """Return a case and the row of it that an id names, both locked, the case first, as every command does it."""
    model = cls.__entity__.model  # type: ignore[attr-defined]
    # Read without a lock to learn the case: locking it first would turn the order round.
    found = await model.get_or_none(id=key_of(cls)(id))
    if found is None:
        raise not_found("There is nothing with this id, or you may not see it.", "没有找到，或您无权查看。", path)
    case: CaseRow = await call.find(Case, path, id=found.case_id)
    await require_disinterested(call, case)
    # Read again under the lock, for it may have changed since.
    return case, await model.select_for_update().get(id=found.id)


def acting_units(call: Call, permission: str = "cases.handle") -> set[int]:
    """Return the units that the caller acts for."""
    grants = call.viewer.account.grants
    return {grant.unit for grant in grants if grant.unit is not None and permission in grant.permissions}


async def require_decider(call: Call, permission: str, case: CaseRow, unit: int | None, *others: str | None) -> None:
    """Refuse whoever may not decide about the case, who works for the unit that asks, and who did it themselves."""
    if not call.may(permission, case):
        raise not_allowed("number")
    # Any grant for that unit counts, whatever it permits.
    if unit is not None and unit in {grant.unit for grant in call.viewer.account.grants}:
        raise Refusal(
            "CONFLICT_OF_INTEREST",
            "You work for the unit that asks, so somebody else must decide.",
            "您在申请单位任职，须由他人审批。",
            (),
        )
    await require_independence(call, "", *others)


async def find_lead_order(case: CaseRow) -> OrderRow | None:
    """Return the lead unit's order, while there is one."""
    # At most one is live, as a partial unique index holds.
    return await OrderRow.get_or_none(case=case, role=OrderRole.LEAD, state__in=LIVE)


async def count_returns(call: Call, case: CaseRow) -> tuple[int, bool]:
    """Return how often units gave the case back, and whether that is as often as its county lets them."""
    count = await OrderRow.filter(case=case, state=OrderState.RETURNED).count()
    # Most cases are never returned, and need not ask what the county has chosen.
    return count, bool(count) and count >= await RETURNS.read(call, case.county_id)
