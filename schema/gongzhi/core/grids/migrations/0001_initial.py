from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.values.codes import Kind
from gongzhi.declare.columns import LtreeField, PolygonField
from gongzhi.core.grids.models import Use
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.RunSQL('create extension if not exists ltree'),
        ops.CreateSchema(schema_name='grids'),
        ops.CreateModel(
            name='GridRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=19)),
                ('name', fields.CharField(max_length=100)),
                ('kind', fields.CharEnumField(description='PROVINCE: PROVINCE\nCITY: CITY\nCOUNTY: COUNTY\nTOWN: TOWN\nVILLAGE: VILLAGE\nGRID_1: GRID_1\nGRID_2: GRID_2\nGRID_3: GRID_3', enum_type=Kind, max_length=8)),
                ('use', fields.CharEnumField(default=Use.BASE, description='BASE: BASE\nDEDICATED: DEDICATED', enum_type=Use, max_length=9)),
                ('parent', fields.ForeignKeyField('grids.GridRow', source_field='parent_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('path', LtreeField(null=True, generated=False, unique=False)),
                ('province_id', fields.IntField(null=True)),
                ('city_id', fields.IntField(null=True)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('boundary', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('boundary_source', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('boundary_note', fields.CharField(null=True, max_length=200)),
                ('valid_from', fields.DateField(null=True)),
                ('valid_to', fields.DateField(null=True)),
                ('successor', fields.ForeignKeyField('grids.GridRow', source_field='successor_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'grid', 'schema': 'grids', 'app': 'grids', 'pk_attr': 'id', 'table_description': 'A node of the one tree from province to third-level grid. `path` and the ancestors are kept by a trigger.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RingRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('area', PolygonField(generated=False, null=False, unique=False)),
                ('hole', fields.BooleanField(default=False)),
            ],
            options={'table': 'ring', 'schema': 'grids', 'app': 'grids', 'pk_attr': 'id', 'table_description': "One ring of a grid's boundary, in millionths of a degree; a hole is what the grid does not contain."},
            bases=['Model'],
        ),
    ]
