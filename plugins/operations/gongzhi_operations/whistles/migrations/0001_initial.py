from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_operations.whistles.models import Direction, WhistleKind, WhistleState
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0003_deadlines'), ('emergency', '0002_powers'), ('grids', '0002_tree'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='whistles'),
        ops.CreateModel(
            name='WhistleRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='ROUTINE: ROUTINE\nTOUGH: TOUGH\nEMERGENCY: EMERGENCY', enum_type=WhistleKind, max_length=9)),
                ('state', fields.CharEnumField(description='PENDING: PENDING\nCALLED: CALLED\nREFUSED: REFUSED\nCLOSED: CLOSED', enum_type=WhistleState, max_length=7)),
                ('matter', fields.TextField(unique=False)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('check_in_within', fields.CharField(max_length=20)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('asked_by', fields.CharField(null=True, max_length=100)),
                ('called_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=100)),
                ('emergency', fields.ForeignKeyField('emergency.EmergencyRow', source_field='emergency_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('outcome', fields.TextField(null=True, unique=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'whistle', 'schema': 'whistles', 'app': 'whistles', 'pk_attr': 'id', 'table_description': 'Somebody calls units together about a matter. `term` is what they have to come in, as it was given.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='AssessmentRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('whistle', fields.ForeignKeyField('whistles.WhistleRow', source_field='whistle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('direction', fields.CharEnumField(description='OF_UNIT: OF_UNIT\nOF_CALLER: OF_CALLER', enum_type=Direction, max_length=9)),
                ('rating', fields.SmallIntField()),
                ('comment', fields.TextField(null=True, unique=False)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'assessment', 'schema': 'whistles', 'app': 'whistles', 'unique_together': (('whistle', 'unit', 'direction'),), 'pk_attr': 'id', 'table_description': 'What the caller makes of a unit, or a unit of the caller, once a whistle call is closed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PlanRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('whistle', fields.ForeignKeyField('whistles.WhistleRow', source_field='whistle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('version', fields.IntField()),
                ('text', fields.TextField(unique=False)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'plan', 'schema': 'whistles', 'app': 'whistles', 'unique_together': (('whistle', 'version'),), 'pk_attr': 'id', 'table_description': 'One version of what was agreed on. It never changes: the next version takes its place.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SummonsRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('whistle', fields.ForeignKeyField('whistles.WhistleRow', source_field='whistle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('warn_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('checked_in_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('checked_in_by', fields.CharField(null=True, max_length=100)),
                ('escalated_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'summons', 'schema': 'whistles', 'app': 'whistles', 'unique_together': (('whistle', 'unit'),), 'pk_attr': 'id', 'table_description': 'One unit that is called, and whether it came. Times are `infinity` until the whistle is blown.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TaskRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('whistle', fields.ForeignKeyField('whistles.WhistleRow', source_field='whistle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('plan', fields.ForeignKeyField('whistles.PlanRow', source_field='plan_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('text', fields.TextField(unique=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'task', 'schema': 'whistles', 'app': 'whistles', 'pk_attr': 'id', 'table_description': 'What one unit does by when, by one version of the plan.'},
            bases=['Model'],
        ),
    ]
