"""What supervisions are found by, and the rules every county begins with.

Five working days over the term and a complaint is criticised in several cities' 12345 rules (docs/operations.md);
counties write rules of their own.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

BASIS = "系统默认，县级可调整"


class Migration(migrations.Migration):
    dependencies = [("supervision", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                "create index on supervision.supervision (case_id, issued_at, id)",
                "create index on supervision.supervision (unit_id)",
                "create index on supervision.supervision (reply_due_at, id) where state = 'OPEN'",
                "create index on supervision.supervision (issued_at, id) where level = 'LISTED'",
                "create unique index on supervision.rule (county_id, level) nulls not distinct where until is null",
                "insert into supervision.rule (level, overdue, overdue_unit, reply, reply_unit, basis, since) values "
                f"('REMINDER', 60, 'WORKING_MINUTE', 1, 'WORKING_DAY', '{BASIS}', '2026-01-01 00:00+08'), "
                f"('SUPERVISION', 2, 'WORKING_DAY', 3, 'WORKING_DAY', '{BASIS}', '2026-01-01 00:00+08'), "
                f"('LISTED', 5, 'WORKING_DAY', 5, 'WORKING_DAY', '{BASIS}', '2026-01-01 00:00+08')",
            ]
        )
    ]
