"""Sums by month beside those by day: figures of years read some hundreds of rows, not tens of thousands.

Each line of a case's facts counts twice, on its day and, `monthly`, in the month of that day.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

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
LEFT = ", ".join(f"r.{one}" for one in MEASURES)

SPANS = f"""
create function statistics.spans(f statistics.fact) returns table (
  grid_id int, dimension text, sealed boolean, monthly boolean, day date, value int, {", ".join(f"{one} int" for one in MEASURES)}
) language sql immutable as $$
  select l.grid_id, l.dimension, f.sealed, m.monthly,
    case when m.monthly then date_trunc('month', l.day::timestamp)::date else l.day end, l.value,
    {", ".join(f"l.{one}" for one in MEASURES)}
  from statistics.lines(f) l cross join (values (false), (true)) m (monthly)
$$
"""
COUNT = f"""
create or replace function statistics.count(case_key uuid) returns void language plpgsql as $$
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
    select {KEY}, {CHANGES} from (
      select -1 as way, s.* from statistics.spans(before) s union all select 1, s.* from statistics.spans(after) s) x
    group by {KEY} having ({CHANGES}) <> ({ZEROS}) order by {KEY}
    on conflict ({KEY}) do update set {ADDED};
  delete from statistics.rollup r using statistics.spans(before) s
    where (r.grid_id, r.dimension, r.sealed, r.monthly, r.day, r.value)
      = (s.grid_id, s.dimension, s.sealed, s.monthly, s.day, s.value) and ({LEFT}) = ({ZEROS});
end $$
"""
REBUILD = f"""
create or replace function statistics.rebuild() returns bigint language plpgsql as $$
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
    from (select s.* from statistics.fact f cross join lateral statistics.spans(f) s) x group by {KEY} order by {KEY};
  return counted;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [('statistics', '0002_counting')]

    initial = False

    operations = [
        ops.RunSQL(["delete from statistics.rollup"]),
        ops.RemoveConstraint(
            model_name='RollupRow',
            name=None,
            fields=['grid_id', 'dimension', 'sealed', 'day', 'value'],
        ),
        ops.AlterModelOptions(
            name='RollupRow',
            options={'table': 'rollup', 'schema': 'statistics', 'app': 'statistics', 'unique_together': (('grid_id', 'dimension', 'sealed', 'monthly', 'day', 'value'),), 'pk_attr': 'id', 'table_description': 'The sum of what cases count for in a county, town or village on a day, or `monthly` in the month it begins.'},
        ),
        ops.AddField(
            model_name='RollupRow',
            name='monthly',
            field=fields.BooleanField(default=False),
        ),
        ops.AddConstraint(
            model_name='RollupRow',
            constraint=UniqueConstraint(fields=('grid_id', 'dimension', 'sealed', 'monthly', 'day', 'value'), name=None),
        ),
        ops.RunSQL(
            [
                SPANS,
                COUNT,
                REBUILD,
                "drop index if exists statistics.rollup_dimension_value_day_idx",
                "create index on statistics.rollup (dimension, value, monthly, day) "
                "where dimension in ('UNIT', 'ANSWER')",
                "select statistics.rebuild()",
            ]
        ),
    ]
