"""Cases are found by their number in another system, whichever it is."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_calls")]

    operations = [ops.RunSQL("create index on intake.entry (number)")]
