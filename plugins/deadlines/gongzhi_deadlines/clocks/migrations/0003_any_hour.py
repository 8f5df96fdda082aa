"""Rules whose reminders are sent at any hour: those of emergencies, to begin with."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("clocks", "0002_indexes")]

    initial = False

    operations = [
        ops.AddField(model_name="RuleRow", name="any_hour", field=fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(["update clocks.rule set any_hour = true where urgency = 'EMERGENCY'"]),
    ]
