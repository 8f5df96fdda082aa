"""Where centres lie; a grid has one at a time."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("centers", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("centers.center"),
                *levels("centers.center", "name", "id"),
                "create unique index on centers.center (grid_id) where valid_to is null",
            ]
        )
    ]
