"""API keys count at some addresses alone, and at public keys of their holders."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault

class Migration(migrations.Migration):
    dependencies = [('accounts', '0006_fingerprints'), ('grids', '0003_counties'), ('people', '0006_contested'), ('units', '0002_indexes')]

    initial = False

    operations = [
        ops.AddField(
            model_name='KeyRow',
            name='networks',
            field=ArrayField(default=list, db_default=SqlDefault("'{}'"), element_type='TEXT'),
        ),
        ops.AddField(
            model_name='KeyRow',
            name='public_keys',
            field=ArrayField(default=list, db_default=SqlDefault("'{}'"), element_type='TEXT'),
        ),
    ]
