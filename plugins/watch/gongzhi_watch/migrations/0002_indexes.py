"""Where rows of watch lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("watch", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("watch.rule"),
                *levels("watch.rule", "since", "id"),
                # One edition is in force at a time.
                "create unique index on watch.rule (grid_id, subject) where until is null",
                *locate("watch.entry"),
                *levels("watch.entry", "due_at", "id"),
                # Of a household one is open at a time, whoever asks first.
                "create unique index on watch.entry (household_id) where closed_at is null",
                "create index on watch.entry (asked_at)",
                # What the job looks for.
                "create index on watch.entry (county_id, due_at) where closed_at is null",
                *locate("watch.measure"),
                *levels("watch.measure", "due_on", "id"),
                "create index on watch.measure (unit_id, due_on, id)",
                "create index on watch.measure (county_id, due_on) where state='PLANNED'",
                "create index on watch.step (watch_id, at, id)",
                *locate("watch.error"),
                *levels("watch.error", "asked_at", "id"),
                "create index on watch.error (official, asked_at, id)",
                "create index on watch.error (asked_by, asked_at, id)",
                "create index on watch.error (unit_id, asked_at, id)",
            ]
        )
    ]
