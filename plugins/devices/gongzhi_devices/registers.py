"""Registers: what the tables of devices hold, and for how long; none of them holds anybody's file."""

from __future__ import annotations

from gongzhi.declare.register_entries import Check, Holding
from gongzhi.plugin.retention import OPERATION, PUBLIC
from gongzhi.values.errors import Text

UNWATCHED = Check(
    "devices.unwatched",
    "select count(*) from devices.device d where d.retired_at is null and not exists(select from devices.rule r "
    "where r.kind_id=d.kind_id and r.ended_at is null and r.county_id=d.county_id)",
    Text("a rule looks at every kind of device in use", "在用设备均有告警规则"),
    Text(
        "devices of whose kind no rule in the county looks at anything, so that they raise no alarm: {0}",
        "所属类型在本县没有任何告警规则的在用设备：{0}，不会产生告警",
    ),
)

HOLDINGS = (
    # Without `person`: devices lie in places, and read numbers; of people there are the names of accounts.
    Holding("devices.kind", Text("kinds of devices", "设备类型"), PUBLIC),
    Holding("devices.device", Text("devices, and the account that keeps each", "设备及责任人账户"), OPERATION),
    Holding("devices.gauge", Text("the last readings of devices", "设备最新读数"), OPERATION),
    Holding("devices.reading", Text("readings of devices, for the days that are set", "设备历史读数"), OPERATION),
    Holding("devices.rule", Text("what raises an alarm", "设备告警规则"), OPERATION),
    Holding("devices.breach", Text("devices beyond what a rule allows", "设备越限状态"), OPERATION),
    Holding("devices.alarm", Text("alarms, and who acknowledged them", "设备告警及确认账户"), OPERATION),
)
