"""Two who count the same case at once: the second waits for the first, and counts what that left.

A handler and the job that looks for missed cases may meet at a case that was never counted. Nothing is there to be
locked then, so both would insert its facts, and one of them fail.

Planned once for a connection, for planning took longer than counting; sums that come to nothing are known as they are
written, and not looked for.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

FACT = (
    "case_id, sealed, county_id, town_id, village_id, category_id, channel_id, lead_unit_id, reported_on, "
    "completed_on, gone_on, due_on, timely, extended, answered, solved, satisfied, level, response, handling, orders"
)
KEY = "grid_id, dimension, sealed, monthly, day, value"
MEASURES = (
    "reported", "completed", "gone", "due", "met", "timely", "extended", "answered", "solved", "satisfied",
)  # fmt: skip
LISTED = ", ".join(MEASURES)
ZEROS = ", ".join("0" for _ in MEASURES)
CHANGES = ", ".join(f"sum(way * {one})" for one in MEASURES)
ADDED = ", ".join(f"{one} = rollup.{one} + excluded.{one}" for one in MEASURES)

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


class Migration(migrations.Migration):
    dependencies = [("statistics", "0003_months")]

    initial = False

    operations = [ops.RunSQL([COUNT])]
