from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_ties.models import DeedKind, TieKind, TieState
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0008_similar'), ('grids', '0003_counties'), ('people', '0006_contested'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='ties'),
        ops.CreateModel(
            name='TieRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='LEADER_TOWN: LEADER_TOWN\nUNIT_VILLAGE: UNIT_VILLAGE\nCADRE_HOUSEHOLD: CADRE_HOUSEHOLD\nVILLAGE_VILLAGE: VILLAGE_VILLAGE\nUNIT_COMMUNITY: UNIT_COMMUNITY', enum_type=TieKind, max_length=15)),
                ('state', fields.CharEnumField(default=TieState.PROPOSED, description='PROPOSED: PROPOSED\nACTIVE: ACTIVE\nDECLINED: DECLINED\nENDED: ENDED', enum_type=TieState, max_length=8)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('office', fields.CharField(null=True, max_length=60)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('liaison', fields.ForeignKeyField('people.LiaisonRow', source_field='liaison_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('helper_agreed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('helper_agreed_by', fields.CharField(null=True, max_length=100)),
                ('helped_agreed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('helped_agreed_by', fields.CharField(null=True, max_length=100)),
                ('since', fields.DateField(null=True)),
                ('ends_on', fields.DateField()),
                ('until', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'tie', 'schema': 'ties', 'app': 'ties', 'pk_attr': 'id', 'table_description': 'A link of help: a person or a unit helps a place or a household, once both have agreed, and until a day.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='DeedRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('tie', fields.ForeignKeyField('ties.TieRow', source_field='tie_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharEnumField(description='VISIT: VISIT\nFUNDS: FUNDS\nGOODS: GOODS\nPROJECT: PROJECT\nTRAINING: TRAINING\nJOBS: JOBS\nSALES: SALES\nOTHER: OTHER', enum_type=DeedKind, max_length=8)),
                ('day', fields.DateField()),
                ('text', fields.CharField(max_length=2000)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'deed', 'schema': 'ties', 'app': 'ties', 'pk_attr': 'id', 'table_description': 'Something that was done in a link: a fact with its day, and no score.'},
            bases=['Model'],
        ),
    ]
