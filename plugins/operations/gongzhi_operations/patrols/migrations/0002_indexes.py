"""Where patrols lie, whose they are, and what they became."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("patrols", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("patrols.patrol"),
                *levels("patrols.patrol", "at", "id"),
                "create index on patrols.patrol (patroller_id, at, id) where patroller_id is not null",
                "create index on patrols.patrol (case_id) where case_id is not null",
            ]
        )
    ]
