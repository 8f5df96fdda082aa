from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('people', '0002_indexes'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='notices'),
        ops.CreateModel(
            name='NoticeRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=60)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('office', fields.CharField(null=True, max_length=60)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('title_en', fields.CharField(max_length=200)),
                ('title_zh', fields.CharField(max_length=200)),
                ('body_en', fields.CharField(max_length=1000)),
                ('body_zh', fields.CharField(max_length=1000)),
                ('about', fields.CharField(null=True, max_length=100)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('read_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'notice', 'schema': 'notices', 'app': 'notices', 'pk_attr': 'id', 'table_description': 'Something somebody was told: a person, an account, a unit, or whoever holds an office in a grid.'},
            bases=['Model'],
        ),
    ]
