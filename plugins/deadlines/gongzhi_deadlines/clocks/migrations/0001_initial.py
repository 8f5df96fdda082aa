from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.cases.models import CaseKind, Urgency
from gongzhi_deadlines.clocks.models import Stage, Why
from gongzhi_deadlines.worktime import Unit
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('calendars', '0001_initial'), ('cases', '0003_deadlines'), ('grids', '0002_tree'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='clocks'),
        ops.CreateModel(
            name='RuleSetRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=40)),
                ('edition', fields.IntField()),
                ('name', fields.CharField(max_length=100)),
                ('county', fields.ForeignKeyField('grids.GridRow', source_field='county_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'rule_set', 'schema': 'clocks', 'app': 'clocks', 'unique_together': (('code', 'edition'),), 'pk_attr': 'id', 'table_description': 'An edition of a set of rules. It never changes; a county that edits its rules makes the next edition.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChoiceRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('set', fields.ForeignKeyField('clocks.RuleSetRow', source_field='set_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(max_length=100)),
            ],
            options={'table': 'choice', 'schema': 'clocks', 'app': 'clocks', 'pk_attr': 'id', 'table_description': 'By which rules a county works, from when to when; its grid is the county.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='RuleRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('set', fields.ForeignKeyField('clocks.RuleSetRow', source_field='set_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('rank', fields.SmallIntField()),
                ('stage', fields.CharEnumField(description='RESPOND: RESPOND\nACCEPT: ACCEPT\nDISPATCH: DISPATCH\nCONTACT: CONTACT\nHANDLE: HANDLE\nREPLY: REPLY\nFOLLOW_UP: FOLLOW_UP\nGRACE: GRACE', enum_type=Stage, max_length=9)),
                ('kind', fields.CharEnumField(null=True, description='CONSULT: CONSULT\nHELP: HELP\nCOMPLAINT: COMPLAINT\nTIP_OFF: TIP_OFF\nSUGGESTION: SUGGESTION', enum_type=CaseKind, max_length=10)),
                ('category', fields.CharField(null=True, max_length=60)),
                ('urgency', fields.CharEnumField(null=True, description='ROUTINE: ROUTINE\nURGENT: URGENT\nEMERGENCY: EMERGENCY', enum_type=Urgency, max_length=9)),
                ('channel', fields.CharField(null=True, max_length=40)),
                ('amount', fields.SmallIntField()),
                ('unit', fields.CharEnumField(description='MINUTE: MINUTE\nHOUR: HOUR\nDAY: DAY\nWORKING_MINUTE: WORKING_MINUTE\nWORKING_HOUR: WORKING_HOUR\nWORKING_DAY: WORKING_DAY', enum_type=Unit, max_length=14)),
                ('next_day', fields.BooleanField(default=False)),
                ('basis', fields.CharField(max_length=300)),
            ],
            options={'table': 'rule', 'schema': 'clocks', 'app': 'clocks', 'unique_together': (('set', 'rank'),), 'pk_attr': 'id', 'table_description': 'How long a stage may take. Of the rules of a set, the first by rank that fits a case is the one for it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ClockRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('stage', fields.CharEnumField(description='RESPOND: RESPOND\nACCEPT: ACCEPT\nDISPATCH: DISPATCH\nCONTACT: CONTACT\nHANDLE: HANDLE\nREPLY: REPLY\nFOLLOW_UP: FOLLOW_UP\nGRACE: GRACE', enum_type=Stage, max_length=9)),
                ('rule', fields.ForeignKeyField('clocks.RuleRow', source_field='rule_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('calendar', fields.ForeignKeyField('calendars.CalendarRow', source_field='calendar_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('calendar_version', fields.IntField()),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('warn_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('stopped_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('pauses', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('extensions', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('working', fields.BooleanField()),
                ('allowed', fields.BigIntField()),
                ('counted', fields.BigIntField(default=0)),
                ('counted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reminded', fields.SmallIntField(default=0)),
            ],
            options={'table': 'clock', 'schema': 'clocks', 'app': 'clocks', 'pk_attr': 'id', 'table_description': 'The time of one stage of a case. It runs until `stopped_at`; what it took and ought to have taken stays.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TraceRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('clock', fields.ForeignKeyField('clocks.ClockRow', source_field='clock_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('why', fields.CharEnumField(description='RULES: RULES\nCALENDAR: CALENDAR\nEXTENDED: EXTENDED\nPAUSED: PAUSED\nRESUMED: RESUMED', enum_type=Why, max_length=8)),
                ('before', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('after', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('data', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('account', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'trace', 'schema': 'clocks', 'app': 'clocks', 'pk_attr': 'id', 'table_description': 'A deadline that moved: why, from when to when.'},
            bases=['Model'],
        ),
    ]
