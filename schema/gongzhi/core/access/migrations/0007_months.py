"""Looks and mutations in months, by the time that their ids begin with, so that old ones can go whole.

A batch says between which keys its entries are. Mutations that are in no batch stand in a table of their own, so that
sealing one changes no index.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

FIRST = """
create function access.first_id(at timestamptz) returns uuid language sql immutable strict
return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
"""
# Acts are written twice, and the second time beside the first if there is room. People's keys cannot be made shorter: kept
# beside the row they would be tried in vain, cut into pieces and indexed.
STORAGE = """
create function access.storage(part text) returns text language sql immutable
return case part when 'act' then 'fillfactor = 85' else 'toast_tuple_target = 8160' end
"""
# What is there becomes a partition of its own that ends now. Ids of another making, and of a clock that is ahead, move.
DIVIDE = """
do $$
declare
  part text;
  found record;
  used boolean;
  low timestamptz := clock_timestamp();
  high timestamptz := (date_trunc('month', low at time zone 'UTC') + interval '1 month') at time zone 'UTC';
begin
  foreach part in array array['look', 'act'] loop
    execute format('alter table access.%I rename to %I', part, part || '_before');
    for found in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = format('access.%I', part || '_before')::regclass loop
      execute format('alter index access.%I rename to %I', found.relname,
        part || '_before' || substr(found.relname, length(part) + 1));
    end loop;
    execute format('create table access.%I (like access.%I including defaults including comments) partition by range (id)',
      part, part || '_before');
    execute format('alter table access.%I add constraint %I primary key (id)', part, part || '_pkey');
    for found in select conname, pg_get_constraintdef(oid) as made from pg_constraint
      where contype = 'f' and conrelid = format('access.%I', part || '_before')::regclass loop
      execute format('alter table access.%I add constraint %I %s', part, found.conname, found.made);
    end loop;
    execute format('create table access.%I partition of access.%I default with (%s)',
      part || '_other', part, access.storage(part));
    execute format('create table access.%I partition of access.%I for values from (%L) to (%L) with (%s)',
      part || to_char(low at time zone 'UTC', '"_"YYYY_MM'), part, access.first_id(low), access.first_id(high),
      access.storage(part));
    execute format('with moved as (delete from access.%I where id >= %L returning *) insert into access.%I select * from moved',
      part || '_before', access.first_id(low), part);
    execute format('select exists (select from access.%I)', part || '_before') into used;
    if used then
      execute format('alter table access.%I attach partition access.%I for values from (minvalue) to (%L)',
        part, part || '_before', access.first_id(low));
    else
      execute format('drop table access.%I', part || '_before');
    end if;
  end loop;
end $$
"""
# As `events.partition` does: nobody writes while rows move from where a month without a partition waits.
PARTITION = """
create function access.partition(month date) returns void language plpgsql as $$
declare
  part text;
  name text;
  low uuid := access.first_id(month::timestamp at time zone 'UTC');
  high uuid := access.first_id((month + interval '1 month')::timestamp at time zone 'UTC');
begin
  foreach part in array array['look', 'act'] loop
    name := part || to_char(month, '"_"YYYY_MM');
    continue when to_regclass('access.' || name) is not null;
    execute format('lock table only access.%I, only access.%I in exclusive mode', part, part || '_other');
    continue when to_regclass('access.' || name) is not null;  -- another process was faster
    execute format('create table access.%I (like access.%I including all) with (%s)', name, part, access.storage(part));
    execute format('with moved as (delete from access.%I where id >= %L and id < %L returning *) '
                   'insert into access.%I select * from moved', part || '_other', low, high, name);
    execute format('alter table access.%I attach partition access.%I for values from (%L) to (%L)', part, name, low, high);
  end loop;
end $$
"""
INDEXES = [
    "create index on access.look using gin (persons)",
    "create index on access.look (at, id)",
    "create index on access.look (account, at, id)",
    "create index on access.look (county_id, at, id)",
    "create index on access.act (account, at, id)",
    "create index on access.act using gin (persons) where persons is not null",
]
BOUNDS = """
update access.link l set low = e.low, high = e.high from (
  select link, min(id::text)::uuid as low, max(id::text)::uuid as high from access.look group by link
  union all select link, min(id::text)::uuid, max(id::text)::uuid from access.act group by link) e where e.link = l.id
"""
LOOSE = [
    "create table access.loose (id uuid primary key)",
    "insert into access.loose (id) select id from access.act where link is null",
    "create function access.wait_for_batch() returns trigger language plpgsql as $$ begin "
    "insert into access.loose (id) values (new.id); return null; end $$",
    "create trigger wait_for_batch after insert on access.act for each row when (new.link is null) "
    "execute function access.wait_for_batch()",
]
# Who is erased takes key and salt out of an entry, and leaves the commitment, made while it can be.
FORGET = [
    "create function access.unsalted(persons uuid[], salts bytea[], gone uuid) returns bytea[] language sql immutable "
    "return (select array_agg(case when u.p=gone then null else u.s end order by u.n) "
    "from unnest(persons, salts) with ordinality u(p, s, n))",
    "create function access.committed(entry uuid, persons uuid[], salts bytea[], commitments bytea[], gone uuid) "
    "returns bytea[] language sql stable return (select array_agg(case when u.p=gone then coalesce(u.c, "
    "sha256(coalesce(u.s, (select substr(sha256(uuid_send(o.look_secret)||uuid_send(entry)), 1, 16) "
    "from people.person o where o.id=gone))||uuid_send(gone))) else u.c end order by u.n) "
    "from unnest(persons, salts, commitments) with ordinality u(p, s, c, n))",
]


class Migration(migrations.Migration):
    dependencies = [("access", "0006_batches"), ("people", "0008_look_secret")]

    operations = [
        ops.RunSQL(
            [
                "drop index access.look_link_place_idx, access.act_link_place_idx, access.act_id_idx",
                FIRST,
                STORAGE,
                DIVIDE,
                *INDEXES,
                "alter table access.link add column low uuid, add column high uuid",
                PARTITION,
                BOUNDS,
                *LOOSE,
                *FORGET,
                "create table access.archive (name text primary key, path text not null, link bigint not null, "
                "low bigint not null, high bigint not null)",
                "alter table access.loose set (autovacuum_vacuum_scale_factor = 0)",
            ]
        ),
    ]
