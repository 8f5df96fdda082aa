"""What rests on belonging ends for those who left before it ended by itself."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("party", "0003_meetings")]

    operations = [
        ops.RunSQL(
            [
                "update party.report r set until = greatest(r.since, m.left_on) from party.member m "
                "where m.id = r.member_id and m.status = 'LEFT' and r.until is null",
                "update party.transfer t set state = 'WITHDRAWN', decided_at = now() from party.member m "
                "where m.id = t.member_id and m.status = 'LEFT' and t.state = 'REQUESTED'",
            ]
        )
    ]
