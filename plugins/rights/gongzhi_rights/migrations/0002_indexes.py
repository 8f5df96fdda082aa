"""Where rows about rights lie, the indexes that find them, and the view of every decision."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import locate
from gongzhi_rights.trace import VIEW

TABLES = ("representative", "consent", "decision", "review", "demand", "release")

# Where rights is installed later than the core, the columns are gone already, and with them nothing to move.
CONTESTS = """
do $$ begin
if exists(select from pg_attribute
  where attrelid = 'people.tier'::regclass and attname = 'contested_at' and not attisdropped) then
insert into rights.review (id, decision_id, household_id, grid_id, asked_at, reason, due_at, state, version)
select gen_random_uuid(), t.id, t.household_id, h.grid_id, t.contested_at, t.contest_reason,
  t.contested_at + interval '15 days', 'OPEN', 1
from people.tier t join people.household h on h.id = t.household_id where t.contested_at is not null;
end if;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("rights", "0001_initial"), ("people", "0003_restricted"), ("grids", "0002_tree")]
    run_before = [("people", "0004_contests")]  # which drops what is moved here

    operations = [
        ops.RunSQL(
            [
                *(one for table in TABLES for one in locate(f"rights.{table}")),
                "create index on rights.consent (person_id, purpose, recipient, given_at)",
                "create index on rights.consent (county_id, given_at, id)",
                "create index on rights.decision (person_id, at, id) where person_id is not null",
                "create index on rights.decision (household_id, at, id) where household_id is not null",
                "create unique index on rights.review (decision_id) where state = 'OPEN'",
                "create index on rights.review (decision_id, asked_at, id)",
                "create index on rights.review (county_id, due_at, id)",
                "create index on rights.review (person_id)",
                "create index on rights.review (household_id)",
                "create index on rights.review (asked_by_id)",
                "create index on rights.demand (county_id, due_at, id)",
                "create index on rights.demand (person_id, asked_at, id)",
                "create index on rights.demand (asked_by_id)",
                "create index on rights.release (person_id, recipient, given_at, id)",
                VIEW,
                CONTESTS,
            ]
        )
    ]
