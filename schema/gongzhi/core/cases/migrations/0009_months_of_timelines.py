"""An index of timelines by time, for what happened in a month: a thousandth of the rows' size, and cheap to keep."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_similar")]

    # Lines are written in the order of time but for imports, so each block of the table is of few months.
    operations = [ops.RunSQL("create index if not exists event_at on cases.event using brin (at)")]
