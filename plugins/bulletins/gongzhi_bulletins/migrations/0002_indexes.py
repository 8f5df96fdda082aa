"""Where rows of bulletins lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("bulletins", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("bulletins.bulletin"),
                *levels("bulletins.bulletin", "published_at", "id"),
                "create index on bulletins.bulletin (published_at, id) where audience='PUBLIC' and withdrawn_at is null",
                "create unique index on bulletins.receipt (bulletin_id, digest)",
                *locate("bulletins.affair"),
                *levels("bulletins.affair", "declared_at", "id"),
                *locate("bulletins.disclosure"),
                *levels("bulletins.disclosure", "due_on", "id"),
                "create index on bulletins.disclosure (due_on, id) where state in ('DUE','SIGNING')",
                *locate("bulletins.figure"),
                "create index on bulletins.warning (sent, id) where handled_at is null",
            ]
        )
    ]
