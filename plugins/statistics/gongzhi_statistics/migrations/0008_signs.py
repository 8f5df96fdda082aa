"""Tables of early signs, and the cases that they rest on."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_statistics.models import SignDismissal, SignState
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0008_similar'), ('grids', '0003_counties'), ('statistics', '0007_together'), ('whistles', '0004_described')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SignRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('category', fields.ForeignKeyField('cases.CategoryRow', source_field='category_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=60)),
                ('state', fields.CharEnumField(description='OPEN: OPEN\nPATROL_PROPOSED: PATROL_PROPOSED\nWHISTLED: WHISTLED\nDISMISSED: DISMISSED\nENDED: ENDED', enum_type=SignState, max_length=15)),
                ('edition', fields.CharField(max_length=10)),
                ('since', fields.DateField()),
                ('until', fields.DateField()),
                ('counted', fields.IntField()),
                ('earlier', fields.IntField()),
                ('expected', fields.FloatField()),
                ('threshold', fields.IntField()),
                ('villages', fields.SmallIntField()),
                ('found_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('proposed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('note', fields.CharField(null=True, max_length=2000)),
                ('whistle', fields.ForeignKeyField('whistles.WhistleRow', source_field='whistle_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('dismissal', fields.CharEnumField(null=True, description='FALSE_ALARM: FALSE_ALARM\nKNOWN: KNOWN', enum_type=SignDismissal, max_length=11)),
                ('confirmed', fields.BooleanField(null=True)),
                ('outcome', fields.CharField(null=True, max_length=2000)),
                ('decided_by', fields.CharField(null=True, max_length=100)),
                ('absorbed_by', fields.ForeignKeyField('statistics.SignRow', source_field='absorbed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'sign', 'schema': 'statistics', 'app': 'statistics', 'pk_attr': 'id', 'table_description': 'Like cases that came together in a village or town: the numbers it rests on, and what people made of it.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='SignCaseRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('sign', fields.ForeignKeyField('statistics.SignRow', source_field='sign_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'sign_case', 'schema': 'statistics', 'app': 'statistics', 'unique_together': (('sign', 'case'),), 'pk_attr': 'id', 'table_description': 'A case that an early sign rests on.'},
            bases=['Model'],
        ),
    ]
