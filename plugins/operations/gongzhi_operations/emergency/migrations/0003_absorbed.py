"""Emergencies of larger areas that take over those within them."""

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

from gongzhi_operations.emergency.models import EmergencyState


class Migration(migrations.Migration):
    dependencies = [("emergency", "0002_powers"), ("grids", "0002_tree")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="EmergencyRow",
            name="state",
            field=fields.CharEnumField(
                description="PENDING: PENDING\nACTIVE: ACTIVE\nENDED: ENDED\nREFUSED: REFUSED\nLAPSED: LAPSED\n"
                "ABSORBED: ABSORBED",
                enum_type=EmergencyState,
                max_length=8,
            ),
        ),
        ops.AddField(
            model_name="EmergencyRow",
            name="absorbed_by",
            field=fields.ForeignKeyField(
                "emergency.EmergencyRow",
                source_field="absorbed_by_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="EmergencyRow",
            name="absorbs",
            field=ArrayField(default=list, db_default=SqlDefault("'{}'"), element_type="UUID"),
        ),
    ]
