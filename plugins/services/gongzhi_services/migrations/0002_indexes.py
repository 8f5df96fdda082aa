"""Where rows of services lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("services", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("services.matter"),
                *levels("services.matter", "code", "id"),
                # One edition holds at a time.
                "create unique index on services.matter (unit_id, code) where until is null",
                *locate("services.application"),
                "create unique index on services.application (case_id)",
                "create index on services.application (unit_id, due_at, id)",
                "create index on services.application (account, submitted_at, id)",
                "create index on services.application (decided_at)",
                "create index on services.application (county_id, due_at, id) where state in ('SUBMITTED','ACCEPTED')",
                *locate("services.lapse"),
                *levels("services.lapse", "raised_at", "id"),
                "create index on services.lapse (unit_id, raised_at, id)",
            ]
        )
    ]
