"""Where social organisations, volunteers and purchases lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("ties", "0003_community"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("ties.organisation"),
                *levels("ties.organisation", "name", "id"),
                # A code is free again once its organisation is deregistered.
                "create unique index on ties.organisation (uscc) where deregistered_on is null",
                *locate("ties.served"),
                *levels("ties.served", "id"),
                *locate("ties.volunteer"),
                *levels("ties.volunteer", "since", "id"),
                *locate("ties.purchase"),
                *levels("ties.purchase", "recorded_at", "id"),
                "create index on ties.purchase (unit_id, recorded_at, id)",
                "alter table ties.purchase add constraint amount check (amount_fen > 0)",
                "alter table ties.purchase add constraint accepted "
                "check ((state='ACCEPTED') = (accepted_at is not null) and "
                "(accepted_by is null or delivered_by is null or accepted_by<>delivered_by))",
            ]
        )
    ]
