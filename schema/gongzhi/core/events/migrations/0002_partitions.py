"""The outbox in months, so that old ones can be dropped whole; and the one row that counts positions."""

from tortoise import migrations
from tortoise.migrations import operations as ops

OUTBOX = """
create table events.outbox (
  id uuid not null,
  seq bigint not null generated always as identity,
  position bigint,
  type varchar(60) not null,
  version smallint not null,
  at timestamptz not null,
  actor varchar(8) not null,
  internal boolean not null default false,
  grid_id int, county_id int, town_id int, village_id int, grid_1_id int, grid_2_id int, grid_3_id int,
  case_id uuid,
  data jsonb not null,
  primary key (id, at)
) partition by range (at)
"""

# What was written for a month that nobody has made yet waits in `outbox_other`, and moves when it is made.
PARTITION = """
create function events.partition(month date) returns void language plpgsql as $$
declare
  name text := 'outbox_' || to_char(month, 'YYYY_MM');
  low timestamptz := month::timestamp at time zone 'UTC';
  high timestamptz := (month + interval '1 month')::timestamp at time zone 'UTC';
begin
  if to_regclass('events.' || name) is not null then
    return;
  end if;
  execute format('create table events.%I (like events.outbox including all excluding identity)', name);
  execute format('with moved as (delete from events.outbox_other where at >= %L and at < %L returning *) '
                 'insert into events.%I select * from moved', low, high, name);
  execute format('alter table events.outbox attach partition events.%I for values from (%L) to (%L)', name, low, high);
end $$
"""

# Each statement of the function sees what was committed before it began. The counter's lock makes those who number
# take turns, so a position is visible no sooner than all before it.
NUMBER = """
create function events.number(most int) returns int language plpgsql as $$
declare
  base bigint;
  found int;
begin
  select given into base from events.counter for update;
  with fresh as (
    select id, at, row_number() over (order by seq) as place
    from (select id, at, seq from events.outbox where position is null order by seq limit most) waiting
  )
  update events.outbox o set position = base + fresh.place from fresh where o.id = fresh.id and o.at = fresh.at;
  get diagnostics found = row_count;
  if found > 0 then
    update events.counter set given = base + found;
    perform pg_notify('gongzhi_numbered', (base + found)::text);
  end if;
  return found;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                "drop table events.outbox",
                OUTBOX,
                "create table events.outbox_other partition of events.outbox default",
                "create index on events.outbox (position) where position is not null",
                "create index on events.outbox (seq) where position is null",
                PARTITION,
                NUMBER,
                "insert into events.counter (id, given, gone) values (1, 0, 0)",
                "create index on events.job (due_at) where state = 'WAITING'",
                "create index on events.job (state, due_at, id)",
            ]
        )
    ]
