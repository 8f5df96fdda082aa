"""Events: what became of alarms. Two stand on the timeline of the case."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event
from gongzhi.values.errors import Text

from .models import AlarmChange


@event("devices.alarm_changed", "An alarm was raised, repeated or recovered (设备告警变化).")
class AlarmChanged(Event):
    alarm: UUID
    change: AlarmChange
    times: int


@event(
    "devices.alarm_repeated",
    "The device raised the alarm again (设备再次告警).",
    timeline=True,
    explanation=Text("It belongs to this case; none is opened beside it.", "并入本件办理，不另立件。"),
)
class AlarmRepeated(Event):
    alarm: UUID
    times: int


@event(
    "devices.alarm_recovered",
    "The device reads as it should again (设备恢复正常).",
    timeline=True,
    explanation=Text("Whoever handles the case still looks at why.", "请承办人员核实原因后办结。"),
)
class AlarmRecovered(Event):
    alarm: UUID
    times: int


EVENTS = (AlarmChanged, AlarmRepeated, AlarmRecovered)
