"""Where contacts lie, and how often a number was written to."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import locate


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("contacts.contact"),
                "create index on contacts.contact (blind, sent_at)",
                "create index on contacts.contact (sent_at) where verified_at is null",
            ]
        )
    ]
