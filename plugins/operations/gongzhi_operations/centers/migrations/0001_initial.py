from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='centers'),
        ops.CreateModel(
            name='CenterRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=100)),
                ('address', fields.CharField(null=True, max_length=200)),
                ('duty_phone', fields.CharField(null=True, max_length=20)),
                ('valid_to', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'center', 'schema': 'centers', 'app': 'centers', 'pk_attr': 'id', 'table_description': 'A centre that a county, town or village has; one at a time.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='SeatRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('center', fields.ForeignKeyField('centers.CenterRow', source_field='center_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'seat', 'schema': 'centers', 'app': 'centers', 'unique_together': (('center', 'unit'),), 'pk_attr': 'id', 'table_description': 'A unit that sits in a centre.'},
            bases=['Model'],
        ),
    ]
