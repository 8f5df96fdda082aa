"""The hours that operations are counted by."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.fields import ArrayField
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateSchema(schema_name='performance'),
        ops.CreateModel(
            name='OperationHourRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('hour', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('operation', fields.CharField(max_length=60)),
                ('kind', fields.CharField(max_length=12)),
                ('count', fields.BigIntField()),
                ('failed', fields.BigIntField()),
                ('seconds', fields.FloatField()),
                ('cost', fields.BigIntField()),
                ('buckets', ArrayField(element_type='BIGINT')),
            ],
            options={'table': 'operation', 'schema': 'performance', 'app': 'performance', 'unique_together': (('hour', 'operation', 'kind'),), 'pk_attr': 'id', 'table_description': 'What the operations of one name and kind took within an hour, in all processes together.'},
            bases=['Model'],
        ),
    ]
