from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_ties.models import OrganisationKind, PurchaseState
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0008_similar'), ('grids', '0003_counties'), ('party', '0005_sealed_papers'), ('people', '0006_contested'), ('ties', '0002_indexes'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='OrganisationRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('uscc', fields.CharField(max_length=18)),
                ('name', fields.CharField(max_length=100)),
                ('kind', fields.CharEnumField(description='ASSOCIATION: ASSOCIATION\nFOUNDATION: FOUNDATION\nSERVICE: SERVICE', enum_type=OrganisationKind, max_length=11)),
                ('purpose', fields.CharField(max_length=500)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('registered_on', fields.DateField()),
                ('deregistered_on', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'organisation', 'schema': 'ties', 'app': 'ties', 'pk_attr': 'id', 'table_description': 'A social organisation, in the place where it is registered.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='PurchaseRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('organisation', fields.ForeignKeyField('ties.OrganisationRow', source_field='organisation_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('title', fields.CharField(max_length=200)),
                ('since', fields.DateField()),
                ('ends_on', fields.DateField()),
                ('amount_fen', fields.BigIntField()),
                ('state', fields.CharEnumField(default=PurchaseState.AGREED, description='AGREED: AGREED\nDELIVERED: DELIVERED\nACCEPTED: ACCEPTED\nCANCELLED: CANCELLED', enum_type=PurchaseState, max_length=9)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('result', fields.CharField(null=True, max_length=2000)),
                ('delivered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('delivered_by', fields.CharField(null=True, max_length=100)),
                ('accepted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('accepted_by', fields.CharField(null=True, max_length=100)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'purchase', 'schema': 'ties', 'app': 'ties', 'pk_attr': 'id', 'table_description': 'A service that a unit buys of a social organisation: what, from when to when, and for how much.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='ServedRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('organisation', fields.ForeignKeyField('ties.OrganisationRow', source_field='organisation_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'served', 'schema': 'ties', 'app': 'ties', 'unique_together': (('organisation', 'grid'),), 'pk_attr': 'id', 'table_description': 'That a social organisation serves a grid.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='VolunteerRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', unique=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('skills', ArrayField(default=list, element_type='TEXT')),
                ('since', fields.DateField()),
            ],
            options={'table': 'volunteer', 'schema': 'ties', 'app': 'ties', 'pk_attr': 'id', 'table_description': 'Somebody who wants to be asked for help, where they live. Whoever leaves is here no longer.'},
            bases=['Located'],
        ),
    ]
