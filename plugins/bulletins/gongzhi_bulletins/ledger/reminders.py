"""Reminders: a village hears what it has yet to publish, and the town above it what is late."""

from __future__ import annotations

from datetime import date, timedelta

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

AHEAD = timedelta(days=3)
"""How long before the last day a village is reminded."""
# The statement marks what it finds and returns it, so that two runs cannot tell of the same disclosure: once before it
# is due, and once when it is late. A correction is owed to nobody: what it corrects is published.
OWED = """
with told as (
  update bulletins.disclosure d set reminded_on=$1
  where d.round=1 and d.state in ('DUE','SIGNING') and d.county_id=any($3::int[])
    and (d.due_on<=$2 and d.reminded_on is null or d.due_on<$1 and d.reminded_on<=d.due_on)
  returning d.grid_id, d.county_id, d.due_on
)
select grid_id, county_id, due_on<$1 as late, min(due_on) as due_on, count(*) as owed from told group by 1, 2, 3
order by 1, 3
"""
SOON = Text("Affairs of the village are to be published", "村务公开事项即将到期")
LATE = Text("Affairs of the village were not published in time", "村务公开事项逾期未公开")
COUNTED = Text(
    "{0} of them, the first by {1}. Open the ledger to write them down and sign.",
    "共 {0} 项，最早一项应于 {1} 前公开。请打开村务公开台账填写并签字。",
)


@job("bulletins.remind_villages", every=timedelta(days=1), offset=timedelta(hours=9, minutes=10))
async def remind_villages(call: Call, run: JobRun) -> None:
    """Tell each morning of what is due in three days, and of what is late, one notice a village."""
    # The day the run was due; a run made up for later tells of the same day.
    day = run.due.astimezone(CHINA).date()
    for row in await call.fetch(OWED, day, day + AHEAD, list(run.counties)):
        offices = [Office("people.edit", row["grid_id"])]
        # The town has what is late published (Organic Law of Villagers' Committees, art. 31).
        if row["late"]:
            offices.append(Office("cases.dispatch", row["grid_id"]))
        await send_notice(
            call, draft_reminder(row["late"], row["owed"], row["due_on"], row["county_id"]), offices=offices
        )


def draft_reminder(late: bool, owed: int, due_on: date, county: int) -> NoticeDraft:
    """Return what the inbox says: how many and by when, and not what: the ledger has that."""
    kind, title = ("bulletins.late", LATE) if late else ("bulletins.due", SOON)
    body = Text(COUNTED.en.format(owed, due_on), COUNTED.zh.format(owed, due_on))
    return NoticeDraft(kind, title, body, office_hours_of=county)
