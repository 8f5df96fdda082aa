"""The history and the conflicts of a case."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                "create index on sync.change (case_id, at, id)",
                "create index on sync.conflict (case_id, received_at, id)",
            ]
        )
    ]
