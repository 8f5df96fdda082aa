"""Where whistle calls lie, and what they are found by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("whistles", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("whistles.whistle"),
                *levels("whistles.whistle", "asked_at", "id"),
                "create index on whistles.whistle (case_id) where case_id is not null",
                "create index on whistles.summons (unit_id, whistle_id)",
                "create index on whistles.summons (due_at) where checked_in_at is null and escalated_at is null",
                "create index on whistles.task (plan_id, due_at, id)",
                "create index on whistles.task (unit_id)",
            ]
        )
    ]
