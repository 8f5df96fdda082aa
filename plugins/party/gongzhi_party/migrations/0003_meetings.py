"""Meetings that vote in the room, and who was there."""

from gongzhi_party.models.deliberation import DeliberationState, Manner, MeetingState
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops
from uuid6 import uuid7


class Migration(migrations.Migration):
    dependencies = [("party", "0002_rules"), ("people", "0006_contested")]

    initial = False

    operations = [
        ops.CreateModel(
            name='MeetingRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('deliberation', fields.ForeignKeyField('party.DeliberationRow', source_field='deliberation_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('held_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('place', fields.CharField(max_length=200)),
                ('manner', fields.CharEnumField(description='SHOW_OF_HANDS: SHOW_OF_HANDS\nROLL_CALL: ROLL_CALL', enum_type=Manner, max_length=13)),
                ('state', fields.CharEnumField(default=MeetingState.RECORDED, description='RECORDED: RECORDED\nCONFIRMED: CONFIRMED\nREFUSED: REFUSED\nWITHDRAWN: WITHDRAWN', enum_type=MeetingState, max_length=9)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('recorded_by', fields.CharField(max_length=100)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=100)),
                ('reason', fields.CharField(null=True, max_length=500)),
            ],
            options={'table': 'meeting', 'schema': 'party', 'app': 'party', 'pk_attr': 'id', 'table_description': 'A meeting that voted in the room, as its chair recorded it. It counts once a second person has confirmed it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AttendanceRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('meeting', fields.ForeignKeyField('party.MeetingRow', source_field='meeting_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('place', fields.IntField()),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('proxy', fields.ForeignKeyField('people.PersonRow', source_field='proxy_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
            ],
            options={'table': 'attendance', 'schema': 'party', 'app': 'party', 'unique_together': (('meeting', 'person'),), 'pk_attr': 'id', 'table_description': 'Somebody who was in the room, or whose written proxy was there.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='DeliberationRow',
            name='state',
            field=fields.CharEnumField(default=DeliberationState.RAISED, description='RAISED: RAISED\nANNOUNCED: ANNOUNCED\nRECORDED: RECORDED\nVOTING: VOTING\nCOUNTED: COUNTED\nDECIDED: DECIDED\nPUBLICISED: PUBLICISED\nDROPPED: DROPPED', enum_type=DeliberationState, max_length=10),
        ),
        ops.RunSQL(
            [
                "create unique index on party.meeting (deliberation_id) where state in ('RECORDED', 'CONFIRMED')",
                "create index on party.attendance (meeting_id, place, id)",
            ]
        ),
    ]
