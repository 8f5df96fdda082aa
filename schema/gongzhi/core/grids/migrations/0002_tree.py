"""What Tortoise cannot say: the triggers that keep the tree, Chinese search, and the indexes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

PLACE = """
create function gongzhi.place() returns trigger language plpgsql as $$
declare
  up grids.grid;
begin
  if new.parent_id is not null then
    select * into strict up from grids.grid where id = new.parent_id;
  end if;
  new.path := coalesce(up.path || new.id::text, new.id::text::ltree);
  new.province_id := case when new.kind = 'PROVINCE' then new.id else up.province_id end;
  new.city_id := case when new.kind = 'CITY' then new.id else up.city_id end;
  new.county_id := case when new.kind = 'COUNTY' then new.id else up.county_id end;
  new.town_id := case when new.kind = 'TOWN' then new.id else up.town_id end;
  new.village_id := case when new.kind = 'VILLAGE' then new.id else up.village_id end;
  new.grid_1_id := case when new.kind = 'GRID_1' then new.id else up.grid_1_id end;
  new.grid_2_id := case when new.kind = 'GRID_2' then new.id else up.grid_2_id end;
  new.grid_3_id := case when new.kind = 'GRID_3' then new.id else up.grid_3_id end;
  return new;
end $$
"""

# A division that moves gets a new code, so it is a new row with the old one's `successor` pointing to it.
FIXED = """
create function gongzhi.fixed() returns trigger language plpgsql as $$
begin
  raise exception 'a grid keeps its parent and kind: add the new grid and set successor on the old one';
end $$
"""

LOCATE = """
create function gongzhi.locate() returns trigger language plpgsql as $$
begin
  select g.county_id, g.town_id, g.village_id, g.grid_1_id, g.grid_2_id, g.grid_3_id
    into new.county_id, new.town_id, new.village_id, new.grid_1_id, new.grid_2_id, new.grid_3_id
    from grids.grid g where g.id = new.grid_id;
  return new;
end $$
"""

# Pairs of neighbouring characters: two Chinese characters are a word, which trigrams cannot find by index.
GRAMS = """
create function gongzhi.grams(body text) returns text[] language sql immutable strict parallel safe as $$
  select coalesce(array_agg(distinct substr(lower(body), i, 2)), '{}') from generate_series(1, length(body) - 1) i
$$
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                "create schema if not exists gongzhi",
                PLACE,
                FIXED,
                LOCATE,
                GRAMS,
                "create trigger place before insert on grids.grid for each row execute function gongzhi.place()",
                "create trigger fixed before update of parent_id, kind on grids.grid for each row "
                "when (old.parent_id is distinct from new.parent_id or old.kind <> new.kind) "
                "execute function gongzhi.fixed()",
                "create unique index grid_code on grids.grid (code) where valid_to is null",
                "create index on grids.grid (parent_id, code, id)",
                "create index on grids.grid (code, id)",
                *(
                    f"create index on grids.grid ({level}, code, id) where {level} is not null"
                    for level in ("province_id", "city_id", "county_id", "town_id", "village_id")
                ),
                "create index on grids.grid using gin (gongzhi.grams(name))",
                "create index on grids.ring using gist (area)",
            ]
        )
    ]
