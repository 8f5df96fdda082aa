from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.accounts.models import AccountKind
from gongzhi.declare.columns import BytesField
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('people', '0002_indexes'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='accounts'),
        ops.CreateModel(
            name='AccountRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('name', fields.CharField(unique=True, max_length=100)),
                ('kind', fields.CharEnumField(description='PERSON: PERSON\nMACHINE: MACHINE', enum_type=AccountKind, max_length=7)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_by', fields.CharField(max_length=100)),
                ('suspended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('suspended_by', fields.CharField(null=True, max_length=100)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'account', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'id', 'table_description': 'Somebody who may sign in. Its grid is where it is looked after; without one, only who serves everywhere does.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='AttemptRow',
            fields=[
                ('subject', BytesField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('failures', fields.IntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('blocked_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attempt', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'subject', 'table_description': 'Failed attempts to sign in, by a MAC of the name or address they came with; known and unknown names alike.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='GrantRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('role', fields.CharField(max_length=60)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('granted_by', fields.CharField(max_length=100)),
                ('revoked_by', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'holding', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'id', 'table_description': 'A role held in a grid and below it, for a unit, or (with neither) everywhere, from when to when.'},
            bases=['Belonging'],
        ),
        ops.CreateModel(
            name='IdentityRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('issuer', fields.CharField(max_length=200)),
                ('subject', fields.CharField(max_length=255)),
                ('linked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('linked_by', fields.CharField(max_length=100)),
            ],
            options={'table': 'identity', 'schema': 'accounts', 'app': 'accounts', 'unique_together': (('issuer', 'subject'),), 'pk_attr': 'id', 'table_description': 'Who an account is at an identity provider.'},
            bases=['Belonging'],
        ),
        ops.CreateModel(
            name='InvitationRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('mac', BytesField(unique=True, generated=False, null=False)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_by', fields.CharField(max_length=100)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'invitation', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'id', 'table_description': "A one-time code, kept as a MAC: to set an account's password with, or to link a person to an account."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='KeyRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('label', fields.CharField(max_length=100)),
                ('digest', BytesField(unique=True, generated=False, null=False)),
                ('permissions', ArrayField(element_type='TEXT')),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_by', fields.CharField(max_length=100)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'key', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'id', 'table_description': "An API key: some of its account's permissions, for a time. Of the key itself only a digest is kept."},
            bases=['Belonging'],
        ),
        ops.CreateModel(
            name='PasswordRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('hash', fields.CharField(max_length=200)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'password', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'id', 'table_description': "An account's one password, hashed by argon2id with its parameters and salt."},
            bases=['Belonging'],
        ),
        ops.CreateModel(
            name='SessionRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('accounts.AccountRow', source_field='account_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('device', fields.CharField(null=True, max_length=100)),
                ('generation', fields.IntField(default=0)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'session', 'schema': 'accounts', 'app': 'accounts', 'pk_attr': 'id', 'table_description': 'One signing-in and what came of it: a family of refresh tokens, of which the latest generation is good.'},
            bases=['Belonging'],
        ),
    ]
