"""Reactions of dispatch: work orders, requests and merged cases keep step with the case they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gongzhi.core.cases import machine
from gongzhi.core.cases.step_notices import SHARED, announce_to_requesters, tell_requesters_of
from gongzhi.core.cases.steps import ANSWERED_WITH, GRACE_OVER, MOVED, WAITS
from gongzhi.runtime.commands import Call
from gongzhi.runtime.reactions import Happening, Phase, reaction

from . import deadlines
from .approvals import ask_for_closing
from .merging.commands import answer_merged_cases, main_of
from .orders import states
from .orders.commands import require_joint_reply

STEPS = {one.event: one for one in machine.STEPS}
TELL_MERGED = tell_requesters_of(
    "c.id in (select d.case_id from dispatch.merge d where d.into_id = m.id and d.undone_at is null)"
)
STAND = (
    'update cases."case" c set closed_at = s.closed, settled_at = case when s.closed is not null then c.settled_at end '
    "from unnest($1::uuid[], $2::timestamptz[]) s (main, closed) "
    "join dispatch.merge d on d.into_id = s.main and d.undone_at is null where c.id = d.case_id and c.status = 'MERGED'"
)


@reaction("dispatch.jointly", machine.REPLY.event, phase=Phase.CHECK)
async def require_contributions(call: Call, happening: Happening) -> Mapping[str, Any]:
    """Refuse an answer while a supporting unit has not contributed; the event names those that did."""
    return {"jointly": await require_joint_reply(call, happening.row)}


@reaction("dispatch.main", machine.RATED, phase=Phase.CHECK)
async def find_main(call: Call, happening: Happening) -> Mapping[str, Any]:
    """Name the case whose answer a merged case was given."""
    return {ANSWERED_WITH: await main_of(call, happening.row)}


@reaction("dispatch.orders", *STEPS)
async def move_orders(call: Call, happening: Happening) -> None:
    """Bring work orders, objections and requests to where the case now is."""
    await states.follow_step(call, happening.row, STEPS[happening.event])


# After the orders and clocks: an answer that is given on must find the case settled.
@reaction("dispatch.merged", machine.REPLY.event, machine.SETTLE.event, after=("dispatch.orders", "clocks.follow"))
async def answer_merged(call: Call, happening: Happening) -> None:
    """Give the answer to those whose cases are part of this one, too."""
    await answer_merged_cases(call, happening.row)


@reaction("dispatch.standing", machine.REOPEN.event, machine.CLOSE.event, machine.VOID.event)
async def keep_merged_in_step(call: Call, happening: Happening) -> None:
    """Have what is part of this case settled no more, or closed, with it: it is rated while the answer stands."""
    reopened = happening.event == machine.REOPEN.event
    call.write_last(STAND, happening.row.id, None if reopened else call.now)


# Only what every requester is told; what concerns one alone stays with them.
@reaction("dispatch.notices", *SHARED)
async def tell_merged(call: Call, happening: Happening) -> None:
    """Tell those whose cases are part of this one what its requester is told."""
    announce_to_requesters(call, happening.row, happening.event, TELL_MERGED)


# After the clocks, whose deadlines it copies.
@reaction(
    "dispatch.deadlines", machine.RESUME.event, machine.REOPEN.event, WAITS, MOVED,
    after=("dispatch.orders", "clocks.follow", "clocks.hold"),
)  # fmt: skip
async def move_deadlines(call: Call, happening: Happening) -> None:
    """Have live work orders due when the clocks for handling are."""
    rows = happening.row if isinstance(happening.row, list) else [happening.row]
    await deadlines.follow_clocks(call, [row.id for row in rows])


@reaction("dispatch.closing", GRACE_OVER)
async def put_before_others(call: Call, happening: Happening) -> None:
    """Ask somebody who may decide to close a case that is about a unit or the platform."""
    await ask_for_closing(call, happening.row, happening.facts["reason"])


REACTIONS = (
    require_contributions, find_main, move_orders, answer_merged, keep_merged_in_step, tell_merged, move_deadlines,
    put_before_others,
)  # fmt: skip
