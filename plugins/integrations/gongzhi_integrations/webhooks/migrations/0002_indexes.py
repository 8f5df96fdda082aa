"""Where endpoints lie, and what waits for each, case by case."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("webhooks.webhook"),
                *levels("webhooks.webhook", "created_at", "id"),
                "create index on webhooks.delivery (webhook_id, at, id)",
                "create index on webhooks.delivery (webhook_id, position) where state = 'WAITING'",
                "create index on webhooks.delivery (webhook_id, case_id, position) where state = 'WAITING'",
                "create index on webhooks.delivery (at) where state <> 'WAITING'",
            ]
        )
    ]
