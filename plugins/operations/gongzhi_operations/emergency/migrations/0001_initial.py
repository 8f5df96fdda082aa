from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_operations.emergency.models import EmergencyState
from orjson import loads
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='emergency'),
        ops.CreateModel(
            name='EmergencyRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('state', fields.CharEnumField(description='PENDING: PENDING\nACTIVE: ACTIVE\nENDED: ENDED\nREFUSED: REFUSED\nLAPSED: LAPSED', enum_type=EmergencyState, max_length=7)),
                ('powers', ArrayField(element_type='TEXT')),
                ('reason', fields.CharField(max_length=500)),
                ('declared_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('declared_by', fields.CharField(null=True, max_length=100)),
                ('confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('confirmed_by', fields.CharField(null=True, max_length=100)),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ends_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.CharField(null=True, max_length=100)),
                ('previous', fields.ForeignKeyField('emergency.EmergencyRow', source_field='previous_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('report', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'emergency', 'schema': 'emergency', 'app': 'emergency', 'pk_attr': 'id', 'table_description': 'Powers for a grid and a time. It ends by itself; longer takes another one, which names the one before.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='MarkRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('emergency', fields.ForeignKeyField('emergency.EmergencyRow', source_field='emergency_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('power', fields.CharField(max_length=40)),
                ('command', fields.CharField(max_length=60)),
                ('about', fields.CharField(max_length=100)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'mark', 'schema': 'emergency', 'app': 'emergency', 'pk_attr': 'id', 'table_description': 'Something that was done by a power: the command, and what it was done to, as a global id.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PowerRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=40)),
                ('name', fields.CharField(max_length=100)),
                ('description', fields.CharField(max_length=300)),
                ('commands', ArrayField(element_type='TEXT')),
                ('basis', fields.CharField(max_length=300)),
            ],
            options={'table': 'power', 'schema': 'emergency', 'app': 'emergency', 'pk_attr': 'id', 'table_description': 'Something that may be done in an emergency and not otherwise, and the commands it changes.'},
            bases=['Model'],
        ),
    ]
