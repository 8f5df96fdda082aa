"""Expiry: points that expire in the night, after notice, and holds that no shop settled."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from ..models import ProgrammeRow, RedemptionState
from ..rewards.redemptions import free_holds
from .lots import expire_lots

# The insert is the memory that somebody was told: what conflicts was told before, and is not returned.
SOON = """
insert into points.warning (id, account_id, expires_on)
select gen_random_uuid(), s.id, s.expires_on from (select a.id, l.expires_on from points.account a,
 lateral points.lots(a.id) l where a.programme_id = $1 and a.balance > 0 and l.expires_on > $2 and l.expires_on <= $3
 group by 1, 2) s on conflict do nothing returning account_id, expires_on
"""
HOLDERS = """
select coalesce(a.person_id, h.head_id) person, (select sum(l.amount)::bigint from points.lots(a.id) l
 where l.expires_on = $2) amount
from points.account a left join people.household h on h.id = a.household_id where a.id = $1
"""
OVER = """
select r.id from points.redemption r join points.account a on a.id = r.account_id
join points.programme p on p.id = a.programme_id
where r.state = 'HELD' and r.held_until < $1 and p.county_id = any($2::int[]) order by r.id limit 1000
"""


@job("points.expire", every=timedelta(days=1), offset=timedelta(hours=3, minutes=10))
async def run_expiry(call: Call, run: JobRun) -> None:
    """Post what has expired, and notify those whose points soon will."""
    # The day the run was due, not today: a run made up for later posts under the same keys.
    day = run.due.astimezone(CHINA).date()
    for programme in await ProgrammeRow.filter(county_id__in=run.counties).order_by("id"):
        await expire_lots(call, programme.id, day)
        await warn_holders(call, programme, day)


@job("points.release", every=timedelta(minutes=10))
async def release_holds(call: Call, run: JobRun) -> None:
    """Free the points that no shop settled in time."""
    rows = await call.fetch(OVER, call.now, list(run.counties))
    await free_holds(call, [row["id"] for row in rows], RedemptionState.EXPIRED)


async def warn_holders(call: Call, programme: ProgrammeRow, day: date) -> None:
    """Notify holders once of each lot that expires within the programme's days of notice."""
    last = day + timedelta(days=programme.warn_days)
    for told in await call.fetch(SOON, programme.id, day, last):
        [holder] = await call.fetch(HOLDERS, told["account_id"], told["expires_on"])
        # Erased persons are not told, nor lots that were spent since.
        if holder["person"] and holder["amount"]:
            await send_notice(
                call,
                expiry_notice(told["account_id"], told["expires_on"], holder["amount"]),
                persons=[holder["person"]],
            )


def expiry_notice(account: UUID, on: date, amount: int) -> NoticeDraft:
    return NoticeDraft(
        "points.expiring",
        Text("Points are about to expire", "积分即将过期"),
        Text(
            f"{amount} points expire on {on} unless they are spent before.",
            f"{amount} 积分将于 {on} 过期，请及时兑换。",
        ),
        f"PointsAccount:{account}",
    )


JOBS = (run_expiry, release_holds)
