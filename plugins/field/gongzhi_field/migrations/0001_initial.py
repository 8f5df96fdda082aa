from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_field.models import Keep
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='sync'),
        ops.CreateModel(
            name='ChangeRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('field', fields.CharField(max_length=40)),
                ('before', fields.TextField(null=True, unique=False)),
                ('after', fields.TextField(null=True, unique=False)),
                ('occurred_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
            ],
            options={'table': 'change', 'schema': 'sync', 'app': 'sync', 'pk_attr': 'id', 'table_description': 'A field of a case that got another value: when it was written down, and when we heard of it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ConflictRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('field', fields.CharField(max_length=40)),
                ('base', fields.TextField(null=True, unique=False)),
                ('mine', fields.TextField(null=True, unique=False)),
                ('theirs', fields.TextField(null=True, unique=False)),
                ('by', fields.CharField(null=True, max_length=60)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('occurred_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
                ('kept', fields.CharEnumField(null=True, description='MINE: MINE\nTHEIRS: THEIRS', enum_type=Keep, max_length=6)),
                ('resolved_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('resolved_by', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'conflict', 'schema': 'sync', 'app': 'sync', 'pk_attr': 'id', 'table_description': 'A change that was not made, because somebody else had changed the same field since it was seen.'},
            bases=['Model'],
        ),
    ]
