from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.events import Actor
from gongzhi.core.events.models import State
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='events'),
        ops.CreateModel(
            name='ConsumerRow',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ('position', fields.BigIntField()),
            ],
            options={'table': 'consumer', 'schema': 'events', 'app': 'events', 'pk_attr': 'name', 'table_description': 'How far a handler has come.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CounterRow',
            fields=[
                ('id', fields.SmallIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('given', fields.BigIntField(default=0)),
                ('gone', fields.BigIntField(default=0)),
            ],
            options={'table': 'counter', 'schema': 'events', 'app': 'events', 'pk_attr': 'id', 'table_description': 'The last position given, and the last that has been thrown away. There is one row.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='JobRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=60)),
                ('key', fields.CharField(max_length=100)),
                ('event_id', fields.UUIDField(null=True)),
                ('county_id', fields.IntField(null=True)),
                ('arguments', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(default=State.WAITING, description='WAITING: WAITING\nDONE: DONE\nPARKED: PARKED', enum_type=State, max_length=7)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('attempts', fields.SmallIntField(default=0)),
                ('error', fields.CharField(null=True, max_length=300)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'job', 'schema': 'events', 'app': 'events', 'unique_together': (('name', 'key'),), 'pk_attr': 'id', 'table_description': 'A job to be run, or that was; or an event that a handler failed on and is to try again.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='OutboxRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('seq', fields.BigIntField()),
                ('position', fields.BigIntField(null=True)),
                ('type', fields.CharField(max_length=60)),
                ('version', fields.SmallIntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('actor', fields.CharEnumField(description='STRANGER: STRANGER\nRESIDENT: RESIDENT\nSTAFF: STAFF\nSYSTEM: SYSTEM', enum_type=Actor, max_length=8)),
                ('internal', fields.BooleanField(default=False)),
                ('grid_id', fields.IntField(null=True)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', null=True, db_constraint=False, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('data', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'outbox', 'schema': 'events', 'app': 'events', 'pk_attr': 'id', 'table_description': 'An event. It has no position until the writing transaction has been committed (docs/integrators/events.md).'},
            bases=['Model'],
        ),
    ]
