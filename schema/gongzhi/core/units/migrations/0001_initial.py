from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.units.models import Reach, UnitKind
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0001_initial')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='units'),
        ops.CreateModel(
            name='UnitRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=40)),
                ('name', fields.CharField(max_length=100)),
                ('kind', fields.CharEnumField(description='COUNTY_DEPARTMENT: COUNTY_DEPARTMENT\nTOWN_BODY: TOWN_BODY\nVILLAGE_BODY: VILLAGE_BODY\nENTERPRISE: ENTERPRISE\nMASS_ORGANISATION: MASS_ORGANISATION', enum_type=UnitKind, max_length=17)),
                ('reach', fields.CharEnumField(description='LINE: LINE\nAREA: AREA', enum_type=Reach, max_length=4)),
                ('uscc', fields.CharField(null=True, max_length=18)),
                ('parent', fields.ForeignKeyField('units.UnitRow', source_field='parent_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('duty_phone', fields.CharField(null=True, max_length=20)),
                ('valid_to', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'unit', 'schema': 'units', 'app': 'units', 'pk_attr': 'id', 'table_description': 'An organisation, at home in the grid it serves.'},
            bases=['Model'],
        ),
    ]
