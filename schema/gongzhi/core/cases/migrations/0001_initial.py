from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.values.codes import Series
from gongzhi.core.cases.models import Audience, CaseKind, Origin, SettlementLevel, Status, Urgency
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0001_initial'), ('people', '0001_initial'), ('units', '0001_initial')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='cases'),
        ops.CreateModel(
            name='CategoryRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=60)),
                ('name', fields.CharField(max_length=60)),
                ('parent', fields.ForeignKeyField('cases.CategoryRow', source_field='parent_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('edition', fields.CharField(max_length=20)),
                ('standard_ref', fields.CharField(null=True, max_length=60)),
                ('standard_code', fields.CharField(null=True, max_length=40)),
                ('valid_to', fields.DateField(null=True)),
            ],
            options={'table': 'category', 'schema': 'cases', 'app': 'cases', 'unique_together': (('code', 'edition'),), 'pk_attr': 'id', 'table_description': 'A subject, from a versioned table with the codes that standards have for it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=40)),
                ('name', fields.CharField(max_length=60)),
            ],
            options={'table': 'channel', 'schema': 'cases', 'app': 'cases', 'pk_attr': 'id', 'table_description': 'A way in which cases arrive.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CaseRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=21)),
                ('series', fields.CharEnumField(default=Series.ORDINARY, description='ORDINARY: ORDINARY\nSEALED: SEALED', enum_type=Series, max_length=8)),
                ('kind', fields.CharEnumField(description='CONSULT: CONSULT\nHELP: HELP\nCOMPLAINT: COMPLAINT\nTIP_OFF: TIP_OFF\nSUGGESTION: SUGGESTION', enum_type=CaseKind, max_length=10)),
                ('channel', fields.ForeignKeyField('cases.ChannelRow', source_field='channel_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('category', fields.ForeignKeyField('cases.CategoryRow', source_field='category_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('urgency', fields.CharEnumField(default=Urgency.ROUTINE, description='ROUTINE: ROUTINE\nURGENT: URGENT\nEMERGENCY: EMERGENCY', enum_type=Urgency, max_length=9)),
                ('origin', fields.CharEnumField(default=Origin.REACTIVE, description='REACTIVE: REACTIVE\nPROACTIVE: PROACTIVE', enum_type=Origin, max_length=9)),
                ('title', fields.CharField(max_length=200)),
                ('description', fields.TextField(unique=False)),
                ('status', fields.CharEnumField(description='REPORTED: REPORTED\nACCEPTED: ACCEPTED\nDECLINED: DECLINED\nWITHDRAWN: WITHDRAWN\nMERGED: MERGED\nDISPATCHED: DISPATCHED\nRETURNED: RETURNED\nHANDLING: HANDLING\nSUSPENDED: SUSPENDED\nREPLIED: REPLIED\nCLOSED: CLOSED\nVOIDED: VOIDED', enum_type=Status, max_length=10)),
                ('requester', fields.ForeignKeyField('people.PersonRow', source_field='requester_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('filed_by', fields.ForeignKeyField('people.PersonRow', source_field='filed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('anonymous', fields.BooleanField(default=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('longitude', fields.FloatField(null=True)),
                ('latitude', fields.FloatField(null=True)),
                ('place_source', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('address', fields.CharField(null=True, max_length=200)),
                ('lead_unit', fields.ForeignKeyField('units.UnitRow', source_field='lead_unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('accused_unit', fields.ForeignKeyField('units.UnitRow', source_field='accused_unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('self_handled', fields.BooleanField(default=False)),
                ('settled_level', fields.CharEnumField(null=True, description='GRID: GRID\nVILLAGE: VILLAGE\nTOWN: TOWN\nCOUNTY: COUNTY', enum_type=SettlementLevel, max_length=7)),
                ('reported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('settled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reply', fields.TextField(null=True, unique=False)),
                ('replied_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('rating', fields.SmallIntField(null=True)),
                ('solved', fields.BooleanField(null=True)),
                ('rating_comment', fields.CharField(null=True, max_length=2000)),
                ('reopenings', fields.SmallIntField(default=0)),
                ('previous', fields.ForeignKeyField('cases.CaseRow', source_field='previous_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'case', 'schema': 'cases', 'app': 'cases', 'pk_attr': 'id', 'table_description': 'A matter that somebody raised.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='CounterRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('county', fields.CharField(max_length=6)),
                ('day', fields.DateField()),
                ('series', fields.CharEnumField(description='ORDINARY: ORDINARY\nSEALED: SEALED', enum_type=Series, max_length=8)),
                ('given', fields.IntField()),
            ],
            options={'table': 'counter', 'schema': 'cases', 'app': 'cases', 'unique_together': (('county', 'day', 'series'),), 'pk_attr': 'id', 'table_description': 'The last number given in a county, on a day, in a series.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='EventRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('type', fields.CharField(max_length=60)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('audience', fields.CharEnumField(default=Audience.PUBLIC, description='PUBLIC: PUBLIC\nSTAFF: STAFF', enum_type=Audience, max_length=6)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('role', fields.CharField(null=True, max_length=60)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('note', fields.TextField(null=True, unique=False)),
                ('data', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'event', 'schema': 'cases', 'app': 'cases', 'pk_attr': 'id', 'table_description': 'One step of a case: what, when, by whom, and what they noted.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SupportRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'support', 'schema': 'cases', 'app': 'cases', 'unique_together': (('case', 'unit'),), 'pk_attr': 'id', 'table_description': 'A unit that helps the lead unit with a case.'},
            bases=['Model'],
        ),
    ]
