"""A month's partition is made while nobody reads looks or acts either, so that nobody misses those that are moved."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# As for events (0006_moved_rows): who waits for a lock of a partition has looked up the partitions before.
PARTITION = """
create or replace function access.partition(month date) returns void language plpgsql as $$
declare
  part text;
  name text;
  low uuid := access.first_id(month::timestamp at time zone 'UTC');
  high uuid := access.first_id((month + interval '1 month')::timestamp at time zone 'UTC');
begin
  foreach part in array array['look', 'act'] loop
    name := part || to_char(month, '"_"YYYY_MM');
    continue when to_regclass('access.' || name) is not null;
    execute format('lock table only access.%I, only access.%I in access exclusive mode', part, part || '_other');
    continue when to_regclass('access.' || name) is not null;  -- another process was faster
    execute format('create table access.%I (like access.%I including all) with (%s)', name, part, access.storage(part));
    execute format('with moved as (delete from access.%I where id >= %L and id < %L returning *) '
                   'insert into access.%I select * from moved', part || '_other', low, high, name);
    execute format('alter table access.%I attach partition access.%I for values from (%L) to (%L)', part, name, low, high);
  end loop;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0007_months")]

    operations = [ops.RunSQL(PARTITION)]
