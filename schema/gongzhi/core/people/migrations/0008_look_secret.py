"""A secret of each person, which the audit's commitments to looks at them are salted with; it goes with them.

No model has it: the database makes it for those who are there, and for whom a server of the version before adds.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("people", "0007_lines")]

    operations = [
        ops.RunSQL(
            [
                "alter table people.person add column look_secret uuid default gen_random_uuid()",
                "update people.person set look_secret = null where erased_at is not null",
            ]
        ),
    ]
