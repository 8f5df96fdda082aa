"""The index that finds the cases of a county that were settled at a level."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_ratings")]

    operations = [
        ops.RunSQL(
            "create index on cases.case (county_id, settled_level, reported_at, id) where settled_level is not null"
        )
    ]
