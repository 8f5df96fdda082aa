"""Second factors of accounts."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('accounts', '0008_session_methods')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='second_factors'),
        ops.CreateModel(
            name='FactorRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.OneToOneField('accounts.AccountRow', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('county', fields.CharField(max_length=6)),
                ('data_key', BytesField(generated=False, null=False, unique=False)),
                ('content', BytesField(generated=False, null=False, unique=False)),
                ('last_step', fields.BigIntField()),
                ('recovery', ArrayField(element_type='BYTEA')),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reset_by', fields.UUIDField(null=True)),
            ],
            options={'table': 'factor', 'schema': 'second_factors', 'app': 'second_factors', 'pk_attr': 'id', 'table_description': "The secret that an account's codes are made of, sealed, and MACs of the recovery codes that are left."},
            bases=['Model'],
        ),
        # What the server remembers of an account goes when its factor comes or goes: it may owe one no more, or again.
        ops.RunSQL(
            [
                "create trigger tell after insert or update of id or delete on second_factors.factor for each row "
                "execute function accounts.tell('account_id')"
            ]
        ),
    ]
