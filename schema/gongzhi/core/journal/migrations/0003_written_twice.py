"""An answer is stored beside the request that waits for it: no index has it, and pages leave room for it."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("journal", "0002_lost_answers")]

    operations = [
        ops.RunSQL(["drop index journal.request_id_idx", "alter table journal.request set (fillfactor = 85)"]),
    ]
