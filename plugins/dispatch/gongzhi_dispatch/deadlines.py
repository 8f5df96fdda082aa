"""Dispatch deadlines: how long each may take, in the working time of the county; what may be asked for is in days.

A work order has the deadline of its case's clock for handling, and follows it wherever it moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from gongzhi.core.cases.models import CaseRow
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.commands import Call
from gongzhi_deadlines.calendars import reading
from gongzhi_deadlines.calendars.durations import reckon_deadline
from gongzhi_deadlines.clocks import running
from gongzhi_deadlines.clocks.models import Stage
from gongzhi_deadlines.worktime import WARNING, Course, Term, Unit, compute_deadline, extend_end

from .models import LIVE, OrderRow


def working_days(amount: int) -> Term:
    """Return a term of working days, from the next day on."""
    return Term(amount, Unit.WORKING_DAY, next_day=True)


HANDLING = working_days(5)
"""To answer a work order where the county's rules have no term for handling (济南市 art. 24)."""
OBJECTION = working_days(2)
"""To object to a dispatch, from when it was issued."""
RULING = working_days(2)
"""To rule on an objection."""
EXTENSION = timedelta(days=30)
"""The longest extension at once (信访工作条例 art. 34)."""
SUSPENSION = timedelta(days=180)
"""The longest suspension at once."""
RETURNS = CountySetting(
    "dispatch.returns",
    "How often units may return a case, before the county designates the one that handles it (退单次数上限).",
    default=2,
    permission="dispatch.edit_directory",
    least=1,
    most=5,
)
"""Twice is what 潍坊市 has (art. 22)."""

# Clocks are rows of another plugin: read here by SQL, and moved by that plugin's functions alone.
CLOCK = (
    "select due_at, warn_at from clocks.clock "
    f"where case_id = $1 and stage = '{Stage.HANDLE.value}' and stopped_at is null"
)
FOLLOWING = (
    "update dispatch.work_order o set due_at = k.due_at, warn_at = k.warn_at from clocks.clock k "
    f"where k.case_id = o.case_id and k.stage = '{Stage.HANDLE.value}' and k.stopped_at is null "
    "and isfinite(k.due_at) and o.case_id = any($1::uuid[]) and o.state = any($2::text[])"
)


async def handling_deadline(call: Call, case: CaseRow) -> tuple[datetime, datetime]:
    """Return when a work order that is issued now is due, and when its light turns amber."""
    for clock in await call.fetch(CLOCK, case.id):
        return clock["due_at"], clock["warn_at"]
    default = await reckon_deadline(call, case.county_id, HANDLING)
    return default.due, default.warns


async def follow_clocks(call: Call, cases: Iterable[Any]) -> None:
    """Have the live orders of these cases due when the clocks for handling are; a clock on hold moves none."""
    await call.fetch(FOLLOWING, list(cases), [state.value for state in LIVE])


async def is_over(call: Call, case: CaseRow, term: Term, since: datetime) -> bool:
    """Tell whether a term that began then is over."""
    calendar = await reading.load_calendar(call.fetch, case.county_id)
    return call.now > compute_deadline(calendar, term, Course(since)).due


async def extend_handling(call: Call, case: CaseRow, order: OrderRow, until: datetime) -> None:
    """Have handling due at a moment, and the reply later by as much; what time is spent stays spent (延期)."""
    more = await extra_time(call, case, order, until)
    if more.amount:
        await running.extend_deadline(call, case, more)
        order.due_at = extend_end(await reading.load_calendar(call.fetch, case.county_id), order.due_at, more)
        # The amber light keeps its share of the whole term.
        order.warn_at = order.issued_at + (order.due_at - order.issued_at) * WARNING / 100
    order.extended, order.version = True, order.version + 1
    await order.save()
    # The clocks have the last word: the order follows them where there is one.
    await follow_clocks(call, [case.id])


async def extra_time(call: Call, case: CaseRow, order: OrderRow, until: datetime) -> Term:
    """Return how much more time it takes for the order to be due then; of no amount, if it is due no earlier."""
    return await running.measure_extension(call, case, order.due_at, until, HANDLING)


async def postpone_order(call: Call, case: CaseRow, order: OrderRow, since: datetime) -> None:
    """Add the working time since then to what the order has left."""
    calendar = await reading.load_calendar(call.fetch, case.county_id)
    # In working time: a hold over a holiday costs nobody a day.
    away = calendar.elapsed(call.now) - calendar.elapsed(since)
    order.due_at, order.warn_at = calendar.after(order.due_at, away), calendar.after(order.warn_at, away)
