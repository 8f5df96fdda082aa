"""Endpoints have a filter, a header of their own and a count, and the log keeps what they answered, sealed."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('accounts', '0005_two_persons'), ('grids', '0003_counties'), ('webhooks', '0004_missed')]

    initial = False

    operations = [
        ops.AddField(
            model_name='DeliveryRow',
            name='sealed_answer',
            field=BytesField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='DeliveryRow',
            name='seconds',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='WebhookRow',
            name='condition',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='WebhookRow',
            name='data_key',
            field=BytesField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='WebhookRow',
            name='sealed_authorization',
            field=BytesField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='WebhookRow',
            name='sequence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
    ]
