"""Rules: who sees devices and their alarms, and who looks after them, in one place."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import require_held, require_rows
from pypika_tortoise.queries import Table

VIEW = "devices.view"
MANAGE = "devices.manage"
ATTEND = "devices.attend"
REPORT = "devices.report"


def visible_devices(device: Table, viewer: ViewerScope) -> Alternatives:
    """Return devices in the grids that one serves, of the units one acts for, and those that one keeps."""
    return held_devices(device, viewer, VIEW)


def held_devices(device: Table, viewer: ViewerScope, permission: str) -> Alternatives:
    """Return devices where one holds a permission, or of a unit for which one does, and those that one keeps."""
    units = [Sql("{0}={1}", device.unit_id, unit) for unit in viewer.units(permission)]
    # Whoever keeps it looks after it, whatever else they may.
    return widen_rows(viewer.within(device, permission), *units, Sql("{0}={1}", device.keeper, viewer.account))


def attended_devices(device: Table, viewer: ViewerScope) -> Alternatives:
    """Return devices that one looks after."""
    return held_devices(device, viewer, ATTEND)


def attended_alarms(alarm: Table, viewer: ViewerScope) -> Alternatives:
    """Return alarms of devices that one looks after."""
    # By the device and not by where the alarm was raised: it may have been moved, and has another keeper.
    device = Table("device", schema="devices", alias="attended")
    held = attended_devices(device, viewer)
    if held is None:
        return None
    text = "exists(select from devices.device attended where attended.id={0} and ({1}))"
    return [Sql(text, alarm.device_id, any_of(Sql("false"), *held))]


def visible_alarms(alarm: Table, viewer: ViewerScope) -> Alternatives:
    """Return alarms in the grids that one serves, and those of devices that one sees for another reason."""
    device = Table("device", schema="devices", alias="seen")
    units = [Sql("{0}={1}", device.unit_id, unit) for unit in viewer.units(VIEW)]
    # The keys are found first, so that the index of alarms by device serves.
    own = any_of(Sql("{0}={1}", device.keeper, viewer.account), *units)
    text = "{0}=any(array(select seen.id from devices.device seen where {1}))"
    return widen_rows(viewer.within(alarm, VIEW), Sql(text, alarm.device_id, own))


def visible_kinds(kind: Table, viewer: ViewerScope) -> Alternatives:
    """Return all kinds for whoever works with devices: they say what is measured, and nothing of anybody."""
    return None if viewer.can(VIEW) or viewer.can(MANAGE) else []


def visible_rules(rule: Table, viewer: ViewerScope) -> Alternatives:
    """Return rules of all places for whoever works with devices: what raises an alarm is no secret among them."""
    return None if viewer.can(VIEW) or viewer.can(MANAGE) else []


# In the grid of the device alone: a unit or a keeper does not decide that there is one.
MANAGES = require_held(MANAGE)
ATTENDS = require_rows(attended_devices)
ATTENDS_ALARM = require_rows(attended_alarms)
