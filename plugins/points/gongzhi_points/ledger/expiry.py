"""Expiry: points that expire a lot at a time, after notice, and holds that no shop settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from ..models import PostingKind, ProgrammeRow, RedemptionState
from ..rewards.redemptions import free_holds
from . import posting
from .accounts import find_issuer_account
from .posting import LedgerCall, Posting, make_legs

# How many accounts one posting call moves: bounds the size of a statement and of its JSON.
AT_ONCE = 500
# Whoever redeems takes the account's lock and not the chain's: without this, points could be held between reading the
# lots and posting their expiry. A statement of its own, so that the lots are read as they are once the lock is there.
LOCKED = """
select a.id from points.account a where a.programme_id = $1 and a.kind <> 'ISSUER' and a.balance > a.held
and exists(select from points.entry e where e.account_id = a.id and e.expires_on <= $2) order by a.id for no key update
"""
# Lots are computed by `points.lots`, which leaves out what is held: held points expire when their hold has ended.
DUE = """
select a.id, (select sum(l.amount)::bigint from points.lots(a.id) l where l.expires_on <= $2) amount
from points.account a where a.id = any($1::uuid[]) order by a.id
"""
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


async def expire_lots(desk: LedgerCall, programme: UUID, day: date) -> int:
    """Post what has expired by a day and return of how many accounts; doing so again changes nothing."""
    # Before the lots are read, so that nothing is posted between reading them and posting their expiry.
    await posting.lock_chain(desk, programme)
    accounts = [row["id"] for row in await desk.fetch(LOCKED, programme, day)]
    rows = [row for row in await desk.fetch(DUE, accounts, day) if row["amount"]]
    if rows:
        target = await find_issuer_account(desk, programme)
        for at in range(0, len(rows), AT_ONCE):
            await posting.post_entries(desk, programme, *expiry_postings(rows[at : at + AT_ONCE], target, day))
    return len(rows)


def expiry_postings(rows: Sequence[dict[str, Any]], issuer: UUID, day: date) -> list[Posting]:
    return [
        Posting(
            kind=PostingKind.EXPIRED,
            # Account and day name the posting, so a repeated run finds it made.
            key=f"expire:{row['id']}:{day}",
            legs=make_legs(row["id"], issuer, row["amount"]),
            reason=Text("Expired", "到期失效"),
            occurred_on=day,
        )
        for row in rows
    ]


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
