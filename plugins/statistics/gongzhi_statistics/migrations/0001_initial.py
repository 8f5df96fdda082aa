from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.cases.models import SettlementLevel
from gongzhi_statistics.models import Dimension
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateSchema(schema_name='statistics'),
        ops.CreateModel(
            name='FactRow',
            fields=[
                ('case_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('sealed', fields.BooleanField()),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('category_id', fields.IntField()),
                ('channel_id', fields.IntField()),
                ('lead_unit_id', fields.IntField(null=True)),
                ('reported_on', fields.DateField()),
                ('completed_on', fields.DateField(null=True)),
                ('gone_on', fields.DateField(null=True)),
                ('due_on', fields.DateField(null=True)),
                ('timely', fields.BooleanField()),
                ('extended', fields.BooleanField()),
                ('answered', fields.BooleanField()),
                ('solved', fields.BooleanField()),
                ('satisfied', fields.BooleanField()),
                ('level', fields.CharEnumField(null=True, description='GRID: GRID\nVILLAGE: VILLAGE\nTOWN: TOWN\nCOUNTY: COUNTY', enum_type=SettlementLevel, max_length=7)),
                ('response', fields.IntField(null=True)),
                ('handling', fields.IntField(null=True)),
                ('orders', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'fact', 'schema': 'statistics', 'app': 'statistics', 'pk_attr': 'case_id', 'table_description': 'What a case counts for. `response` and `handling` are the steps of durations (`statistics.step`).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RollupRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('grid_id', fields.IntField()),
                ('dimension', fields.CharEnumField(description='ALL: ALL\nCATEGORY: CATEGORY\nCHANNEL: CHANNEL\nLEVEL: LEVEL\nRESPONSE: RESPONSE\nHANDLING: HANDLING\nUNIT: UNIT\nANSWER: ANSWER', enum_type=Dimension, max_length=8)),
                ('sealed', fields.BooleanField()),
                ('day', fields.DateField()),
                ('value', fields.IntField()),
                ('reported', fields.IntField()),
                ('completed', fields.IntField()),
                ('gone', fields.IntField()),
                ('due', fields.IntField()),
                ('met', fields.IntField()),
                ('timely', fields.IntField()),
                ('extended', fields.IntField()),
                ('answered', fields.IntField()),
                ('solved', fields.IntField()),
                ('satisfied', fields.IntField()),
            ],
            options={'table': 'rollup', 'schema': 'statistics', 'app': 'statistics', 'unique_together': (('grid_id', 'dimension', 'sealed', 'day', 'value'),), 'pk_attr': 'id', 'table_description': 'The sum of what cases count for in a county, town or village on a day.'},
            bases=['Model'],
        ),
    ]
