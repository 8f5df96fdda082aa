"""What was settled counts by subject and level together."""

from gongzhi_statistics.models import Dimension
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

MEASURES = (
    "reported", "completed", "gone", "due", "met", "timely", "extended", "answered", "solved", "scored", "satisfied",
    "heard",
)  # fmt: skip
LISTED = ", ".join(MEASURES)
INTEGERS = ", ".join(f"{one} int" for one in MEASURES)
COMPLETED = ", ".join(str(int(one == "completed")) for one in MEASURES)

SPANS = f"""
create or replace function statistics.spans(f statistics.fact) returns table (
  grid_id int, dimension text, sealed boolean, monthly boolean, day date, value int, {INTEGERS}
) language sql immutable as $$
  select l.grid_id, l.dimension, f.sealed, m.monthly,
    case when m.monthly then date_trunc('month', l.day::timestamp)::date else l.day end, l.value,
    {", ".join(f"l.{one}" for one in MEASURES)}
  from (
    select grid_id, dimension, value, day, {LISTED} from statistics.lines(f)
    union all
    select g.id, 'SETTLED', f.category_id * 10 + array_position(array['GRID', 'VILLAGE', 'TOWN', 'COUNTY'],
      f.level::text), f.completed_on, {COMPLETED}
    from unnest(array[f.county_id, f.town_id, f.village_id]) g (id)
    where g.id is not null and f.level is not null and f.completed_on is not null
  ) l cross join (values (false), (true)) m (monthly)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("statistics", "0005_ratings")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="RollupRow", name="dimension", field=fields.CharEnumField(enum_type=Dimension, max_length=8)
        ),
        ops.RunSQL([SPANS, "select statistics.rebuild()"]),
    ]
