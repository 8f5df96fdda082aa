"""Whom a mutation was done to."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.fields import ArrayField

class Migration(migrations.Migration):
    dependencies = [("access", "0004_exported"), ("grids", "0002_tree"), ("people", "0004_contests"), ("units", "0002_indexes")]

    operations = [
        ops.AddField(
            model_name="ActRow",
            name="commitments",
            field=ArrayField(null=True, element_type="BYTEA"),
        ),
        ops.AddField(
            model_name="ActRow",
            name="persons",
            field=ArrayField(null=True, element_type="UUID"),
        ),
        ops.AddField(
            model_name="ActRow",
            name="salts",
            field=ArrayField(null=True, element_type="BYTEA"),
        ),
        ops.RunSQL(["create index on access.act using gin (persons) where persons is not null"]),
    ]
