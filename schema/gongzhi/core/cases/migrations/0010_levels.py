"""Indexes of cases by grids below the village have those alone that lie in one, and no lines for the others."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = [(level, order) for level in ("grid_1_id", "grid_2_id", "grid_3_id") for order in ("reported_at", "due_at")]


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_months_of_timelines")]

    operations = [
        ops.RunSQL(
            [
                *(f"drop index cases.case_{level}_{order}_id_idx" for level, order in INDEXES),
                *(
                    f"create index on cases.case ({level}, {order}, id) where {level} is not null"
                    for level, order in INDEXES
                ),
            ]
        ),
    ]
