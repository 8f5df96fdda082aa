"""Answers that may be asked for again are found without looking at all the others."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]

    operations = [ops.RunSQL("create index on journal.request (id) where result ? '@sealed'")]
