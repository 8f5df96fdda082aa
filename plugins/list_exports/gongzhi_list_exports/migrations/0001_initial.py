from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_list_exports.models import ExportState, FileFormat
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='exports'),
        ops.CreateModel(
            name='ExportRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
                ('listing', fields.CharField(max_length=60)),
                ('document', fields.TextField(unique=False)),
                ('variables', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('format', fields.CharEnumField(description='XLSX: XLSX\nCSV: CSV\nJSONL: JSONL', enum_type=FileFormat, max_length=5)),
                ('purpose', fields.CharField(max_length=200)),
                ('rows', fields.IntField()),
                ('personal', fields.BooleanField()),
                ('state', fields.CharEnumField(description='WAITING: WAITING\nREADY: READY\nREFUSED: REFUSED\nEXPIRED: EXPIRED', enum_type=ExportState, max_length=7)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=100)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('grounds', fields.CharField(null=True, max_length=500)),
                ('fetches', fields.SmallIntField(default=0)),
                ('fetched_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'export', 'schema': 'exports', 'app': 'exports', 'pk_attr': 'id', 'table_description': 'A list that somebody asked to have as a file. Its grid is the one whose rows it has; its key is its number.'},
            bases=['Located'],
        ),
    ]
