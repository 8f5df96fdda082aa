from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='plugins'),
        ops.CreateModel(
            name='ActivationRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('plugin', fields.CharField(max_length=31)),
                ('active', fields.BooleanField()),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(max_length=100)),
            ],
            options={'table': 'activation', 'schema': 'plugins', 'app': 'plugins', 'pk_attr': 'id', 'table_description': 'What a county decided about a plugin, from when to when; its grid is the county. None: the plugin is off.'},
            bases=['Located'],
        ),
    ]
