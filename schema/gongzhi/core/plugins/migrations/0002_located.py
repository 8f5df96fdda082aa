"""Where activations lie, and that one of them holds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import locate


class Migration(migrations.Migration):
    dependencies = [("plugins", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("plugins.activation"),
                "create unique index on plugins.activation (plugin, grid_id) where until is null",
                "create index on plugins.activation (since, id)",
            ]
        )
    ]
