"""The inbox by addressee, and where notices lie."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import LEVELS, locate


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("notices.notice"),
                "alter table notices.notice add constraint addressed check "
                "(num_nonnulls(person_id, account, unit_id, office) = 1)",
                "create index on notices.notice (person_id, at, id) where person_id is not null",
                "create index on notices.notice (account, at, id) where account is not null",
                "create index on notices.notice (unit_id, at, id) where unit_id is not null",
                *(
                    f"create index on notices.notice ({level}, office, at, id) where office is not null"
                    for level in LEVELS
                ),
            ]
        )
    ]
