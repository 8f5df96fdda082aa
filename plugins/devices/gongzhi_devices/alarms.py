"""Alarms: what rules find is kept once; what is found again while its case is under way is counted there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import Status
from gongzhi.declare.columns import load_row
from gongzhi.declare.located import LEVELS
from gongzhi.runtime.commands import Call

from .evaluation import Standing
from .events import AlarmChanged
from .models import AlarmChange, AlarmRow, AlarmState

QUIETLY = timedelta(minutes=10)
"""For how long nobody is told of an alarm again that comes and goes; it is counted all the same."""
# Merged into another it is answered with that one, so until then it is under way as well.
UNDER_WAY = ",".join(sorted(f"'{one.value}'" for one in machine.UNDER_WAY | {Status.MERGED}))
CURRENT = f"""
select a.*, coalesce(c.status not in ({UNDER_WAY}), false) as over
from devices.alarm a left join cases.case c on c.id=a.case_id
where a.device_id=any($1::uuid[]) and a.ended_at is null
"""
CHANGED = """
update devices.alarm a set state=n.state, value=n.value, times=n.times, last_at=n.last_at, recovered_at=n.recovered_at,
  told=n.told, told_at=n.told_at, acknowledged_at=n.acknowledged_at, acknowledged_by=n.acknowledged_by,
  ended_at=n.ended_at, version=a.version+1
from unnest($1::uuid[], $2::text[], $3::float8[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::text[],
  $8::timestamptz[], $9::timestamptz[], $10::text[], $11::timestamptz[])
  n (id, state, value, times, last_at, recovered_at, told, told_at, acknowledged_at, acknowledged_by, ended_at)
where a.id=n.id
"""
ENDED = "update devices.alarm set ended_at=$1, version=version+1 where {0} and ended_at is null"


@dataclass(frozen=True)
class CurrentAlarm:
    """The alarm of a device and a rule that has not ended; it is `over` once its case is answered."""

    row: AlarmRow
    over: bool


Alarms = dict[tuple[UUID, UUID], CurrentAlarm]


async def load_alarms(call: Call, devices: Iterable[UUID]) -> Alarms:
    """Return the alarms of locked devices that have not ended, by device and rule."""
    found = await call.fetch(CURRENT, list(devices))
    overs = [one.pop("over") for one in found]
    rows = [load_row(AlarmRow, one) for one in found]
    return {(row.device_id, row.rule_id): CurrentAlarm(row, over) for row, over in zip(rows, overs, strict=True)}


async def keep_alarms(call: Call, alarms: Alarms, found: Sequence[tuple[Any, Standing]]) -> None:
    """Keep what was found at locked devices, with few statements for all, and publish what is to be told."""
    new: list[AlarmRow] = []
    changed: list[AlarmRow] = []
    for device, standing in found:
        # Most readings say nothing new, and cost no statement.
        current = alarms.get((device.id, standing.rule.id))
        row = current.row if current else None
        if standing.raised and (current is None or current.over):
            if row is not None:
                row.ended_at = call.now
                changed.append(row)
            # Its own row, so that each case has the count of what happened while it was open.
            row = make_alarm(call.now, device, standing)
            new.append(row)
            call.publish(AlarmChanged(alarm=row.id, change=AlarmChange.RAISED, times=row.times), row)
        elif row is None or not (standing.raised or standing.recovered_at):
            continue
        else:
            repeat_alarm(row, standing)
            changed.append(row)
        if standing.recovered_at is not None:
            row.state, row.recovered_at = AlarmState.RECOVERED, standing.recovered_at
        tell_change(call, row, quiet=current is not None and current.over)
    if changed:
        await call.fetch(CHANGED, *zip(*map(columns_of, changed), strict=True))
    # After those that they take the place of: of a device and a rule one has not ended.
    if new:
        await AlarmRow.bulk_create(new)


def make_alarm(now: datetime, device: Any, standing: Standing) -> AlarmRow:
    """Return the alarm that a standing begins, where the device is."""
    assert standing.last_at is not None, "what was raised has a moment"
    # As the trigger of the table will fill them in: the event says where it happened before the row is there.
    levels = {level: getattr(device, level) for level in LEVELS}
    return AlarmRow(
        grid_id=device.grid_id,
        **levels,
        device_id=device.id,
        rule_id=standing.rule.id,
        state=AlarmState.ACTIVE,
        value=standing.value,
        times=standing.raised,
        raised_at=standing.last_at,
        last_at=standing.last_at,
        told=AlarmChange.RAISED,
        told_at=now,
    )


def repeat_alarm(row: AlarmRow, standing: Standing) -> None:
    """Count in an alarm what was found again."""
    if not standing.raised:
        return
    if row.state is AlarmState.RECOVERED:
        # It came back, so somebody looks anew.
        row.acknowledged_at = row.acknowledged_by = None
    row.state, row.recovered_at = AlarmState.ACTIVE, None
    row.times += standing.raised
    row.value, row.last_at = standing.value, standing.last_at or row.last_at


def tell_change(call: Call, row: AlarmRow, *, quiet: bool = False) -> None:
    """Publish how an alarm stands unless that is known, or it was told of just now."""
    now_is = AlarmChange.RECOVERED if row.state is AlarmState.RECOVERED else AlarmChange.REPEATED
    if now_is is AlarmChange.RECOVERED:
        # Once, and not for a case that is answered: whoever answered it has been there.
        due = row.told is not AlarmChange.RECOVERED and not quiet
    else:
        # Whatever it was that was told last: a flutter is not worth a message each time.
        due = row.told_at + QUIETLY <= call.now
    if due:
        row.told, row.told_at = now_is, call.now
        call.publish(AlarmChanged(alarm=row.id, change=now_is, times=row.times), row)


def columns_of(row: AlarmRow) -> tuple[Any, ...]:
    """Return what `CHANGED` takes of an alarm."""
    told = row.told.value, row.told_at, row.acknowledged_at, row.acknowledged_by, row.ended_at
    return (row.id, row.state.value, row.value, row.times, row.last_at, row.recovered_at, *told)
