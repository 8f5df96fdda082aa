"""Views: the desk of whoever keeps devices: alarms that last, devices by their state, and rules."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

ALARMS = """
query DeviceAlarms($first: Int!, $after: String, $filter: DeviceAlarmFilter = {ended: {equals: false}}) {
  deviceAlarms(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id device { name code } state grid { name } value times raisedAt lastAt acknowledgedAt }
    pageInfo { hasNextPage endCursor }
  }
  all: deviceAlarms(first: 0) { counts(by: [STATE]) { values count } }
}
"""
ALARM = """
query DeviceAlarm($id: ID!) {
  node(id: $id) {
    ... on DeviceAlarm {
      id version state device { id name code keeper } rule { id trigger measure threshold } grid { name }
      case { number status }
      value times raisedAt lastAt recoveredAt endedAt acknowledgedAt acknowledgedBy
      actions { name label allowed reason }
    }
  }
}
"""
DEVICES = """
query Devices($first: Int!, $after: String, $filter: DeviceFilter) {
  devices(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name code kind { name } state grid { name } unit { name } seenAt }
    pageInfo { hasNextPage endCursor }
  }
  all: devices(first: 0) { counts(by: [STATE]) { values count } }
}
"""
DEVICE = """
query Device($id: ID!) {
  node(id: $id) {
    ... on Device {
      id version code name kind { name } state grid { name } unit { name } keeper registeredAt seenAt offlineAt
      silencedUntil retiredAt
      gauges(first: 20) { measure value at }
      alarms(first: 20) { nodes { id state value times raisedAt endedAt } }
      actions { name label allowed reason }
    }
  }
}
"""
RULES = """
query DeviceRules($first: Int!, $after: String, $filter: DeviceRuleFilter) {
  deviceRules(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id kind { name } grid { name } trigger measure threshold minutes quietFrom quietUntil urgency endedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
RULE = """
query DeviceRule($id: ID!) {
  node(id: $id) {
    ... on DeviceRule {
      id version kind { name } grid { name } category { name } trigger measure threshold minutes quietFrom
      quietUntil urgency
      definedAt endedAt
      actions { name label allowed reason }
    }
  }
}
"""
LASTING = """
query DeviceAlarmsLasting {
  deviceAlarms(first: 0, filter: {state: {equals: ACTIVE}, ended: {equals: false}}) { totalCount }
}
"""
MAY, MANAGE = "devices.view", "devices.manage"

VIEWS = (
    View("devices.lasting", "Alarms that last (未恢复告警)", LASTING, MAY, ViewKind.COUNTER, opens="devices.alarms"),
    View("devices.alarms", "Alarms (设备告警)", ALARMS, MAY, opens="devices.alarm"),
    View("devices.alarm", "An alarm (告警详情)", ALARM, MAY, ViewKind.DETAIL),
    View("devices.devices", "Devices (设备)", DEVICES, MAY, opens="devices.device", forms=("registerDevice",)),
    View("devices.device", "A device (设备详情)", DEVICE, MAY, ViewKind.DETAIL),
    View("devices.rules", "Rules (告警规则)", RULES, MANAGE, opens="devices.rule", forms=("defineDeviceRule",)),
    View("devices.rule", "A rule (规则详情)", RULE, MANAGE, ViewKind.DETAIL),
)
