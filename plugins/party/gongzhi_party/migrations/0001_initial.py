from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_party.models.organisation import BranchKind, Duty, MemberStatus, TransferState
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('people', '0004_contests')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='party'),
        ops.CreateModel(
            name='BranchRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='COMMITTEE: COMMITTEE\nGENERAL_BRANCH: GENERAL_BRANCH\nBRANCH: BRANCH\nGROUP: GROUP', enum_type=BranchKind, max_length=14)),
                ('name', fields.CharField(max_length=100)),
                ('parent', fields.ForeignKeyField('party.BranchRow', source_field='parent_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('station_place', fields.CharField(null=True, max_length=200)),
                ('station_hours', fields.CharField(null=True, max_length=200)),
                ('founded_on', fields.DateField()),
                ('dissolved_on', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'branch', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': 'An organisation. The station is where it and the grid receive people together (双站合一).'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='CoverageRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('party.BranchRow', source_field='branch_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('since', fields.DateField()),
                ('until', fields.DateField(null=True)),
            ],
            options={'table': 'coverage', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': 'That an organisation works in a grid, from when to when.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MemberRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('branch', fields.ForeignKeyField('party.BranchRow', source_field='branch_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('group', fields.ForeignKeyField('party.BranchRow', source_field='group_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('status', fields.CharEnumField(description='PROBATIONARY: PROBATIONARY\nFULL: FULL\nLEFT: LEFT', enum_type=MemberStatus, max_length=12)),
                ('joined_on', fields.DateField()),
                ('confirmed_on', fields.DateField(null=True)),
                ('left_on', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'member', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': 'That somebody belongs to an organisation. It lies where the organisation does, and nobody else sees it.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='OfficeRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('party.BranchRow', source_field='branch_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('duty', fields.CharEnumField(description='SECRETARY: SECRETARY\nDEPUTY_SECRETARY: DEPUTY_SECRETARY\nORGANISER: ORGANISER\nPUBLICIST: PUBLICIST\nDISCIPLINE: DISCIPLINE\nGROUP_LEADER: GROUP_LEADER', enum_type=Duty, max_length=16)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('duty_phone', fields.CharField(null=True, max_length=20)),
                ('since', fields.DateField()),
                ('term_ends_on', fields.DateField()),
                ('until', fields.DateField(null=True)),
                ('reminded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'office', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': 'A published office held by consent (rulings 7), for a term. The duty phone is published by consent, too.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReportRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('party.MemberRow', source_field='member_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('branch', fields.ForeignKeyField('party.BranchRow', source_field='branch_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('since', fields.DateField()),
                ('until', fields.DateField(null=True)),
            ],
            options={'table': 'report', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': 'That a member reported to the organisation of the community where they live (双报到).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TransferRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('party.MemberRow', source_field='member_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('source', fields.ForeignKeyField('party.BranchRow', source_field='source_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('target', fields.ForeignKeyField('party.BranchRow', source_field='target_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(default=TransferState.REQUESTED, description='REQUESTED: REQUESTED\nACCEPTED: ACCEPTED\nREFUSED: REFUSED\nWITHDRAWN: WITHDRAWN', enum_type=TransferState, max_length=9)),
                ('requested_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(null=True, max_length=500)),
                ('account', fields.CharField(max_length=100)),
            ],
            options={'table': 'transfer', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': "A member's way from one organisation to another: asked for by one, accepted by the other."},
            bases=['Model'],
        ),
    ]
