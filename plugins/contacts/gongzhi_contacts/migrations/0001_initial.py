from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0003_deadlines'), ('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='contacts'),
        ops.CreateModel(
            name='ContactRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('data_key', BytesField(null=True, generated=False, unique=False)),
                ('sealed', BytesField(null=True, generated=False, unique=False)),
                ('blind', BytesField(null=True, generated=False, unique=False)),
                ('sent_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('tries', fields.IntField(default=0)),
                ('verified_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'contact', 'schema': 'contacts', 'app': 'contacts', 'pk_attr': 'id', 'table_description': 'A number that somebody left with a case, under a data key of its own, wrapped for the county.'},
            bases=['Located'],
        ),
    ]
