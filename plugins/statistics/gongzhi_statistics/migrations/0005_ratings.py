"""Answers count by the rating each got, and whatever changes what a case counts for notes the case to be counted anew.

Before, a case's one rating was cleared when it was answered again, so that no figure could ever say "not solved". And
sums followed events: what moved a deadline without one, such as other rules or another calendar, reached them late or
not at all. Triggers note the case instead, whoever writes: commands, recounts, imports, sweeps, erasure.
"""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

FACT = (
    "case_id, sealed, county_id, town_id, village_id, category_id, channel_id, lead_unit_id, reported_on, "
    "completed_on, gone_on, due_on, timely, extended, heard, level, response, handling, orders, ratings"
)
KEY = "grid_id, dimension, sealed, monthly, day, value"
MEASURES = (
    "reported", "completed", "gone", "due", "met", "timely", "extended", "answered", "solved", "scored", "satisfied",
    "heard",
)  # fmt: skip
LISTED = ", ".join(MEASURES)
INTEGERS = ", ".join(f"{one} int" for one in MEASURES)
ZEROS = ", ".join("0" for _ in MEASURES)
CHANGES = ", ".join(f"sum(way * {one})" for one in MEASURES)
ADDED = ", ".join(f"{one} = rollup.{one} + excluded.{one}" for one in MEASURES)
LOCK = 0x66696775726573  # "figures": whoever counts waits for whoever counts, so that none waits in a circle

CURRENT = """
create view statistics.current as
select c.id as case_id, c.series = 'SEALED' or c.accused_unit_id is not null as sealed,
  c.county_id, c.town_id, c.village_id, coalesce(top.id, c.category_id) as category_id, c.channel_id, c.lead_unit_id,
  statistics.day(c.reported_at) as reported_on,
  case when done then statistics.day(c.settled_at) end as completed_on,
  case when gone then statistics.day(coalesce(e.gone_at, c.reported_at)) end as gone_on,
  case when not gone then statistics.day(k.due_at) end as due_on,
  coalesce(done and c.settled_at <= k.due_at, false) as timely,
  coalesce(k.extensions <> '[]', false) as extended,
  coalesce(done and r.last = c.replied_at, false) as heard,
  case when done then c.settled_level end as level,
  statistics.step(e.answered_at - c.reported_at) as response,
  case when done then statistics.step(c.settled_at - c.reported_at) end as handling,
  case when not gone then o.orders end as orders,
  case when c.status <> 'VOIDED' then r.ratings end as ratings
from cases."case" c
cross join lateral (select c.status in ('REPLIED', 'CLOSED') and c.settled_at is not null as done,
  c.status in ('DECLINED', 'WITHDRAWN', 'MERGED', 'VOIDED') as gone) s
left join lateral (
  select max(e.at) filter (where e.type in ('case.declined', 'case.withdrawn', 'case.merged', 'case.voided')) as gone_at,
    min(e.at) filter (where e.type in ('case.accepted', 'case.declined', 'case.contacted', 'case.dispatched',
      'case.settled', 'case.replied')) as answered_at
  from cases.event e where e.case_id = c.id) e on true
left join lateral (
  select k.due_at, k.extensions from clocks.clock k where k.case_id = c.id and k.stage in ('REPLY', 'HANDLE')
  order by k.stage = 'REPLY' desc, k.started_at desc, k.id desc limit 1) k on true
left join lateral (
  select max(r.answered_at) as last, jsonb_agg(jsonb_build_object('unit', r.unit_id,
    'day', statistics.day(r.answered_at), 'solved', r.solved, 'rating', r.rating) order by r.answered_at) as ratings
  from cases.rating r where r.case_id = c.id and r.counts) r on true
left join cases.category g on g.id = c.category_id
left join cases.category top on top.edition = g.edition and top.code = split_part(g.code, '.', 1)
left join lateral (
  select jsonb_agg(jsonb_build_object('unit', w.unit_id, 'issued', statistics.day(w.issued_at),
    'done', case when w.state = 'DONE' then statistics.day(w.finished_at) end,
    'returned', case when w.state = 'RETURNED' then statistics.day(w.finished_at) end,
    'due', case when w.state not in ('RETURNED', 'WITHDRAWN') then statistics.day(w.due_at) end,
    'timely', w.state = 'DONE' and w.finished_at <= w.due_at, 'extended', w.extended) order by w.id) as orders
  from dispatch.work_order w where w.case_id = c.id and w.state <> 'WITHDRAWN') o on true
"""

RATED = """(r.solved is not null)::int, coalesce(r.solved, false)::int, (r.rating is not null)::int,
    coalesce(r.rating >= 4, false)::int, 0
  from jsonb_to_recordset(f.ratings) r (unit int, day date, solved boolean, rating int)"""
LINES = f"""
create function statistics.lines(f statistics.fact) returns table (
  grid_id int, dimension text, value int, day date, {INTEGERS}
) language sql immutable as $$
  select g.id, l.* from unnest(array[f.county_id, f.town_id, f.village_id]) g (id) cross join lateral (
    values
    ('ALL', 0, f.reported_on, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('ALL', 0, f.completed_on, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, f.heard::int),
    ('ALL', 0, f.gone_on, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('ALL', 0, f.due_on, 0, 0, 0, 1, (f.completed_on is not null)::int, f.timely::int, f.extended::int, 0, 0, 0, 0, 0),
    ('CATEGORY', f.category_id, f.reported_on, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('CHANNEL', f.channel_id, f.reported_on, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('LEVEL', array_position(array['GRID', 'VILLAGE', 'TOWN', 'COUNTY'], f.level::text),
      case when f.level is not null then f.completed_on end, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('RESPONSE', f.response, case when f.response is not null then f.reported_on end,
      1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('HANDLING', f.handling, f.completed_on, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    union all
    select 'ALL', 0, r.day, 0, 0, 0, 0, 0, 0, 0, {RATED}
  ) l (dimension, value, day, {LISTED})
  where g.id is not null and l.day is not null
  union all
  select f.county_id, l.* from jsonb_to_recordset(f.orders)
    o (unit int, issued date, done date, returned date, due date, timely boolean, extended boolean)
  cross join lateral (values
    ('UNIT', o.unit, o.issued, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('UNIT', o.unit, o.done, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('UNIT', o.unit, o.returned, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('UNIT', o.unit, o.due, 0, 0, 0, 1, (o.done is not null)::int, o.timely::int, o.extended::int, 0, 0, 0, 0, 0)
  ) l (dimension, value, day, {LISTED})
  where f.county_id is not null and l.day is not null
  union all
  select f.county_id, 'ANSWER', f.lead_unit_id, f.completed_on, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, f.heard::int
  where f.county_id is not null and f.lead_unit_id is not null and f.completed_on is not null
  union all
  select * from (select f.county_id, 'ANSWER', r.unit, r.day, 0, 0, 0, 0, 0, 0, 0, {RATED}) l (grid_id, dimension, value, day, {LISTED})
  where l.grid_id is not null and l.value is not null
$$
"""
SPANS = f"""
create function statistics.spans(f statistics.fact) returns table (
  grid_id int, dimension text, sealed boolean, monthly boolean, day date, value int, {INTEGERS}
) language sql immutable as $$
  select l.grid_id, l.dimension, f.sealed, m.monthly,
    case when m.monthly then date_trunc('month', l.day::timestamp)::date else l.day end, l.value,
    {", ".join(f"l.{one}" for one in MEASURES)}
  from statistics.lines(f) l cross join (values (false), (true)) m (monthly)
$$
"""
COUNT = f"""
create or replace function statistics.count(case_key uuid) returns void language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  before statistics.fact;
  after statistics.fact;
  emptied bigint[];
begin
  loop
    delete from statistics.fact where case_id = case_key returning * into before;
    insert into statistics.fact ({FACT}) select {FACT} from statistics.current where case_id = case_key
      on conflict (case_id) do nothing returning * into after;
    exit when found or not exists (select from statistics.fact where case_id = case_key);
  end loop;
  if before is not distinct from after then
    return;
  end if;
  with counted as (
    insert into statistics.rollup ({KEY}, {LISTED})
      select {KEY}, {CHANGES} from (
        select -1 as way, s.* from statistics.spans(before) s union all select 1, s.* from statistics.spans(after) s) x
      group by {KEY} having ({CHANGES}) <> ({ZEROS}) order by {KEY}
      on conflict ({KEY}) do update set {ADDED}
      returning id, ({LISTED}) = ({ZEROS}) as empty
  )
  select array_agg(id) into emptied from counted where empty;
  if emptied is not null then
    delete from statistics.rollup where id = any(emptied);
  end if;
end $$
"""
FOLLOW = f"""
create function statistics.follow(most int) returns int language plpgsql as $$
declare
  keys uuid[];
  one uuid;
begin
  perform pg_advisory_xact_lock({LOCK});
  with taken as (
    delete from statistics.changed where id in (select id from statistics.changed order by id limit most)
    returning case_id)
  select array_agg(distinct case_id) into keys from taken;
  foreach one in array coalesce(keys, '{{}}') loop
    perform statistics.count(one);
  end loop;
  return cardinality(coalesce(keys, '{{}}'));
end $$
"""
REBUILD = f"""
create or replace function statistics.rebuild() returns bigint language plpgsql as $$
declare
  counted bigint;
begin
  perform pg_advisory_xact_lock({LOCK});
  lock table statistics.fact in exclusive mode;
  delete from statistics.changed;
  delete from statistics.rollup;
  delete from statistics.fact;
  insert into statistics.fact ({FACT}) select {FACT} from statistics.current;
  get diagnostics counted = row_count;
  insert into statistics.rollup ({KEY}, {LISTED})
    select {KEY}, {", ".join(f"sum({one})" for one in MEASURES)}
    from (select s.* from statistics.fact f cross join lateral statistics.spans(f) s) x group by {KEY} order by {KEY};
  return counted;
end $$
"""

# What a case counts for is told by these columns of these tables, the key of the case among them.
TOLD = {
    'cases."case"': (
        "id",
        "status series accused_unit_id county_id town_id village_id category_id channel_id lead_unit_id reported_at "
        "settled_at settled_level replied_at",
    ),
    "cases.event": ("case_id", "type at"),
    "cases.rating": ("case_id", "unit_id answered_at rating solved counts"),
    "clocks.clock": ("case_id", "stage started_at due_at extensions"),
    "dispatch.work_order": ("case_id", "unit_id state issued_at due_at finished_at extended"),
}


def noting(table: str, key: str, columns: str) -> list[str]:
    """What has a table note the cases whose facts a statement changes, in whatever way."""
    name = table.replace(".", "_").replace('"', "")
    listed = columns.split()
    old, new = (", ".join(f"{row}.{one}" for one in listed) for row in ("old", "new"))
    return [
        f"create function statistics.note_{name}() returns trigger language plpgsql as $$ begin "
        f"if tg_op = 'UPDATE' then insert into statistics.changed (case_id) values (new.{key}); "
        f"else insert into statistics.changed (case_id) select distinct {key} from touched; end if; return null; end $$",
        f"create trigger count_added after insert on {table} referencing new table as touched "
        f"for each statement execute function statistics.note_{name}()",
        f"create trigger count_taken after delete on {table} referencing old table as touched "
        f"for each statement execute function statistics.note_{name}()",
        f"create trigger count_changed after update of {', '.join(listed)} on {table} for each row "
        f"when (({old}) is distinct from ({new})) execute function statistics.note_{name}()",
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("statistics", "0004_meeting"),
        ("cases", "0005_ratings"),
        ("clocks", "0002_indexes"),
        ("dispatch", "0002_indexes"),
    ]

    initial = False

    operations = [
        ops.RunSQL(
            [
                "delete from statistics.rollup",
                "delete from statistics.fact",
                "drop function statistics.spans(statistics.fact)",
                "drop function statistics.lines(statistics.fact)",
                "drop view statistics.current",
            ]
        ),
        ops.CreateModel(
            name='ChangedRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_id', fields.UUIDField(db_index=True)),
            ],
            options={'table': 'changed', 'schema': 'statistics', 'app': 'statistics', 'pk_attr': 'id', 'table_description': 'A case of which something has changed that it counts for, noted by triggers on whatever tells of it.'},
            bases=['Model'],
        ),
        ops.RemoveField(model_name='FactRow', name='answered'),
        ops.RemoveField(model_name='FactRow', name='solved'),
        ops.RemoveField(model_name='FactRow', name='satisfied'),
        ops.AddField(model_name='FactRow', name='heard', field=fields.BooleanField()),
        ops.AddField(
            model_name='FactRow', name='ratings', field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)
        ),
        ops.AddField(model_name='RollupRow', name='scored', field=fields.IntField()),
        ops.AddField(model_name='RollupRow', name='heard', field=fields.IntField()),
        ops.RunSQL(
            [
                CURRENT,
                LINES,
                SPANS,
                COUNT,
                FOLLOW,
                REBUILD,
                *(one for table, (key, columns) in TOLD.items() for one in noting(table, key, columns)),
                "select statistics.rebuild()",
            ]
        ),
    ]
