"""Objections are reviews now; where the plugin rights is installed, its `0002_indexes` moves them before this."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("people", "0003_restricted")]

    operations = [
        ops.RemoveField(model_name="TierRow", name="contest_reason"),
        ops.RemoveField(model_name="TierRow", name="contested_at"),
    ]
