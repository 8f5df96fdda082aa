from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_operations.supervision.models import Level, State
from gongzhi_deadlines.worktime import Unit
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0003_deadlines'), ('grids', '0002_tree'), ('units', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='supervision'),
        ops.CreateModel(
            name='RuleRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('county', fields.ForeignKeyField('grids.GridRow', source_field='county_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('level', fields.CharEnumField(description='REMINDER: REMINDER\nSUPERVISION: SUPERVISION\nLISTED: LISTED', enum_type=Level, max_length=11)),
                ('overdue', fields.IntField()),
                ('overdue_unit', fields.CharEnumField(description='MINUTE: MINUTE\nHOUR: HOUR\nDAY: DAY\nWORKING_MINUTE: WORKING_MINUTE\nWORKING_HOUR: WORKING_HOUR\nWORKING_DAY: WORKING_DAY', enum_type=Unit, max_length=14)),
                ('reply', fields.IntField()),
                ('reply_unit', fields.CharEnumField(description='MINUTE: MINUTE\nHOUR: HOUR\nDAY: DAY\nWORKING_MINUTE: WORKING_MINUTE\nWORKING_HOUR: WORKING_HOUR\nWORKING_DAY: WORKING_DAY', enum_type=Unit, max_length=14)),
                ('basis', fields.CharField(max_length=300)),
                ('since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'rule', 'schema': 'supervision', 'app': 'supervision', 'pk_attr': 'id', 'table_description': 'When a clock that has run out is supervised, and how long the unit has to answer. Without a county: all.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SupervisionRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('unit', fields.ForeignKeyField('units.UnitRow', source_field='unit_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('level', fields.CharEnumField(description='REMINDER: REMINDER\nSUPERVISION: SUPERVISION\nLISTED: LISTED', enum_type=Level, max_length=11)),
                ('state', fields.CharEnumField(default=State.OPEN, description='OPEN: OPEN\nANSWERED: ANSWERED\nLIFTED: LIFTED', enum_type=State, max_length=8)),
                ('rule', fields.ForeignKeyField('supervision.RuleRow', source_field='rule_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('reason', fields.TextField(null=True, unique=False)),
                ('issued_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('issued_by', fields.CharField(null=True, max_length=100)),
                ('warn_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reply_due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reply', fields.TextField(null=True, unique=False)),
                ('replied_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('replied_by', fields.CharField(null=True, max_length=100)),
                ('lifted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('lifted_by', fields.CharField(null=True, max_length=100)),
                ('lifted_why', fields.TextField(null=True, unique=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'supervision', 'schema': 'supervision', 'app': 'supervision', 'pk_attr': 'id', 'table_description': 'Somebody above asks the unit that has a case what is done about it. Without a unit, its dispatchers.'},
            bases=['Model'],
        ),
    ]
