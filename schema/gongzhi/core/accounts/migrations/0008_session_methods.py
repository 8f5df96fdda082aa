"""How the owner of a session showed who they are."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault

class Migration(migrations.Migration):
    dependencies = [('accounts', '0007_key_limits'), ('grids', '0003_counties'), ('people', '0006_contested'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.AddField(
            model_name='SessionRow',
            name='methods',
            field=ArrayField(default=list, db_default=SqlDefault("'{}'"), element_type='TEXT'),
        ),
    ]
