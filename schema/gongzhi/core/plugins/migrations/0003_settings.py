"""What counties choose about plugins."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

from gongzhi.declare.located import locate


class Migration(migrations.Migration):
    dependencies = [('grids', '0003_counties'), ('plugins', '0002_located')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SettingRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(max_length=100)),
                ('name', fields.CharField(max_length=80)),
                ('value', fields.CharField(max_length=200)),
            ],
            options={'table': 'setting', 'schema': 'plugins', 'app': 'plugins', 'pk_attr': 'id', 'table_description': 'What a county chose for a setting. None: what the plugin says holds.'},
            bases=['Decided'],
        ),
        ops.RunSQL(
            [
                *locate("plugins.setting"),
                "create unique index on plugins.setting (grid_id, name) where until is null",
            ]
        ),
    ]
