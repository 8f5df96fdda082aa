"""Table of open datasets."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_statistics.models import DatasetKind, DatasetState
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0008_similar'), ('grids', '0003_counties'), ('statistics', '0009_sign_indexes'), ('whistles', '0004_described')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DatasetRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='CASES: CASES\nLEVELS: LEVELS', enum_type=DatasetKind, max_length=6)),
                ('state', fields.CharEnumField(description='PROPOSED: PROPOSED\nPUBLISHED: PUBLISHED\nREFUSED: REFUSED\nWITHDRAWN: WITHDRAWN', enum_type=DatasetState, max_length=9)),
                ('since', fields.DateField()),
                ('until', fields.DateField()),
                ('licence', fields.CharField(max_length=20)),
                ('rows', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('proposed_by', fields.CharField(null=True, max_length=100)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=100)),
                ('reason', fields.CharField(null=True, max_length=2000)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'dataset', 'schema': 'statistics', 'app': 'statistics', 'pk_attr': 'id', 'table_description': "A table of a county's quarter, as it was when somebody proposed to publish it; it never changes."},
            bases=['Located'],
        ),
    ]
