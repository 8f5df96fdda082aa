"""Where exports lie, and the indexes that find them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                *locate("exports.export"),
                *levels("exports.export", "asked_at", "id"),
                "create index on exports.export (account, asked_at, id)",
            ]
        )
    ]
