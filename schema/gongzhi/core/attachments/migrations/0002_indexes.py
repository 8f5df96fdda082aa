"""The files of a case, of a person, and those that no case has."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("attachments", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                "create index on attachments.attachment (case_id, at, id) where case_id is not null",
                "create index on attachments.attachment (person_id) where person_id is not null",
                "create index on attachments.attachment (at) where case_id is null",
                "create index on attachments.attachment (account) where case_id is null",
                "create index on attachments.attachment (client) where case_id is null",
            ]
        )
    ]
