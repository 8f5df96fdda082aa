"""Batches are written before they are chained, so that nobody waits for the chain's end."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.columns import BytesField


class Migration(migrations.Migration):
    dependencies = [("access", "0005_concerned")]

    operations = [
        ops.AddField(model_name="LinkRow", name="number", field=fields.BigIntField(null=True)),
        ops.AlterField(model_name="LinkRow", name="hash", field=BytesField(null=True)),
        ops.AlterModelOptions(
            name="LinkRow",
            options={
                "table": "link",
                "schema": "access",
                "app": "access",
                "pk_attr": "id",
                "table_description": "A batch of looks or acts, and the link of the chain that it becomes soon after.",
            },
        ),
        ops.RunSQL(
            [
                # Far above the numbers that servers of the version before give while both run.
                "create sequence access.batch start 1099511627776",
                "create unique index on access.link ((coalesce(number, id))) where hash is not null",
                "create index on access.link (id) where hash is null",
                # Salts and commitments are random, and cannot be made shorter: kept beside the
                # row they would be tried in vain, cut into pieces and indexed.
                "alter table access.look set (toast_tuple_target = 8160)",
            ]
        ),
    ]
