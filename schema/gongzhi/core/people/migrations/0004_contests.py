"""Objections are reviews now; `rights.0002_indexes` has moved them."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("people", "0003_restricted"), ("rights", "0002_indexes")]

    operations = [
        ops.RemoveField(model_name="TierRow", name="contest_reason"),
        ops.RemoveField(model_name="TierRow", name="contested_at"),
    ]
