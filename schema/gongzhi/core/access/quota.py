"""Quota: how many people's protected values one account may be shown in a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from gongzhi.runtime.commands import Call, Problem
from gongzhi.runtime.quotas import lock_quota
from gongzhi.values.errors import Refusal

from .alerts import raise_alert
from .models import AlertKind

DAY = timedelta(days=1)
# Without those who are asked for now: they are added once, whether they were shown before or not.
SPENT = (
    "select count(distinct one)::int as count from (select distinct persons from access.look where account=$1 "
    "and at>$2 and kind in ('REVEAL','FIND')) l, unnest(l.persons) one where one<>all($3::uuid[])"
)


class RevealSubject(Protocol):
    """Somebody whose protected values are asked for: a person's row."""

    id: UUID
    county_id: int | None


async def check_quota(call: Call, people: Sequence[RevealSubject], path: str = "ids") -> Problem | None:
    """Return why no more is shown today, once the quota is used up; the data-protection officer is told.

    Not raised, for then the alert would be taken back with everything else.
    """
    account, most = call.viewer.account.name or "", call.context.bounds.reveals
    await lock_quota(call, "reveals", account)  # until the look is in the log, where the next one counts it
    ids = [person.id for person in people]
    [[count]] = [row.values() for row in await call.fetch(SPENT, account, call.now - DAY, ids)]
    if count + len(ids) <= most:
        return None
    await raise_alert(call, AlertKind.QUOTA, account, call.viewer.role, count + len(ids), people[0].county_id)
    refused = Refusal(
        "QUOTA_EXCEEDED",
        f"You may see protected values of {most} people a day; the data-protection officer has been told.",
        f"每日最多查看 {most} 人的明文信息，已通知个人信息保护负责人。",
        (path,),
    )
    return Problem(code=refused.code, message=refused.text.say(call.viewer.language), path=list(refused.path))
