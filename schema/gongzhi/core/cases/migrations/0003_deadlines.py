"""When the next clock of a case ends, and the indexes that put cases in this order."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import datetime
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields

from gongzhi.declare.located import levels

class Migration(migrations.Migration):
    dependencies = [('cases', '0002_indexes'), ('grids', '0002_tree'), ('people', '0002_indexes'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name='CaseRow',
            options={'table': 'case', 'schema': 'cases', 'app': 'cases', 'pk_attr': 'id', 'table_description': 'A matter that somebody raised. `warn_at` and `due_at` are set by whoever reckons deadlines (`deadlines.py`).'},
        ),
        ops.AddField(
            model_name='CaseRow',
            name='due_at',
            field=fields.DatetimeField(default=datetime.datetime.fromisoformat('9999-12-31T23:59:59.999999+00:00'), db_default=SqlDefault("'infinity'"), auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CaseRow',
            name='warn_at',
            field=fields.DatetimeField(default=datetime.datetime.fromisoformat('9999-12-31T23:59:59.999999+00:00'), db_default=SqlDefault("'infinity'"), auto_now=False, auto_now_add=False),
        ),
        # NULLs would fall out of lists; a case without a clock comes last.
        ops.RunSQL(
            [
                *levels("cases.case", "due_at", "id"),
                "create index on cases.case (due_at, id)",
                "create index on cases.case (lead_unit_id, due_at, id)",
            ]
        ),
    ]
