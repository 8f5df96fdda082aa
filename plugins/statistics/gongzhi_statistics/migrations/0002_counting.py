"""What a case counts for, and how sums follow it: said once, in the database, for one case and for all of them.

A case's facts are taken back from the sums and counted anew whenever something happens to it, so that the sums are
always those of the facts: repeating an event changes nothing, and counting all anew comes to the same.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

DAY = """
create function statistics.day(at timestamptz) returns date language sql stable strict
return case when isfinite(at) then (at at time zone 'Asia/Shanghai')::date end
"""

# Durations are kept in steps of a twelfth of e, so that medians of any period can be told to within five per cent.
STEP = """
create function statistics.step(span interval) returns int language sql immutable strict
return floor(12 * ln(1 + greatest(extract(epoch from span) / 60, 0)))::int
"""
MINUTES = """
create function statistics.minutes(step int) returns int language sql immutable strict
return case when step = 0 then 0 else round(exp((step + 0.5) / 12) - 1)::int end
"""

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
  done and (c.rating is not null or c.solved is not null) as answered,
  coalesce(done and c.solved, false) as solved, coalesce(done and c.rating >= 4, false) as satisfied,
  case when done then c.settled_level end as level,
  statistics.step(e.answered_at - c.reported_at) as response,
  case when done then statistics.step(c.settled_at - c.reported_at) end as handling,
  case when not gone then o.orders end as orders
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

LINES = """
create function statistics.lines(f statistics.fact) returns table (
  grid_id int, dimension text, value int, day date, reported int, completed int, gone int, due int, met int,
  timely int, extended int, answered int, solved int, satisfied int
) language sql immutable as $$
  select g.id, l.* from unnest(array[f.county_id, f.town_id, f.village_id]) g (id) cross join lateral (values
    ('ALL', 0, f.reported_on, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('ALL', 0, f.completed_on, 0, 1, 0, 0, 0, 0, 0, f.answered::int, f.solved::int, f.satisfied::int),
    ('ALL', 0, f.gone_on, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    ('ALL', 0, f.due_on, 0, 0, 0, 1, (f.completed_on is not null)::int, f.timely::int, f.extended::int, 0, 0, 0),
    ('CATEGORY', f.category_id, f.reported_on, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('CHANNEL', f.channel_id, f.reported_on, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('LEVEL', array_position(array['GRID', 'VILLAGE', 'TOWN', 'COUNTY'], f.level::text),
      case when f.level is not null then f.completed_on end, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    ('RESPONSE', f.response, case when f.response is not null then f.reported_on end, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('HANDLING', f.handling, f.completed_on, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
  ) l (dimension, value, day, reported, completed, gone, due, met, timely, extended, answered, solved, satisfied)
  where g.id is not null and l.day is not null
  union all
  select f.county_id, l.* from jsonb_to_recordset(f.orders)
    o (unit int, issued date, done date, returned date, due date, timely boolean, extended boolean)
  cross join lateral (values
    ('UNIT', o.unit, o.issued, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('UNIT', o.unit, o.done, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    ('UNIT', o.unit, o.returned, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    ('UNIT', o.unit, o.due, 0, 0, 0, 1, (o.done is not null)::int, o.timely::int, o.extended::int, 0, 0, 0)
  ) l (dimension, value, day, reported, completed, gone, due, met, timely, extended, answered, solved, satisfied)
  where f.county_id is not null and l.day is not null
  union all
  select f.county_id, 'ANSWER', f.lead_unit_id, f.completed_on, 0, 1, 0, 0, 0, 0, 0,
    f.answered::int, f.solved::int, f.satisfied::int
  where f.county_id is not null and f.lead_unit_id is not null and f.completed_on is not null
$$
"""

FACT = (
    "case_id, sealed, county_id, town_id, village_id, category_id, channel_id, lead_unit_id, reported_on, "
    "completed_on, gone_on, due_on, timely, extended, answered, solved, satisfied, level, response, handling, orders"
)
KEY = "grid_id, dimension, sealed, day, value"
MEASURES = (
    "reported", "completed", "gone", "due", "met", "timely", "extended", "answered", "solved", "satisfied",
)  # fmt: skip
LISTED = ", ".join(MEASURES)
ZEROS = ", ".join("0" for _ in MEASURES)

COUNT = f"""
create function statistics.count(case_key uuid) returns void language plpgsql as $$
declare
  before statistics.fact;
  after statistics.fact;
begin
  delete from statistics.fact where case_id = case_key returning * into before;
  insert into statistics.fact ({FACT}) select {FACT} from statistics.current where case_id = case_key
    returning * into after;
  if before is not distinct from after then
    return;
  end if;
  insert into statistics.rollup ({KEY}, {LISTED})
    select {KEY}, {", ".join(f"sum(way * {one})" for one in MEASURES)} from (
      select -1 as way, before.sealed as sealed, l.* from statistics.lines(before) l
      union all select 1, after.sealed, l.* from statistics.lines(after) l) x
    group by {KEY} having ({", ".join(f"sum(way * {one})" for one in MEASURES)}) <> ({ZEROS}) order by {KEY}
    on conflict ({KEY}) do update set {", ".join(f"{one} = rollup.{one} + excluded.{one}" for one in MEASURES)};
  delete from statistics.rollup r using statistics.lines(before) l
    where (r.grid_id, r.dimension, r.sealed, r.day, r.value)
      = (l.grid_id, l.dimension, before.sealed, l.day, l.value) and ({", ".join(f"r.{one}" for one in MEASURES)}) = ({ZEROS});
end $$
"""

REBUILD = f"""
create function statistics.rebuild() returns bigint language plpgsql as $$
declare
  counted bigint;
begin
  lock table statistics.fact in exclusive mode;
  delete from statistics.rollup;
  delete from statistics.fact;
  insert into statistics.fact ({FACT}) select {FACT} from statistics.current;
  get diagnostics counted = row_count;
  insert into statistics.rollup ({KEY}, {LISTED})
    select {KEY}, {", ".join(f"sum({one})" for one in MEASURES)}
    from (select f.sealed as sealed, l.* from statistics.fact f cross join lateral statistics.lines(f) l) x
    group by {KEY} order by {KEY};
  return counted;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("statistics", "0001_initial"),
        ("cases", "0003_deadlines"),
        ("clocks", "0002_indexes"),
        ("dispatch", "0002_indexes"),
        ("grids", "0002_tree"),
    ]

    operations = [
        ops.RunSQL(
            [
                DAY,
                STEP,
                MINUTES,
                CURRENT,
                LINES,
                COUNT,
                REBUILD,
                "create index on statistics.rollup (dimension, value, day) where dimension in ('UNIT', 'ANSWER')",
                "create index on statistics.fact (due_on) where completed_on is null and gone_on is null",
                "select statistics.rebuild()",
            ]
        )
    ]
