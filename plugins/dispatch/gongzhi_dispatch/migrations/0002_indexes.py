"""Where directory entries lie, what may be there once only, and the indexes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import locate

LIVE = "state in ('ISSUED', 'ACKNOWLEDGED', 'HANDLING', 'SUSPENDED')"


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial"), ("cases", "0008_similar")]

    operations = [
        ops.RunSQL(
            [
                *locate("dispatch.rule"),
                *locate("dispatch.duty"),
                "create unique index on dispatch.rule (category_id, grid_id) where valid_to is null",
                "create index on dispatch.rule (weight, id)",
                "create index on dispatch.rule (valid_from, id)",
                "create index on dispatch.duty (county_id, category_id)",
                "create unique index on dispatch.duty (category_id, grid_id) where valid_to is null",
                f"create unique index on dispatch.work_order (case_id, unit_id) where {LIVE}",
                f"create unique index on dispatch.work_order (case_id) where role = 'LEAD' and {LIVE}",
                "create index on dispatch.work_order (case_id, issued_at, id)",
                "create index on dispatch.work_order (unit_id, due_at, id)",
                "create index on dispatch.work_order (unit_id, issued_at, id)",
                f"create index on dispatch.work_order (unit_id, due_at, id) where {LIVE}",
                "create unique index on dispatch.objection (order_id)",
                "create index on dispatch.objection (case_id, filed_at, id)",
                "create index on dispatch.objection (due_at, id)",
                "create index on dispatch.objection (due_at, id) where ruling = 'OPEN'",
                "create unique index on dispatch.approval (case_id, kind) where state = 'PENDING'",
                "create index on dispatch.approval (case_id, requested_at, id)",
                "create index on dispatch.approval (requested_at, id)",
                "create index on dispatch.approval (requested_at, id) where state = 'PENDING'",
                "create unique index on dispatch.merge (case_id) where undone_at is null",
                "create index on dispatch.merge (into_id)",
                "create index on dispatch.follow_up (case_id, at, id)",
            ]
        )
    ]
