"""Telling: cases are opened of alarms, hear when these come again and are over, and the keeper is told at any hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseKind, CaseRow, Origin, Urgency
from gongzhi.core.cases.opening import CaseDraft, open_cases
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.events import Occurrence
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import handler
from gongzhi.values.errors import Text

from .events import AlarmChanged, AlarmRecovered, AlarmRepeated
from .models import AlarmChange, Trigger

CHANNEL, FALLBACK = "IOT", "safety"
"""The channel by which cases come, and the subject of those whose own is closed by now."""
MAIN = (
    "select m.id from cases.event e join cases.case m on m.number=e.data->>'into' "
    "where e.case_id=c.id and e.type='case.merged' order by e.at desc limit 1"
)
"""The case that a merged one became part of: whoever handles that reads what comes of the alarm."""
# What a rule names may be closed when it is needed, and an alarm waits for nobody who puts that right.
DETAILS = f"""
select a.id, a.case_id, a.device_id, a.value, a.times, a.last_at, a.recovered_at, a.acknowledged_at, d.code, d.name,
  d.keeper, d.unit_id, d.longitude, d.latitude, k.name as kind, k.measures::text as measures, r.trigger, r.measure,
  r.threshold, r.minutes, r.urgency, case when g.valid_to is null then g.code else county.code end as grid,
  case when y.valid_to is null then y.code else '{FALLBACK}' end as category,
  case when c.status='MERGED' then coalesce(({MAIN}), c.id) else c.id end as told_case
from devices.alarm a join devices.device d on d.id=a.device_id join devices.kind k on k.id=d.kind_id
join devices.rule r on r.id=a.rule_id join grids.grid g on g.id=d.grid_id
join grids.grid county on county.id=d.county_id
join cases.category y on y.id=r.category_id left join cases.case c on c.id=a.case_id
where a.id=any($1::uuid[])
"""
OPENED = (
    "update devices.alarm a set case_id=n.case_id from unnest($1::uuid[], $2::uuid[]) n (id, case_id) where a.id=n.id"
)
SAID = {
    AlarmChange.RAISED: Text("An alarm of a device", "设备告警"),
    AlarmChange.REPEATED: Text("An alarm of a device came again", "设备再次告警"),
    AlarmChange.RECOVERED: Text("A device reads as it should again", "设备恢复正常"),
}


@dataclass(frozen=True)
class Alarm:
    """What is told of an alarm."""

    row: dict[str, Any]

    @property
    def measure(self) -> dict[str, Any]:
        """The measure that the rule looks at, as its kind has it."""
        # A measure is never taken from a kind, but what is told of an alarm must not fail by it.
        known: dict[str, dict[str, Any]] = {one["code"]: one for one in orjson.loads(self.row["measures"])}
        return known.get(self.row["measure"], {"name": self.row["measure"], "unit": "", "signal": False})

    @property
    def what(self) -> str:
        """What is wrong, in a few words."""
        row, measure = self.row, self.measure
        if row["trigger"] == Trigger.SILENT:
            return f"离线超过 {row['minutes']} 分钟"
        if measure["signal"]:
            return str(measure["name"])
        way = "高于" if row["trigger"] == Trigger.ABOVE else "低于"
        return f"{measure['name']}{way} {row['threshold']:g}{measure['unit']}"

    @property
    def reading(self) -> str:
        """The number that raised it last; of a signal and of silence there is none."""
        if self.row["value"] is None or self.measure["signal"]:
            return ""
        return f"，读数 {self.row['value']:g}{self.measure['unit']}"

    def draft(self) -> CaseDraft:
        """Return the case that is opened of it."""
        row = self.row
        place = "" if row["longitude"] is None else f"（{row['longitude']:.6f}, {row['latitude']:.6f}）"
        lasting = f"，持续 {row['minutes']} 分钟以上" if row["minutes"] and row["trigger"] != Trigger.SILENT else ""
        return CaseDraft(
            CaseKind.HELP,
            CHANNEL,
            row["category"],
            f"{row['kind']} {row['code']}：{self.what}",
            f"{describe_moment(row['last_at'])}，{row['name']}{place}{self.what}{self.reading}{lasting}。",
            row["grid"],
            address=row["name"],
            urgency=Urgency(row["urgency"]),
            origin=Origin.PROACTIVE,
            external=True,
        )

    def note(self, change: AlarmChange) -> str:
        """Return what the timeline of the case says."""
        row = self.row
        if change is AlarmChange.RECOVERED:
            return f"{describe_moment(row['recovered_at'] or row['last_at'])} 恢复正常；累计告警 {row['times']} 次。"
        return f"累计告警 {row['times']} 次，最近一次 {describe_moment(row['last_at'])}{self.reading}。"

    def notice(self, change: AlarmChange) -> NoticeDraft:
        """Return what the keeper and the unit are told, at whatever hour it is."""
        row, title = self.row, SAID[change]
        wakes = change is not AlarmChange.RECOVERED and row["urgency"] == Urgency.EMERGENCY
        # Codes and numbers: what a device is called stays where it is on record.
        body = Text(
            f"Device {row['code']}: raised {row['times']} times.", f"设备 {row['code']}：累计告警 {row['times']} 次。"
        )
        # Without office hours: a cover that is open is open at night.
        return NoticeDraft("devices.alarm", title, body, f"DeviceAlarm:{row['id']}", wakes=wakes)


def describe_moment(at: datetime) -> str:
    """Return a moment as people in China read it."""
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"


@handler("devices.tell", AlarmChanged, batch=200, together=True)
async def tell_alarms(call: Call, happened: list[Occurrence]) -> None:
    """Open cases of new alarms, put on timelines what came of the others, and tell keepers and units."""
    changes = [one.read(AlarmChanged) for one in happened]
    alarms = await load_details(call, [one.alarm for one in changes])
    new = [id for one in changes if one.change is AlarmChange.RAISED and alarms[id := one.alarm].row["case_id"] is None]
    # All with a few statements: a storm makes hundreds.
    if new:
        cases = await open_cases(call, [alarms[id].draft() for id in new])
        await call.fetch(OPENED, new, [case.id for case in cases])
        for id, case in zip(new, cases, strict=True):
            alarms[id].row["told_case"] = case.id
    # Cases are locked in the order of their keys, as everybody locks many.
    later = [one for one in changes if one.change is not AlarmChange.RAISED]
    for one in sorted(later, key=lambda one: str(alarms[one.alarm].row["told_case"])):
        await record_change(call, alarms[one.alarm], one.change)
    for one in changes:
        alarm = alarms[one.alarm]
        # Whoever looks after it knows; that it is over they want to hear.
        if alarm.row["acknowledged_at"] is None or one.change is not AlarmChange.REPEATED:
            to = {"accounts": [alarm.row["keeper"]], "units": [alarm.row["unit_id"]]}
            await send_notice(call, alarm.notice(one.change), **to)


async def load_details(call: Call, ids: Sequence[UUID]) -> dict[UUID, Alarm]:
    """Return what is told of alarms, by key."""
    return {row["id"]: Alarm(row) for row in await call.fetch(DETAILS, list(dict.fromkeys(ids)))}


async def record_change(call: Call, alarm: Alarm, change: AlarmChange) -> None:
    """Put on the timeline of the case that an alarm came again or is over, as long as the case is open."""
    key = alarm.row["told_case"]
    case = await CaseRow.select_for_update().get_or_none(id=key) if key else None
    # An answered case is not opened again by a device; what goes on has a case of its own.
    if case is None or case.status not in machine.OPEN:
        return
    event = AlarmRecovered if change is AlarmChange.RECOVERED else AlarmRepeated
    await record_on_timeline(call, case, event(alarm=alarm.row["id"], times=alarm.row["times"]), alarm.note(change))
