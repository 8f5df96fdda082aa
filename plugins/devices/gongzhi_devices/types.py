"""Types: devices, what they read, rules and alarms, as the schema has them."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.cases.models import Urgency
from gongzhi.core.cases.types import Case, Category
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    stream,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import (
    StringComparison,
    compare_code,
    compare_condition,
    compare_place,
    compare_term,
    enum_comparison,
)
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Sql
from pypika_tortoise.queries import Table

from . import rules
from .events import AlarmChanged
from .models import (
    AlarmRow,
    AlarmState,
    DeviceRow,
    DeviceState,
    GaugeRow,
    KindRow,
    ReadingRow,
    RuleRow,
    Trigger,
)

describe_enum(
    Trigger,
    "DeviceTrigger",
    "What a rule looks at (触发条件).",
    ABOVE="The reading lies above the threshold (高于阈值)",
    BELOW="The reading lies below the threshold (低于阈值)",
    SILENT="The device does not report (离线)",
)
describe_enum(
    AlarmState,
    "DeviceAlarmState",
    "Whether what raised an alarm goes on (告警状态).",
    ACTIVE="It goes on (告警中)",
    RECOVERED="The device reads as it should again (已恢复)",
)
set_tones(AlarmState, ACTIVE="RED", RECOVERED="GREEN")
describe_enum(
    DeviceState,
    "DeviceState",
    "How a device is (设备状态).",
    NEW="It has not reported yet (未上线)",
    NORMAL="It reports, and nothing is wrong (正常)",
    ALARM="An alarm of it goes on (告警)",
    OFFLINE="It is silent for longer than a rule allows (离线)",
    SILENCED="It raises nothing while it is worked on (检修静默)",
    RETIRED="It is no longer in use (已停用)",
)
set_tones(DeviceState, NORMAL="GREEN", ALARM="RED", OFFLINE="AMBER")


def state_of(row: Table, at: Frame) -> Sql:
    """Tell how a device is at the moment of the operation."""
    # In this order: what is worked on is not told as broken.
    return Sql(
        "(case when {0} is not null then 'RETIRED' when {1}>{2} then 'SILENCED' when {3} is not null then 'OFFLINE' "
        "when exists(select from devices.alarm a where a.device_id={4} and a.ended_at is null and a.state='ACTIVE') "
        "then 'ALARM' when {5} is null then 'NEW' else 'NORMAL' end)",
        row.retired_at,
        row.silenced_until,
        at.viewer.now,
        row.offline_at,
        row.id,
        row.seen_at,
    )


@strawberry.type(description="Something that a kind of device measures, as a number (监测项).")
class DeviceMeasure:
    code: str = strawberry.field(description="Its code, by which readings name it (监测项编码).")
    name: str = strawberry.field(description="What it is called (监测项名称).")
    unit: str = strawberry.field(description="What it counts in; empty for a signal (计量单位).")
    signal: bool = strawberry.field(description="Whether it is an alarm that the device raises (是否为告警信号).")


@entity(
    KindRow,
    visible=rules.visible_kinds,
    order=("code",),
    filter={"code": compare_term(lambda at: at.rows.code, StringComparison)},
)
class DeviceKind(Node):
    """A kind of device. None films, recognises faces or follows movement (设备类型)."""

    county: Grid | None = one("The county that added it; null for one that ships (登记县区).")
    code: str = column("Its code (类型编码).")
    name: str = column("What it is called (类型名称).")
    measures: list[DeviceMeasure] = embedded("What it measures (监测项).", lambda at: at.row.measures)


@entity(
    ReadingRow,
    visible=visible_to_all,
    through="gauge",
    order=("at",),
    filter={"at": None, "value": None},
)
class DeviceReading(Node):
    """A number that a device read (设备读数)."""

    gauge: DeviceGauge | None = one("Of which measure of which device (监测项).")
    at: datetime.datetime = column("When, by the device's clock or when it came (时间).")
    value: float = column("The number; of a signal 1 or 0 (读数).")
    # As far as GraphQL's whole numbers go; what is larger tells readings apart all the same.
    sequence: int | None = expression(
        "The device's own number of it, if it gives one (序号).",
        lambda at: Sql("case when {0}<2147483648 then {0}::int end", at.row.sequence),
        type=int | None,
    )


@entity(GaugeRow, visible=visible_to_all, through="device", order=("measure",))
class DeviceGauge(Node):
    """One measure of a device, with its last reading (设备监测项)."""

    device: Device | None = one("The device (设备).")
    measure: str = column("Which measure of its kind (监测项编码).")
    value: float | None = column("The last reading (最新读数).")
    at: datetime.datetime | None = column("When that was (最新读数时间).")
    # Behind the gauge, so that a list of readings always walks the index of one.
    readings: Connection[DeviceReading] = connection(
        "Readings, the last first, for the days that the county keeps them (历史读数).", on="gauge", order="-at"
    )


@entity(
    AlarmRow,
    visible=rules.visible_alarms,
    order=("raised_at", "last_at"),
    filter={
        "state": None,
        "raised_at": None,
        "grid": compare_place(),
        "acknowledged": compare_condition(
            lambda at: Sql("{0} is not null", at.rows.acknowledged_at), "Acknowledged (是否已确认)"
        ),
        "ended": compare_condition(lambda at: Sql("{0} is not null", at.rows.ended_at), "Over (是否已解除)"),
    },
)
class DeviceAlarm(Node):
    """What a rule found at a device; found again while its case is under way, it is counted here (设备告警)."""

    device: Device | None = one("The device (设备).")
    rule: DeviceRule | None = one("The rule that it was found by (告警规则).")
    grid: Grid | None = one("Where it was raised (网格).")
    case: Case | None = one("The case that was opened of it, if it is yours to see (诉求).")
    state: AlarmState = column("Whether it goes on (状态).")
    value: float | None = column("The reading that raised it last; null for silence (告警读数).")
    times: int = column("How often it was raised (告警次数).")
    raised_at: datetime.datetime = column("When it was raised first (首次告警时间).")
    last_at: datetime.datetime = column("When it was raised last (最近告警时间).")
    recovered_at: datetime.datetime | None = column("When the device read as it should again (恢复时间).")
    acknowledged_at: datetime.datetime | None = column("When somebody said that they look after it (确认时间).")
    acknowledged_by: str | None = column("By which account (确认账户).")
    ended_at: datetime.datetime | None = column("Since when nothing more is counted here (终结时间).")
    version: int = column("Grows with every change (版本).")


@entity(
    DeviceRow,
    visible=rules.visible_devices,
    order=("registered_at",),
    filter={
        "code": compare_term(lambda at: at.rows.code, StringComparison),
        "kind": compare_code("kind_id", "kind", "devices"),
        "unit": compare_code("unit_id", "unit", "units"),
        "grid": compare_place(),
        "state": compare_term(lambda at: state_of(at.rows, at), enum_comparison(DeviceState)),
        "mine": compare_condition(
            lambda at: Sql("{0}={1}", at.rows.keeper, at.viewer.account), "Kept by you (是否由本人看护)"
        ),
    },
)
class Device(Node):
    """A device that stays where it is and reports numbers (设备)."""

    code: str = column("Its code in the county, by which it reports (设备编码).")
    name: str = column("What and where it is (设备名称).")
    kind: DeviceKind | None = one("What kind of device (设备类型).")
    grid: Grid | None = one("Where it lies (网格).")
    unit: Unit | None = one("The unit that answers for it (权属单位).")
    # By name, as everywhere: an account of another provider has no row to point to.
    keeper: str = column("The account that is told of its alarms (责任人账户).")
    longitude: float | None = column("Degrees east, in CGCS2000 (经度).")
    latitude: float | None = column("Degrees north, in CGCS2000 (纬度).")
    state: DeviceState = expression("How it is (设备状态).", lambda at: state_of(at.row, at), type=DeviceState)
    registered_at: datetime.datetime = column("When it was registered (登记时间).")
    seen_at: datetime.datetime | None = column("When it last reported (最近上报时间).")
    offline_at: datetime.datetime | None = column("Since when it is known to be silent (离线时间).")
    silenced_until: datetime.datetime | None = column("Until when it raises nothing (静默截止时间).")
    retired_at: datetime.datetime | None = column("Since when it is no longer in use (停用时间).")
    gauges: list[DeviceGauge] = many("What it measures, with the last readings (监测项).", on="device", cap=12)
    alarms: Connection[DeviceAlarm] = connection(
        "What rules found at it, the last first (告警).", on="device", order="-raised_at"
    )
    version: int = column("Grows with every change, not with readings (版本).")


@entity(
    RuleRow,
    visible=rules.visible_rules,
    order=("defined_at",),
    filter={
        "kind": compare_code("kind_id", "kind", "devices"),
        "grid": compare_place(),
        "trigger": None,
        "in_force": compare_condition(lambda at: Sql("{0} is null", at.rows.ended_at), "In force (是否有效)"),
    },
)
class DeviceRule(Node):
    """What of a kind of device raises an alarm, in a grid and all below (设备告警规则)."""

    grid: Grid | None = one("Where it holds, with all below (适用网格).")
    kind: DeviceKind | None = one("For which kind of device (设备类型).")
    trigger: Trigger = column("What it looks at (触发条件).")
    measure: str | None = column("Which measure; none for silence (监测项编码).")
    threshold: float | None = column("Beyond which number (阈值).")
    minutes: int = column("For how long, before it is an alarm (持续分钟数).")
    quiet_from: str | None = column("From which time of day on it raises nothing, such as 22:00 (免告警起始时刻).")
    quiet_until: str | None = column("Until which time of day (免告警结束时刻).")
    urgency: Urgency = column("How urgent its cases are (紧急程度).")
    category: Category | None = one("What its cases are about (诉求分类).")
    defined_at: datetime.datetime = column("Since when it holds (启用时间).")
    ended_at: datetime.datetime | None = column("Since when it holds no more (停用时间).")
    version: int = column("Grows with every change (版本).")


@entity(OutboxRow, visible=visible_with(lambda: DeviceAlarm, "alarm"))
class DeviceAlarmChange:
    """An alarm was raised, repeated or recovered (设备告警变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    alarm: DeviceAlarm | None = event_subject("The alarm as it is now (设备告警).", "alarm")


EXTENSIONS = (
    extend(
        Query,
        device_kinds=connection(
            "Kinds of devices (设备类型列表).", order="code", type=Connection[DeviceKind] | None, requires=None
        ),
        devices=connection(
            "Devices that one may see (设备列表).",
            order="-registered_at",
            type=Connection[Device] | None,
            requires=None,
        ),
        device_rules=connection(
            "What raises alarms, the last first (设备告警规则列表).",
            order="-defined_at",
            type=Connection[DeviceRule] | None,
            requires=None,
        ),
        device_alarms=connection(
            "Alarms of devices, the last first (设备告警列表).",
            order="-raised_at",
            type=Connection[DeviceAlarm] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        devices=connection(
            "Devices in it (设备).", rows_inside, order="-registered_at", type=Connection[Device] | None, requires=None
        ),
        device_alarms=connection(
            "Alarms that were raised in it (设备告警).",
            rows_inside,
            order="-raised_at",
            type=Connection[DeviceAlarm] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        device_alarms=many(
            "The alarms of devices that it was opened of (设备告警).",
            on="case",
            order="raised_at",
            cap=10,
            type=list[DeviceAlarm] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        device_alarm_changed=stream(
            "Alarms, as they are raised, repeated and over (设备告警变化).",
            events=(AlarmChanged,),
            type=DeviceAlarmChange,
            requires=None,
        ),
    ),
)
