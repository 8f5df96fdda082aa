"""Where rows of safety lie, and the indexes that find them."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("safety", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("safety.checklist"),
                *levels("safety.checklist", "since", "id"),
                # One edition is in force at a time.
                "create unique index on safety.checklist (grid_id, trade) where until is null",
                *locate("safety.site"),
                *levels("safety.site", "registered_at", "id"),
                "create index on safety.site (unit_id, registered_at, id)",
                # A code is free again once its site is closed.
                "create unique index on safety.site (county_id, code) where closed_at is null",
                "create index on safety.inspection (site_id, at, id)",
                *locate("safety.hazard"),
                *levels("safety.hazard", "due_at", "id"),
                "create index on safety.hazard (unit_id, due_at, id)",
                "create index on safety.hazard (site_id, due_at, id)",
                "create index on safety.hazard (found_at)",
                # Of a site and an item one is open at a time, whoever finds it first.
                "create unique index on safety.hazard (site_id, code) where closed_at is null",
                # What the job looks for.
                "create index on safety.hazard (county_id, due_at) where state='OPEN'",
                "create index on safety.step (hazard_id, recorded_at, id)",
            ]
        )
    ]
