"""A resident ID that somebody else in the county has is kept until an office has looked into it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("people", "0005_masks")]

    operations = [
        ops.AddField(
            model_name="PersonRow",
            name="contested_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            [
                "create unique index person_resident_id on people.person (county_id, resident_id_blind) "
                "where contested_at is null",
                "drop index people.person_county_id_resident_id_blind_idx",
                "create index on people.person (county_id, resident_id_blind)",
            ]
        ),
    ]
