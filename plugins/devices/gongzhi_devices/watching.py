"""Watching: jobs that find what lasts long enough, who has fallen silent, and readings that are too old to keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from gongzhi.declare.located import LEVELS
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.locks import lock_rows

from .alarms import CHANGED, QUIETLY, columns_of, keep_alarms, load_alarms, tell_change
from .evaluation import Rule, Standing
from .models import AlarmRow, AlarmState, DeviceRow, Trigger
from .rules import MANAGE

DAYS = CountySetting(
    "devices.days_kept", "Days for which readings of devices are kept (设备读数保存天数).", 30, MANAGE, 1, 366
)
MOST = 500
"""Devices that one run looks at; what is more is found by the next."""
CHUNK, ROUNDS = 20_000, 200
"""Readings that one statement deletes, and statements of one run: as many as come in an hour, a thousand a second."""
# In the statement and not afterwards: rules that are quiet must not take the place of what is to be raised.
QUIET = (
    "coalesce(case when r.quiet_from<=r.quiet_until then $4>=r.quiet_from and $4<r.quiet_until "
    "else $4>=r.quiet_from or $4<r.quiet_until end, false)"
)
IN_USE = (
    "d.county_id=any($1::int[]) and d.retired_at is null and (d.silenced_until is null or d.silenced_until<=$2) "
    "and r.ended_at is null and not exists(select from devices.alarm a where a.device_id=d.id and a.rule_id=r.id "
    f"and a.ended_at is null and a.state='ACTIVE') and not {QUIET}"
)
LIES_IN = "r.grid_id in (d.grid_id, " + ", ".join(f"d.{level}" for level in LEVELS) + ")"
RULE = "r.id as rule, r.trigger, r.threshold, r.minutes, r.quiet_from, r.quiet_until"
LASTING = f"""
select d.id as device, {RULE}, b.since, g.value
from devices.breach b join devices.device d on d.id=b.device_id join devices.rule r on r.id=b.rule_id
left join devices.gauge g on g.device_id=d.id and g.measure=r.measure
where b.since + make_interval(mins => r.minutes)<=$2 and {IN_USE} and ($3::uuid[] is null or d.id=any($3))
order by d.id limit {MOST}
"""
SILENT = f"""
select d.id as device, {RULE}, null::timestamptz as since, null::float8 as value
from devices.device d join devices.rule r on r.kind_id=d.kind_id and r.trigger='SILENT' and {LIES_IN}
where coalesce(d.seen_at, d.registered_at) + make_interval(mins => r.minutes)<=$2 and {IN_USE}
and ($3::uuid[] is null or d.id=any($3))
order by d.id limit {MOST}
"""
OFFLINE = "update devices.device set offline_at=$1 where id=any($2::uuid[]) and offline_at is null"
# By the database's clock if this process's own is ahead.
OLD = f"""
with old as (
  select r.id from devices.device d join devices.gauge g on g.device_id=d.id
  join devices.reading r on r.gauge_id=g.id and r.at<least($2,now())-$3::interval where d.county_id=$1 limit {CHUNK}
) delete from devices.reading r using old where r.id=old.id returning 1 as gone
"""


@job("devices.watch", every=timedelta(minutes=1))
async def watch_devices(call: Call, run: JobRun) -> None:
    """Raise what lasts as long as its rule says, and what is silent; tell what came back and was not told."""
    for question in (LASTING, SILENT):
        await raise_found(call, run, question)
    found = await AlarmRow.filter(
        county_id__in=list(run.counties),
        ended_at=None,
        state=AlarmState.ACTIVE,
        told="RECOVERED",
        told_at__lte=call.now - QUIETLY,
    ).limit(MOST)
    # As they are now: a reading may have ended one since it was found.
    rows = [one.row for one in (await lock_alarms(call, found)).values() if one.row.state is AlarmState.ACTIVE]
    for row in rows:
        tell_change(call, row)
    if rows:
        await call.fetch(CHANGED, *zip(*map(columns_of, rows), strict=True))


async def lock_alarms(call: Call, found: Sequence[AlarmRow]) -> Any:
    """Return alarms whose devices nobody else has in hand, as they are once these are locked."""
    devices = await lock_rows(DeviceRow, {one.device_id for one in found}, skip_locked=True)
    alarms = await load_alarms(call, [one.id for one in devices])
    return {key: one for key, one in alarms.items() if one.row.id in {row.id for row in found}}


async def raise_found(call: Call, run: JobRun, question: str) -> None:
    """Raise what a question finds at devices that nobody else has in hand; the others are looked at a minute later."""
    counties, time = list(run.counties), f"{call.now.astimezone(CHINA):%H:%M}"
    found = {row["device"] for row in await call.fetch(question, counties, call.now, None, time)}
    devices = {one.id: one for one in await lock_rows(DeviceRow, found, skip_locked=True)}
    if not devices:
        return
    # Asked again, for a reading may have come before the devices were locked.
    rows = await call.fetch(question, counties, call.now, list(devices), time)
    raised = [(devices[row["device"]], stand(call, row)) for row in rows]
    # Before the alarms, which tell where it is: the state of the device is read from this.
    if question is SILENT:
        await call.fetch(OFFLINE, call.now, [device.id for device, _ in raised])
    await keep_alarms(call, await load_alarms(call, {device.id for device, _ in raised}), raised)


def stand(call: Call, row: dict[str, Any]) -> Standing:
    """Return what was found as raised now."""
    times = row["minutes"], row["quiet_from"], row["quiet_until"]
    rule = Rule(row["rule"], Trigger(row["trigger"]), row["threshold"], *times)
    return Standing(rule, row["since"], raised=1, last_at=call.now, value=row["value"])


@job("devices.forget", every=timedelta(hours=1), offset=timedelta(minutes=20))
async def forget_readings(call: Call, run: JobRun) -> None:
    """Delete readings that are older than their county keeps them."""
    # County by county, for each keeps them as long as it has chosen.
    for county in run.counties:
        kept = timedelta(days=int(await DAYS.read(call, county)))
        for _ in range(ROUNDS):
            if len(await call.fetch(OLD, county, call.now, kept)) < CHUNK:
                break
