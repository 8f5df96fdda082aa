"""When a notice goes out, whether it wakes people, and numbers left with cases as addressees.

Those that are there already go out at once, as they always did.
"""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("notices", "0003_pending"), ("accounts", "0003_confirmation")]

    initial = False

    operations = [
        ops.AddField(model_name="NoticeRow", name="contact_id", field=fields.UUIDField(null=True)),
        ops.AddField(
            model_name="NoticeRow",
            name="barred_unit",
            field=fields.ForeignKeyField(
                "units.UnitRow",
                source_field="barred_unit_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.SET_NULL,
                db_index=False,
            ),
        ),
        ops.AddField(model_name="NoticeRow", name="due_at", field=fields.DatetimeField(null=True)),
        ops.AddField(
            model_name="NoticeRow", name="wakes", field=fields.BooleanField(default=False, db_default=False)
        ),
        ops.RunSQL(
            [
                "alter table notices.notice drop constraint addressed",
                "alter table notices.notice add constraint addressed check "
                "(num_nonnulls(person_id, account, unit_id, office, contact_id) = 1)",
                "drop index notices.notice_at_id_idx",
                "create index on notices.notice (coalesce(due_at, at), id) where pending",
                "create index on notices.notice (contact_id) where contact_id is not null",
                "create index on accounts.holding (grid_id, role) where grid_id is not null",
                "create index on accounts.holding (unit_id, role) where unit_id is not null",
            ]
        ),
    ]
