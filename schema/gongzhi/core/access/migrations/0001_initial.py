from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.access.models import AlertKind, LookKind
from gongzhi.declare.columns import BytesField
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('people', '0002_indexes'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='access'),
        ops.CreateModel(
            name='ActRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('salt', BytesField(null=True, generated=False, unique=False)),
                ('content', BytesField(generated=False, null=False, unique=False)),
                ('link', fields.BigIntField(null=True)),
                ('place', fields.IntField(null=True)),
                ('mutation', fields.CharField(max_length=60)),
                ('objects', ArrayField(element_type='TEXT')),
                ('codes', ArrayField(element_type='TEXT')),
            ],
            options={'table': 'act', 'schema': 'access', 'app': 'access', 'pk_attr': 'id', 'table_description': 'A mutation: which, on which objects (global ids), the codes of what was refused and the waivers. No values.'},
            bases=['Entry'],
        ),
        ops.CreateModel(
            name='AlertRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('kind', fields.CharEnumField(description='BULK: BULK\nNEIGHBOURS: NEIGHBOURS\nQUOTA: QUOTA\nBREAK_GLASS: BREAK_GLASS', enum_type=AlertKind, max_length=11)),
                ('account', fields.CharField(max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
                ('count', fields.IntField()),
            ],
            options={'table': 'alert', 'schema': 'access', 'app': 'access', 'pk_attr': 'id', 'table_description': 'Something in the use of personal data that somebody should look into; its grid is where the files lie.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='GlassRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.CharField(max_length=100)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('reason', fields.CharField(max_length=500)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'glass', 'schema': 'access', 'app': 'access', 'pk_attr': 'id', 'table_description': 'Somebody broke the glass over a file that is outside their scope, for a reason, for a short time.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='HeadRow',
            fields=[
                ('id', fields.IntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('number', fields.BigIntField()),
                ('hash', BytesField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'head', 'schema': 'access', 'app': 'access', 'pk_attr': 'id', 'table_description': "The chain's last link. One row, which whoever adds a link locks."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LinkRow',
            fields=[
                ('id', fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=4)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('count', fields.IntField()),
                ('root', BytesField(generated=False, null=False, unique=False)),
                ('hash', BytesField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'link', 'schema': 'access', 'app': 'access', 'pk_attr': 'id', 'table_description': 'A link of the chain: a batch of looks or acts.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LookRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('salt', BytesField(null=True, generated=False, unique=False)),
                ('content', BytesField(generated=False, null=False, unique=False)),
                ('link', fields.BigIntField(null=True)),
                ('place', fields.IntField(null=True)),
                ('kind', fields.CharEnumField(description='READ: READ\nREVEAL: REVEAL\nFIND: FIND\nBREAK_GLASS: BREAK_GLASS', enum_type=LookKind, max_length=11)),
                ('operation', fields.CharField(max_length=100)),
                ('purpose', fields.CharField(max_length=200)),
                ('fields_', ArrayField(source_field='fields', element_type='TEXT')),
                ('persons', ArrayField(element_type='UUID')),
                ('salts', ArrayField(element_type='BYTEA')),
                ('commitments', ArrayField(element_type='BYTEA')),
            ],
            options={'table': 'look', 'schema': 'access', 'app': 'access', 'pk_attr': 'id', 'table_description': 'A look: one an operation and county, with all the people. Whoever is erased leaves a null, and the commitment.'},
            bases=['Entry'],
        ),
    ]
