"""A month's partition is made while nobody writes events, so that none is sent to where it no longer belongs."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Whoever writes waits for the lock and finds the new partition; who has written already is waited for, and their rows are
# moved. Without it a row that was on its way to `outbox_other` broke the constraint that attaching gives it, and the
# command that wrote it failed. Readers are not held up.
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
  lock table only events.outbox, only events.outbox_other in exclusive mode;
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
    dependencies = [("events", "0003_resumption")]

    operations = [ops.RunSQL(PARTITION)]
