"""Cases are counted together, and noted only where what changes may change what they count for.

Before, each noted case was counted for itself, and had the sums of its county's day in hand for itself; every step of a
case noted it several times, whether or not a figure depends on it.
"""

from tortoise import migrations
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
ZEROS = ", ".join("0" for _ in MEASURES)
CHANGES = ", ".join(f"sum(way * {one})" for one in MEASURES)
ADDED = ", ".join(f"{one} = rollup.{one} + excluded.{one}" for one in MEASURES)
EXCLUDED = ", ".join(f"excluded.{one}" for one in FACT.split(", "))
KEPT = ", ".join(f"f.{one}" for one in FACT.split(", "))
LOCK = 0x66696775726573
"""The lock of whoever counts, so that none counts what another one has in hand."""

COUNT = f"""
create function statistics.count(keys uuid[]) returns void language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  before statistics.fact[];
  emptied bigint[];
begin
  perform pg_advisory_xact_lock({LOCK});
  select array_agg(f) into before from statistics.fact f where f.case_id = any(keys);
  with written as (
    insert into statistics.fact as f ({FACT}) select {FACT} from statistics.current where case_id = any(keys)
      on conflict (case_id) do update set ({FACT}) = ({EXCLUDED}) where ({KEPT}) is distinct from ({EXCLUDED})
      returning f.*
  ), removed as (
    delete from statistics.fact f where f.case_id = any(keys)
      and not exists (select from cases."case" c where c.id = f.case_id)
      returning f.case_id
  ), counted as (
    insert into statistics.rollup ({KEY}, {LISTED})
      select {KEY}, {CHANGES} from (
        select -1 as way, s.* from unnest(before) f cross join lateral statistics.spans(f) s
          where f.case_id in (select case_id from written union all select case_id from removed)
        union all
        select 1, s.* from written w cross join lateral statistics.spans(row(w.*)::statistics.fact) s) x
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
create or replace function statistics.follow(most int) returns int language plpgsql as $$
declare
  keys uuid[];
begin
  perform pg_advisory_xact_lock({LOCK});
  with taken as (
    delete from statistics.changed where id in (select id from statistics.changed order by id limit most)
    returning case_id)
  select array_agg(distinct case_id) into keys from taken;
  if keys is not null then
    perform statistics.count(keys);
  end if;
  return coalesce(cardinality(keys), 0);
end $$
"""

# The parts of the view `statistics.current` that not every row of these tables has a part in.
EVENTS = """type in ('case.accepted', 'case.contacted', 'case.dispatched', 'case.settled', 'case.replied', 'case.declined',
  'case.withdrawn', 'case.merged', 'case.voided')"""
CLOCKS = "stage in ('REPLY', 'HANDLE')"


def noting(table: str, part: str) -> str:
    """What notes the cases of rows that are added to a table, or taken from it, and have a part in the figures."""
    return f"""create or replace function statistics.note_{table}() returns trigger language plpgsql as $$ begin
  if tg_op = 'UPDATE' then
    insert into statistics.changed (case_id) values (new.case_id);
  else
    insert into statistics.changed (case_id) select distinct case_id from touched where {part};
  end if;
  return null;
end $$"""


def changing(table: str, columns: str, told: tuple[str, ...]) -> list[str]:
    """The trigger that notes a case when one of these columns changes what is told of it."""
    name = table.replace(".", "_").replace('"', "")
    old, new = (", ".join(one.format(row) for one in told) for row in ("old", "new"))
    return [
        f"drop trigger count_changed on {table}",
        f"create trigger count_changed after update of {columns} on {table} for each row "
        f"when (({old}) is distinct from ({new})) execute function statistics.note_{name}()",
    ]


CASE = (
    "series accused_unit_id county_id town_id village_id category_id channel_id lead_unit_id reported_at settled_at "
    "settled_level replied_at"
).split()
STATUS = (
    "case when {0}.status in ('REPLIED', 'CLOSED') then 'DONE' "
    "when {0}.status in ('DECLINED', 'WITHDRAWN', 'MERGED', 'VOIDED') then {0}.status::text end"
)
ORDER = "unit_id issued_at due_at finished_at extended".split()
STATE = "case when {0}.state in ('DONE', 'RETURNED', 'WITHDRAWN') then {0}.state::text end"


class Migration(migrations.Migration):
    dependencies = [("statistics", "0006_settled")]

    operations = [
        ops.RunSQL(
            [
                "drop function statistics.count(uuid)",
                COUNT,
                FOLLOW,
                noting("cases_event", EVENTS),
                noting("clocks_clock", CLOCKS),
                *changing('cases."case"', ", ".join(["status", *CASE]), (STATUS, *(f"{{0}}.{one}" for one in CASE))),
                *changing("dispatch.work_order", ", ".join(["state", *ORDER]), (STATE, *(f"{{0}}.{one}" for one in ORDER))),
            ]
        )
    ]
