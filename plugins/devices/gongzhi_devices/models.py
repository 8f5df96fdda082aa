"""Models: the tables of devices, of what they read, of rules, and of the alarms that these raise."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.core.cases.models import Urgency
from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

CODE, LABEL = 24, 60
"""The most characters of a kind's or a measure's code, and of what either is called."""


class Trigger(StrEnum):
    """What a rule looks at."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"
    SILENT = "SILENT"


class AlarmState(StrEnum):
    """Whether what raised an alarm goes on."""

    ACTIVE = "ACTIVE"
    RECOVERED = "RECOVERED"


class AlarmChange(StrEnum):
    """What became of an alarm."""

    RAISED = "RAISED"
    REPEATED = "REPEATED"
    RECOVERED = "RECOVERED"


class DeviceState(StrEnum):
    """How a device is; told from its row and its alarms, and kept nowhere."""

    NEW = "NEW"
    NORMAL = "NORMAL"
    ALARM = "ALARM"
    OFFLINE = "OFFLINE"
    SILENCED = "SILENCED"
    RETIRED = "RETIRED"


class KindRow(Model):
    """A kind of device: what it measures, each a number. Without a county it is one of those that ship."""

    # A small key: a device refers to it, and it tells of nobody.
    id = fields.IntField(primary_key=True)
    county: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    county_id: int | None
    code = fields.CharField(max_length=CODE)
    name = fields.CharField(max_length=LABEL)
    # [{"code", "name", "unit", "signal"}]: a signal is an alarm that the device raises itself, 1 or 0.
    measures: Any = fields.JSONField()

    class Meta:
        schema = "devices"
        table = "kind"


class DeviceRow(Located):
    """A device that stays where it is. `seen_at` is when it last reported, by the time of the reading."""

    id = primary_key()
    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=100)
    kind: Any = fields.ForeignKeyField("devices.KindRow", related_name=False, on_delete=fields.RESTRICT)
    kind_id: int
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    # By its name and without a foreign key, as everywhere: accounts of other identity providers have no row.
    keeper = fields.CharField(max_length=NAME)
    # In CGCS2000, and set by people: no reading moves a device.
    longitude = fields.FloatField(null=True)
    latitude = fields.FloatField(null=True)
    registered_at = fields.DatetimeField()
    # Without an index: they change with every batch, and such a row is rewritten in place.
    seen_at = fields.DatetimeField(null=True)
    offline_at = fields.DatetimeField(null=True)
    silenced_until = fields.DatetimeField(null=True)
    retired_at = fields.DatetimeField(null=True)
    # Grows with commands alone: readings would make every version stale.
    version = fields.IntField(default=1)

    class Meta:
        schema = "devices"
        table = "device"


class GaugeRow(Model):
    """One measure of one device, with its last reading."""

    # Four bytes where a device's key has sixteen: each reading refers to it.
    id = fields.IntField(primary_key=True)
    device: Any = fields.ForeignKeyField("devices.DeviceRow", related_name=False, on_delete=fields.CASCADE)
    device_id: Any
    measure = fields.CharField(max_length=CODE)
    value = fields.FloatField(null=True)
    at = fields.DatetimeField(null=True)

    class Meta:
        schema = "devices"
        table = "gauge"
        unique_together = (("device", "measure"),)


class ReadingRow(Model):
    """A number that a device read. Kept for the days that the county has set; small, for there are many."""

    # A thousand a second for a month are more than four bytes count.
    id = fields.BigIntField(primary_key=True)
    gauge: Any = fields.ForeignKeyField("devices.GaugeRow", related_name=False, on_delete=fields.CASCADE)
    gauge_id: int
    at = fields.DatetimeField()
    value = fields.FloatField()
    sequence = fields.BigIntField(null=True)

    class Meta:
        schema = "devices"
        table = "reading"
        unique_together = (("gauge", "at"),)


class RuleRow(Located):
    """What of a kind of device raises an alarm, in a grid and all below, from `defined_at` to `ended_at`."""

    id = primary_key()
    kind: Any = fields.ForeignKeyField("devices.KindRow", related_name=False, on_delete=fields.RESTRICT)
    kind_id: int
    trigger = fields.CharEnumField(Trigger, max_length=6)
    measure = fields.CharField(max_length=CODE, null=True)
    threshold = fields.FloatField(null=True)
    # For how long, before it is an alarm.
    minutes = fields.IntField()
    # "22:00", in China; it may go over midnight.
    quiet_from = fields.CharField(max_length=5, null=True)
    quiet_until = fields.CharField(max_length=5, null=True)
    urgency = fields.CharEnumField(Urgency, max_length=9)
    # By its key: the edition that was chosen, which may be closed by the time of an alarm.
    category: Any = fields.ForeignKeyField("cases.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    category_id: int
    defined_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "devices"
        table = "rule"


class BreachRow(Model):
    """A device that is at the moment beyond what a rule allows, since when; it need not be an alarm yet."""

    id = fields.BigIntField(primary_key=True)
    device: Any = fields.ForeignKeyField("devices.DeviceRow", related_name=False, on_delete=fields.CASCADE)
    device_id: Any
    rule: Any = fields.ForeignKeyField("devices.RuleRow", related_name=False, on_delete=fields.CASCADE)
    rule_id: Any
    since = fields.DatetimeField()

    class Meta:
        schema = "devices"
        table = "breach"
        unique_together = (("device", "rule"),)


class AlarmRow(Located):
    """What a rule found at a device. While its case is under way, what is found again is counted here.

    Of a device and a rule one is without `ended_at`: the next one begins once the case of this one is answered.
    """

    id = primary_key()
    device: Any = fields.ForeignKeyField("devices.DeviceRow", related_name=False, on_delete=fields.RESTRICT)
    device_id: Any
    rule: Any = fields.ForeignKeyField("devices.RuleRow", related_name=False, on_delete=fields.RESTRICT)
    rule_id: Any
    # Null until the handler has opened it, which is after the readings are kept.
    case: Any = fields.ForeignKeyField(
        "cases.CaseRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    case_id: Any
    state = fields.CharEnumField(AlarmState, max_length=9)
    value = fields.FloatField(null=True)
    times = fields.IntField(default=1)
    raised_at = fields.DatetimeField()
    last_at = fields.DatetimeField()
    recovered_at = fields.DatetimeField(null=True)
    # What the case and the keeper last heard of it, and when: of one that flutters they are not told each time.
    told = fields.CharEnumField(AlarmChange, max_length=9)
    told_at = fields.DatetimeField()
    acknowledged_at = fields.DatetimeField(null=True)
    acknowledged_by = fields.CharField(max_length=NAME, null=True)
    ended_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "devices"
        table = "alarm"
