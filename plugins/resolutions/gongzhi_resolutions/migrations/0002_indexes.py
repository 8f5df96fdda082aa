"""Where resolutions hold, and the indexes that find them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("resolutions", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("resolutions.resolution"),
                *levels("resolutions.resolution", "decided_on", "id"),
                "create index on resolutions.resolution using gin (adopts)",
            ]
        )
    ]
