"""Where early signs lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("statistics", "0008_signs"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("statistics.sign"),
                *levels("statistics.sign", "found_at", "id"),
                # Of a place and a subject one is under way at a time, whichever sweep finds it first.
                "create unique index on statistics.sign (grid_id, code) where ended_at is null",
            ]
        )
    ]
