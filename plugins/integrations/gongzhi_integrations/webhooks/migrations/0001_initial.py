from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from gongzhi_integrations.webhooks.models import DeliveryState, WebhookState
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('accounts', '0002_changes'), ('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='webhooks'),
        ops.CreateModel(
            name='WebhookRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('permissions', ArrayField(null=True, element_type='TEXT')),
                ('url', fields.CharField(max_length=500)),
                ('types', ArrayField(element_type='TEXT')),
                ('selection', fields.TextField(null=True, unique=False)),
                ('secret', BytesField(generated=False, null=False, unique=False)),
                ('previous_secret', BytesField(null=True, generated=False, unique=False)),
                ('previous_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(default=WebhookState.ACTIVE, description='ACTIVE: ACTIVE\nPAUSED: PAUSED\nDISABLED: DISABLED', enum_type=WebhookState, max_length=8)),
                ('reason', fields.CharField(null=True, max_length=20)),
                ('position', fields.BigIntField()),
                ('failing_since', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('rests_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'webhook', 'schema': 'webhooks', 'app': 'webhooks', 'pk_attr': 'id', 'table_description': 'An endpoint of an account. Its grid is the one whose events it gets; it lies in a county, whose key seals it.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='DeliveryRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('webhook', fields.ForeignKeyField('webhooks.WebhookRow', source_field='webhook_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('event_id', fields.UUIDField()),
                ('position', fields.BigIntField()),
                ('case_id', fields.UUIDField(null=True)),
                ('type', fields.CharField(max_length=60)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(default=DeliveryState.WAITING, description='WAITING: WAITING\nDELIVERED: DELIVERED\nFAILED: FAILED', enum_type=DeliveryState, max_length=9)),
                ('attempts', fields.SmallIntField(default=0)),
                ('status', fields.SmallIntField(null=True)),
                ('error', fields.CharField(null=True, max_length=40)),
                ('tried_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('next_attempt_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('body', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'delivery', 'schema': 'webhooks', 'app': 'webhooks', 'unique_together': (('webhook', 'event_id'),), 'pk_attr': 'id', 'table_description': 'An event on its way to an endpoint. The body is made when it is first tried, and stays as it is then.'},
            bases=['Model'],
        ),
    ]
