"""Rates by the moment since which they hold: a rate that is set changes nothing of what was due before.

Those that were set before hold for all cases, as they did.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("legal", "0002_located")]

    initial = False

    operations = [
        ops.RemoveConstraint(model_name="RateRow", name=None, fields=["grid", "outcome"]),
        ops.AlterModelOptions(
            name="RateRow",
            options={
                "table": "rate",
                "schema": "legal",
                "app": "legal",
                "unique_together": (("grid", "outcome", "since"),),
                "pk_attr": "id",
                "table_description": "What a county pays a mediator for a case with an outcome that ended after a moment, in fen (以案定补).",
            },
        ),
        ops.AddField(model_name="RateRow", name="since", field=fields.DatetimeField(null=True)),
        ops.RunSQL(["update legal.rate set since = '2000-01-01T00:00:00+08:00'"]),
        ops.AlterField(model_name="RateRow", name="since", field=fields.DatetimeField()),
        ops.AddConstraint(
            model_name="RateRow", constraint=UniqueConstraint(fields=("grid", "outcome", "since"), name=None)
        ),
    ]
