"""Reminders: the office of a grid hears of claims that nobody decided in time, once for each day's claims."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

OVERDUE = """
select grid_id, count(*) count from points.claim where state='CLAIMED' and decide_by=$1 and county_id=any($2::int[])
group by 1 order by 1
"""


@job("points.remind", every=timedelta(days=1), offset=timedelta(hours=9))
async def remind_of_claims(call: Call, run: JobRun) -> None:
    """Notify offices of the claims whose term ended yesterday."""
    # Claims due on that very day, so each is told of once without a memory of who was told.
    ended = run.due.astimezone(CHINA).date() - timedelta(days=1)
    for row in await call.fetch(OVERDUE, ended, list(run.counties)):
        # Whoever may edit people in the grid is its office; the permission names who is written to.
        await send_notice(call, overdue_notice(row["count"]), offices=[Office("people.edit", row["grid_id"])])


def overdue_notice(count: int) -> NoticeDraft:
    return NoticeDraft(
        "points.claims_overdue",
        Text("Claims wait for a decision", "积分申报逾期未认定"),
        Text(
            f"Claims that were to be decided by yesterday: {count}.",
            f"{count} 件积分申报昨日已到认定期限，请尽快处理。",
        ),
    )
