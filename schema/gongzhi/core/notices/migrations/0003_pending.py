"""Notices that no channel has yet. Those that are there already stay where they are."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('notices', '0002_indexes'), ('people', '0004_contests'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.AddField(
            model_name='NoticeRow',
            name='pending',
            field=fields.BooleanField(default=True, db_default=False),
        ),
        ops.RunSQL(["create index on notices.notice (at, id) where pending"]),
    ]
