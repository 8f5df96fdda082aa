"""Dispatch look-ups: what its commands share (finding what belongs to a case, and who is to decide what)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import key_of
from gongzhi.declare.sql import Alternatives, Sql, all_of
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table

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
    # Found again under the lock, for it may have changed since, and as the command's action allows.
    return case, await call.find(cls, path, id=found.id)


def rows_of_other_units(column: str) -> Callable[[Table, ViewerScope], Alternatives]:
    """Return what selects the rows in whose column none of the caller's units stands; any grant for a unit counts."""

    def select(row: Table, viewer: ViewerScope) -> Alternatives:
        units, asked = viewer.units(), row.field(column)
        return [all_of(*(Sql("{0} is distinct from {1}", asked, unit) for unit in units))] if units else None

    return select


OTHER_UNIT = Requirement(
    "CONFLICT_OF_INTEREST",
    rows_of_other_units("unit_id"),
    Text("You work for the unit that asks, so somebody else must decide.", "您在申请单位任职，须由他人审批。"),
)
"""What is required of whoever decides: the unit that asks does not decide on itself."""


def acting_units(call: Call, permission: str = "cases.handle") -> set[int]:
    """Return the units that the caller acts for."""
    grants = call.viewer.account.grants
    return {grant.unit for grant in grants if grant.unit is not None and permission in grant.permissions}


async def find_lead_order(case: CaseRow) -> OrderRow | None:
    """Return the lead unit's order, while there is one."""
    # At most one is live, as a partial unique index holds.
    return await OrderRow.get_or_none(case=case, role=OrderRole.LEAD, state__in=LIVE)


async def count_returns(call: Call, case: CaseRow) -> tuple[int, bool]:
    """Return how often units gave the case back, and whether that is as often as its county lets them."""
    count = await OrderRow.filter(case=case, state=OrderState.RETURNED).count()
    # Most cases are never returned, and need not ask what the county has chosen.
    return count, bool(count) and count >= await RETURNS.read(call, case.county_id)
