"""Where rows of devices lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("devices", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                "create unique index on devices.kind (coalesce(county_id, 0), code)",
                *locate("devices.device"),
                *levels("devices.device", "registered_at", "id"),
                "create unique index on devices.device (county_id, code)",
                "create index on devices.device (unit_id, registered_at, id)",
                "create index on devices.device (keeper, registered_at, id)",
                # Devices that count themselves without a clock; a number is given once.
                "create unique index on devices.reading (gauge_id, sequence) where sequence is not null",
                *locate("devices.rule"),
                *levels("devices.rule", "defined_at", "id"),
                "create index on devices.breach (rule_id)",
                *locate("devices.alarm"),
                *levels("devices.alarm", "raised_at", "id"),
                # One alarm of a device and a rule has not ended: what is found again is counted there.
                "create unique index on devices.alarm (device_id, rule_id) where ended_at is null",
                "create index on devices.alarm (device_id, raised_at, id)",
                "create index on devices.alarm (county_id, told_at) where ended_at is null and state='ACTIVE'",
            ]
        )
    ]
