from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree'), ('people', '0002_indexes')]

    initial = False

    operations = [
        ops.AddField(
            model_name='PersonRow',
            name='died_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='PersonRow',
            name='erased_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='PersonRow',
            name='restricted_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='TierRow',
            name='account',
            field=fields.CharField(null=True, max_length=100),
        ),
    ]
