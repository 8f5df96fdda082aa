"""Roles that a second person confirms."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_changes")]

    operations = [
        ops.AddField(
            model_name="GrantRow",
            name="proposed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="GrantRow",
            name="confirmed_by",
            field=fields.CharField(null=True, max_length=100),
        ),
    ]
