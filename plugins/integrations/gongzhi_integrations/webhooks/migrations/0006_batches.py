"""Endpoints may get several events in one request."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('accounts', '0005_two_persons'), ('grids', '0003_counties'), ('webhooks', '0005_inspection')]

    initial = False

    operations = [
        ops.AddField(
            model_name='WebhookRow',
            name='batch',
            field=fields.SmallIntField(default=1, db_default=1),
        ),
    ]
