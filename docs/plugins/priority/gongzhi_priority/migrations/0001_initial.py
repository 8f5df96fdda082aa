from uuid import uuid4

from gongzhi.declare.located import LEVELS, keep_beside, levels, locate
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

SCORE = "case r.urgency when 'EMERGENCY' then 100 when 'URGENT' then 50 else 0 end"
KEPT = keep_beside("priority.mark", "cases.case", key="case_id", column="score", value=SCORE, touched=("urgency",))


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_indexes"), ("grids", "0002_tree")]

    initial = True

    operations = [
        ops.CreateSchema(schema_name="priority"),
        ops.CreateModel(
            name="MarkRow",
            fields=[
                ("grid", fields.ForeignKeyField("grids.GridRow", related_name=False, on_delete=OnDelete.RESTRICT)),
                *((level, fields.IntField(null=True)) for level in LEVELS),
                ("id", fields.UUIDField(primary_key=True, default=uuid4)),
                ("case", fields.OneToOneField("cases.CaseRow", related_name=False, on_delete=OnDelete.CASCADE)),
                ("score", fields.IntField()),
            ],
            options={"table": "mark", "schema": "priority", "app": "priority", "pk_attr": "id"},
            bases=["Located"],
        ),
        ops.RunSQL([*locate("priority.mark"), *levels("priority.mark", "score", "case_id"), *KEPT]),
    ]
