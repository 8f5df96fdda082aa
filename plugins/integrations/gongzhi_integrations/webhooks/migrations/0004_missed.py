"""Endpoints say of what time they lack events that were thrown away."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0003_retired_secrets")]

    operations = [ops.AddField(model_name="WebhookRow", name="missed_until", field=fields.DatetimeField(null=True))]
