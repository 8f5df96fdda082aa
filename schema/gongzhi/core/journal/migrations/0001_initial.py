from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateSchema(schema_name='journal'),
        ops.CreateModel(
            name='RequestRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.CharField(max_length=100)),
                ('idempotency_key', fields.CharField(max_length=100)),
                ('mutation', fields.CharField(max_length=60)),
                ('mac', BytesField(generated=False, null=False, unique=False)),
                ('result', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'request', 'schema': 'journal', 'app': 'journal', 'unique_together': (('account', 'idempotency_key'),), 'pk_attr': 'id', 'table_description': 'A mutation that was carried out: a MAC of its input, the objects it touched, its errors. Never its values.'},
            bases=['Model'],
        ),
    ]
