"""Where people's rows lie, and the indexes that find them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("people.person"),
                *locate("people.household"),
                *locate("people.visit"),
                *levels("people.person", "name", "id"),
                *levels("people.household", "number", "id"),
                *levels("people.household", "visit_due_on", "id"),
                *levels("people.visit", "at", "id"),
                "create unique index on people.person (county_id, resident_id_blind)",
                "create index on people.person using gin (gongzhi.grams(name))",
                "create index on people.person (batch_id) where batch_id is not null",
                "create index on people.household (batch_id) where batch_id is not null",
                "create index on people.phone (person_id, rank, id)",
                "create index on people.phone (blind)",
                "create index on people.visit (household_id, at, id)",
                "create index on people.tier (household_id, decided_at, id)",
                "create unique index on people.membership (person_id) where until is null",
            ]
        )
    ]
