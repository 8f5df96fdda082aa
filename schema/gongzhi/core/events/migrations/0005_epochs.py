"""The database knows its epochs: a restored one gives positions anew, and says from where on."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# What is there of a database that nobody can copy with its rows: the cluster, its timeline, and where the table lies. A
# dump that is restored makes another table, recovery from an archive and a replica that takes over another timeline.
OPEN = """
create function events.open_epoch() returns jsonb language plpgsql as $$
declare
  here text := encode(sha256(convert_to(concat_ws(' ',
    (select system_identifier from pg_control_system()), left(pg_walfile_name(pg_current_wal_lsn()), 8),
    (select oid from pg_database where datname = current_database()), 'events.counter'::regclass::oid), 'UTF8')), 'hex');
  found jsonb;
begin
  select epochs into found from events.counter;
  if found -> -1 ->> 'here' is distinct from here then
    update events.counter set epochs = coalesce(epochs, '[]') || jsonb_build_object(
      'id', ('x' || left(replace(gen_random_uuid()::text, '-', ''), 6))::bit(24)::int | 8388608, 'began', given, 'here', here)
    where epochs -> -1 ->> 'here' is distinct from here;
    select epochs into found from events.counter;
  end if;
  return found;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0004_months")]

    operations = [
        ops.AddField(model_name="CounterRow", name="epochs", field=fields.JSONField(null=True)),
        ops.RunSQL(OPEN),
    ]
