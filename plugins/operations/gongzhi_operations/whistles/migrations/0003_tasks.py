from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0003_deadlines'), ('emergency', '0002_powers'), ('grids', '0002_tree'), ('units', '0002_indexes'), ('whistles', '0002_indexes')]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name='TaskRow',
            options={'table': 'task', 'schema': 'whistles', 'app': 'whistles', 'pk_attr': 'id', 'table_description': 'What one unit does by when, by one version of the plan, and what came of it.'},
        ),
        ops.AddField(
            model_name='TaskRow',
            name='done_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='TaskRow',
            name='done_by',
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name='TaskRow',
            name='result',
            field=fields.TextField(null=True, unique=False),
        ),
    ]
