"""A month's partition is made while nobody reads events either, so that nobody misses those that are moved into it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# PostgreSQL looks up the partitions of a table before it waits for a lock of one of them. Whoever waited for the rows
# in `outbox_other` to be moved found them neither there nor in a month that they did not know of. So they wait for the
# table itself, and look up its months afterwards. Nobody waits for longer: attaching waits for all who read anyway.
PARTITION = """
create or replace function events.partition(month date) returns void language plpgsql as $$
declare
  name text := 'outbox_' || to_char(month, 'YYYY_MM');
  low timestamptz := month::timestamp at time zone 'UTC';
  high timestamptz := (month + interval '1 month')::timestamp at time zone 'UTC';
begin
  if to_regclass('events.' || name) is not null then
    return;
  end if;
  lock table only events.outbox, only events.outbox_other in access exclusive mode;
  if to_regclass('events.' || name) is not null then
    return;  -- another process was faster
  end if;
  execute format('create table events.%I (like events.outbox including all excluding identity)', name);
  execute format('with moved as (delete from events.outbox_other where at >= %L and at < %L returning *) '
                 'insert into events.%I select * from moved', low, high, name);
  execute format('alter table events.outbox attach partition events.%I for values from (%L) to (%L)', name, low, high);
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0005_epochs")]

    operations = [ops.RunSQL(PARTITION)]
