from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0002_indexes'), ('grids', '0002_tree'), ('people', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='patrols'),
        ops.CreateModel(
            name='PatrolRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('patroller', fields.ForeignKeyField('people.PersonRow', source_field='patroller_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('found', fields.TextField(unique=False)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'patrol', 'schema': 'patrols', 'app': 'patrols', 'pk_attr': 'id', 'table_description': 'Somebody looked round a grid: when, what they found, and the case it became.'},
            bases=['Located'],
        ),
    ]
