"""The indexes of units, and the trigger that fills the county in."""

from tortoise import migrations
from tortoise.migrations import operations as ops

COUNTY = """
create function gongzhi.county() returns trigger language plpgsql as $$
begin
  select g.county_id into new.county_id from grids.grid g where g.id = new.grid_id;
  return new;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("units", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                COUNTY,
                "create trigger county before insert or update of grid_id on units.unit "
                "for each row execute function gongzhi.county()",
                "create index on units.unit (county_id, code, id)",
                "create index on units.unit using gin (gongzhi.grams(name))",
            ]
        )
    ]
