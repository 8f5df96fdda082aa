from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.cases.models import Urgency
from gongzhi_devices.models import AlarmChange, AlarmState, Trigger
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0008_similar'), ('grids', '0003_counties'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='devices'),
        ops.CreateModel(
            name='KindRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('county', fields.ForeignKeyField('grids.GridRow', source_field='county_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=24)),
                ('name', fields.CharField(max_length=60)),
                ('measures', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'kind', 'schema': 'devices', 'app': 'devices', 'pk_attr': 'id', 'table_description': 'A kind of device: what it measures, each a number. Without a county it is one of those that ship.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DeviceRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=40)),
                ('name', fields.CharField(max_length=100)),
                ('kind', fields.ForeignKeyField('devices.KindRow', source_field='kind_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('keeper', fields.CharField(max_length=100)),
                ('longitude', fields.FloatField(null=True)),
                ('latitude', fields.FloatField(null=True)),
                ('registered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('seen_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('offline_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('silenced_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('retired_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'device', 'schema': 'devices', 'app': 'devices', 'pk_attr': 'id', 'table_description': 'A device that stays where it is. `seen_at` is when it last reported, by the time of the reading.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='GaugeRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('device', fields.ForeignKeyField('devices.DeviceRow', source_field='device_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('measure', fields.CharField(max_length=24)),
                ('value', fields.FloatField(null=True)),
                ('at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'gauge', 'schema': 'devices', 'app': 'devices', 'unique_together': (('device', 'measure'),), 'pk_attr': 'id', 'table_description': 'One measure of one device, with its last reading.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReadingRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('gauge', fields.ForeignKeyField('devices.GaugeRow', source_field='gauge_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('value', fields.FloatField()),
                ('sequence', fields.BigIntField(null=True)),
            ],
            options={'table': 'reading', 'schema': 'devices', 'app': 'devices', 'unique_together': (('gauge', 'at'),), 'pk_attr': 'id', 'table_description': 'A number that a device read. Kept for the days that the county has set; small, for there are many.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RuleRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.ForeignKeyField('devices.KindRow', source_field='kind_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('trigger', fields.CharEnumField(description='ABOVE: ABOVE\nBELOW: BELOW\nSILENT: SILENT', enum_type=Trigger, max_length=6)),
                ('measure', fields.CharField(null=True, max_length=24)),
                ('threshold', fields.FloatField(null=True)),
                ('minutes', fields.IntField()),
                ('quiet_from', fields.CharField(null=True, max_length=5)),
                ('quiet_until', fields.CharField(null=True, max_length=5)),
                ('urgency', fields.CharEnumField(description='ROUTINE: ROUTINE\nURGENT: URGENT\nEMERGENCY: EMERGENCY', enum_type=Urgency, max_length=9)),
                ('category', fields.ForeignKeyField('cases.CategoryRow', source_field='category_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('defined_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'rule', 'schema': 'devices', 'app': 'devices', 'pk_attr': 'id', 'table_description': 'What of a kind of device raises an alarm, in a grid and all below, from `defined_at` to `ended_at`.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='AlarmRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('device', fields.ForeignKeyField('devices.DeviceRow', source_field='device_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('rule', fields.ForeignKeyField('devices.RuleRow', source_field='rule_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('state', fields.CharEnumField(description='ACTIVE: ACTIVE\nRECOVERED: RECOVERED', enum_type=AlarmState, max_length=9)),
                ('value', fields.FloatField(null=True)),
                ('times', fields.IntField(default=1)),
                ('raised_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('last_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('recovered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('told', fields.CharEnumField(description='RAISED: RAISED\nREPEATED: REPEATED\nRECOVERED: RECOVERED', enum_type=AlarmChange, max_length=9)),
                ('told_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('acknowledged_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('acknowledged_by', fields.CharField(null=True, max_length=100)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'alarm', 'schema': 'devices', 'app': 'devices', 'pk_attr': 'id', 'table_description': 'What a rule found at a device. While its case is under way, what is found again is counted here.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='BreachRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('device', fields.ForeignKeyField('devices.DeviceRow', source_field='device_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('rule', fields.ForeignKeyField('devices.RuleRow', source_field='rule_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'breach', 'schema': 'devices', 'app': 'devices', 'unique_together': (('device', 'rule'),), 'pk_attr': 'id', 'table_description': 'A device that is at the moment beyond what a rule allows, since when; it need not be an alarm yet.'},
            bases=['Model'],
        ),
    ]
