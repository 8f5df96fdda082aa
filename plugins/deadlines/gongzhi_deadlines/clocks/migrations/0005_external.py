"""A deadline that another system has set runs by no rule."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_deadlines.clocks.models import Stage
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('calendars', '0001_initial'), ('cases', '0008_similar'), ('clocks', '0004_towns'), ('grids', '0003_counties'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='ClockRow',
            name='rule',
            field=fields.ForeignKeyField('clocks.RuleRow', source_field='rule_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AlterField(
            model_name='ClockRow',
            name='stage',
            field=fields.CharEnumField(description='RESPOND: RESPOND\nACCEPT: ACCEPT\nDISPATCH: DISPATCH\nCONTACT: CONTACT\nHANDLE: HANDLE\nREPLY: REPLY\nFOLLOW_UP: FOLLOW_UP\nGRACE: GRACE\nEXTERNAL: EXTERNAL', enum_type=Stage, max_length=9),
        ),
        ops.AlterField(
            model_name='RuleRow',
            name='stage',
            field=fields.CharEnumField(description='RESPOND: RESPOND\nACCEPT: ACCEPT\nDISPATCH: DISPATCH\nCONTACT: CONTACT\nHANDLE: HANDLE\nREPLY: REPLY\nFOLLOW_UP: FOLLOW_UP\nGRACE: GRACE\nEXTERNAL: EXTERNAL', enum_type=Stage, max_length=9),
        ),
    ]
