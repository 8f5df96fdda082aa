"""Secrets that overlap have a table, so that a second rotation keeps the first one's promise; endpoints know their key."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('webhooks', '0002_indexes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='RetiredSecretRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('webhook', fields.ForeignKeyField('webhooks.WebhookRow', source_field='webhook_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('county_id', fields.IntField()),
                ('secret', BytesField(generated=False, null=False, unique=False)),
                ('until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'retired_secret', 'schema': 'webhooks', 'app': 'webhooks', 'pk_attr': 'id', 'table_description': 'A secret that was rotated away, and signs beside the one of now until its overlap is over.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='WebhookRow',
            name='key_id',
            field=fields.UUIDField(null=True),
        ),
        ops.RunSQL(
            "insert into webhooks.retired_secret (id, webhook_id, county_id, secret, until) "
            "select uuidv7(), id, county_id, previous_secret, previous_until from webhooks.webhook "
            "where previous_secret is not null and previous_until is not null"
        ),
        ops.RemoveField(model_name='WebhookRow', name='previous_secret'),
        ops.RunSQL(
            "create index on webhooks.delivery (webhook_id, attempts, position) where state = 'WAITING'"
        ),
    ]
