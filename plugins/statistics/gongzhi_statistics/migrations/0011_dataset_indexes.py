"""Where open datasets lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("statistics", "0010_datasets"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("statistics.dataset"),
                *levels("statistics.dataset", "proposed_at", "id"),
                # Of a county's quarter one table is proposed or published at a time: two would tell by difference.
                "create unique index on statistics.dataset (grid_id, kind, since) "
                "where state in ('PROPOSED', 'PUBLISHED')",
            ]
        )
    ]
