"""The counties of the day, which are looked up to tell whether a plugin is on in all of them."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("grids", "0002_tree")]

    operations = [
        ops.RunSQL("create index grid_county on grids.grid (id) where kind = 'COUNTY' and valid_to is null"),
    ]
