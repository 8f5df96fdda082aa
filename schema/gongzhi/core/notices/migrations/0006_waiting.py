"""Notices that wait for channels stand in a table of their own, so that each notice is written once.

A server of the version before hands nothing to channels meanwhile; the new one takes up what it writes.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

LEVELS = ("grid_1_id", "grid_2_id", "grid_3_id")
WAIT = """
create function notices.wait() returns trigger language plpgsql as $$ begin
  insert into notices.waiting (id, due_at) values (new.id, coalesce(new.due_at, new.at));
  new.pending := false;
  return new;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0005_address_book")]

    operations = [
        ops.RunSQL(
            [
                "create table notices.waiting (id uuid primary key, due_at timestamptz not null)",
                "create index on notices.waiting (due_at, id)",
                "alter table notices.waiting set (autovacuum_vacuum_scale_factor = 0)",
                "insert into notices.waiting (id, due_at) select id, coalesce(due_at, at) from notices.notice where pending",
                "update notices.notice set pending = false where pending",
                WAIT,
                "create trigger wait before insert on notices.notice for each row when (new.pending) "
                "execute function notices.wait()",
                "drop index if exists notices.notice_coalesce_id_idx",
                # Most notices are for a village or a town, and have no grids below.
                *(f"drop index notices.notice_{level}_office_at_id_idx" for level in LEVELS),
                *(
                    f"create index on notices.notice ({level}, office, at, id) "
                    f"where office is not null and {level} is not null"
                    for level in LEVELS
                ),
            ]
        ),
    ]
