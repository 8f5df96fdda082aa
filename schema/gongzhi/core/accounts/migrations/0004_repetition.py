"""Refresh tokens that may be sent once more."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_confirmation")]

    operations = [
        ops.AddField(
            model_name="SessionRow",
            name="repeated_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
