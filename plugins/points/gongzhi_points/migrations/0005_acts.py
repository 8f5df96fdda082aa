"""Acts become a register of versions: the standard ones are its first, and counties add their own.

Every rule keeps the act it names, which is now version 1 of it. A standard act allows whatever rules could give before.
"""

from functools import partial

from gongzhi_points.models import Proof, Recorder
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

NAMES = {
    "problem.reported": "Problem reported",
    "volunteering": "Volunteering",
    "deliberation": "Taking part in a deliberation",
    "courtyard.tidy": "Tidy courtyard",
    "activity.checkin": "Coming to an activity",
    "neighbour.help": "Help among neighbours",
    "rubbish.sorted": "Sorting rubbish",
    "skills.shared": "Teaching skills",
}
# What an act of before gets: first with a value for the rows there are, which is then taken from new ones.
ADDED = (
    ("version", partial(fields.IntField, default=1), 1),
    ("name_en", partial(fields.CharField, max_length=60), ""),
    ("least", fields.IntField, 1),
    ("most", fields.IntField, 10_000),
    ("proof", partial(fields.CharEnumField, Proof, max_length=5), "NONE"),
    ("recorder", partial(fields.CharEnumField, Recorder, max_length=11), "RESIDENT"),
    ("starts_on", fields.DateField, "2020-01-01"),
)
# A county's own versions hold there, the last that has begun, and the standard ones no longer do: not after it has
# ended either.
ACTS = """
create function points.acts(county int, day date) returns table (id int) language sql stable as $$
  select f.id from (
    select distinct on (a.code) a.id, a.ends_on from points.act a
    where (a.county_id = county or a.county_id is null) and a.starts_on <= day
    order by a.code, a.county_id is null, a.version desc) f
  where f.ends_on is null or f.ends_on > day
$$
"""


class Migration(migrations.Migration):
    dependencies = [("points", "0004_functions"), ("grids", "0002_tree")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="ActRow",
            options={
                "table": "act",
                "schema": "points",
                "app": "points",
                "pk_attr": "id",
                "table_description": "A version of something that may earn points: a verifiable act, a standard one or a county's own.",
            },
        ),
        ops.AlterField(model_name="ActRow", name="code", field=fields.CharField(max_length=40)),
        ops.AddField(
            model_name="ActRow",
            name="county",
            field=fields.ForeignKeyField(
                "grids.GridRow",
                source_field="county_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        *(ops.AddField(model_name="ActRow", name=name, field=made(db_default=first)) for name, made, first in ADDED),
        ops.AddField(model_name="ActRow", name="ends_on", field=fields.DateField(null=True)),
        ops.AddField(model_name="ActRow", name="account", field=fields.CharField(max_length=100, null=True)),
        ops.RunSQL(
            [
                *(f"update points.act set name_en = '{name}' where code = '{code}'" for code, name in NAMES.items()),
                "update points.act set name_en = code where name_en = ''",
            ]
        ),
        *(ops.AlterField(model_name="ActRow", name=name, field=made()) for name, made, _ in ADDED),
        ops.RunSQL(["create unique index on points.act (coalesce(county_id, 0), code, version)", ACTS]),
    ]
