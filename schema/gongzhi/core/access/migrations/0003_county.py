"""The county of a look. Where it was not written at the time, the chain does not vouch for it."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("access", "0002_indexes"), ("grids", "0002_tree"), ("people", "0004_contests")]

    operations = [
        ops.AddField(
            model_name="LookRow",
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
        ops.RunSQL(
            [
                "update access.look l set county_id = "
                "(select p.county_id from people.person p where p.id = any(l.persons) limit 1)",
                "create index on access.look (county_id, at, id)",
            ]
        ),
    ]
