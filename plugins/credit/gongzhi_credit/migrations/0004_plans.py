"""The day of a loan's last new plan. Of plans made before it is not known: they run on as they were reckoned."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("credit", "0003_located")]

    initial = False

    operations = [
        ops.AddField(model_name="LoanRow", name="planned_on", field=fields.DateField(null=True)),
        ops.RunSQL(["update credit.loan set planned_on = starts_on"]),
        ops.AlterField(model_name="LoanRow", name="planned_on", field=fields.DateField()),
    ]
