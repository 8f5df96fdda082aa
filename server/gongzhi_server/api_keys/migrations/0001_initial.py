"""How much API keys are used, and the assertions that were taken."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('accounts', '0007_key_limits')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='api_keys'),
        ops.CreateModel(
            name='AssertionRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('digest', BytesField(unique=True, generated=False, null=False)),
                ('expires_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assertion', 'schema': 'api_keys', 'app': 'api_keys', 'pk_attr': 'id', 'table_description': 'A digest of the key and the id of an assertion that was taken, until it is over: none is taken twice.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UsageRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('key', fields.ForeignKeyField('accounts.KeyRow', source_field='key_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('day', fields.DateField()),
                ('requests', fields.BigIntField()),
                ('refused', fields.BigIntField()),
                ('last_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'usage', 'schema': 'api_keys', 'app': 'api_keys', 'unique_together': (('key', 'day'),), 'pk_attr': 'id', 'table_description': 'What was asked with a key on a day in China; `refused` is what came from an address that it does not count at.'},
            bases=['Model'],
        ),
    ]
