"""The indexes that clocks are found by, and that a stage has one clock at a time."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import locate


class Migration(migrations.Migration):
    dependencies = [("clocks", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("clocks.choice"),
                "create unique index on clocks.choice (grid_id) where until is null",
                "create index on clocks.choice (since, id)",
                "create unique index on clocks.clock (case_id, stage) where stopped_at is null",
                "create index on clocks.clock (case_id, started_at, id)",
                "create index on clocks.clock (warn_at) where stopped_at is null and reminded < 80",
                "create index on clocks.clock (due_at) where stopped_at is null and reminded < 100",
                "create index on clocks.clock (calendar_id, calendar_version) where stopped_at is null",
                "create index on clocks.trace (clock_id, at, id)",
            ]
        )
    ]
