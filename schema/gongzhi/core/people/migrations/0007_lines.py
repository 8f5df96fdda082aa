"""A household's helper may be the cadre of a unit, a line beside the three."""

from gongzhi.core.people.models import Line
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("people", "0006_contested")]

    operations = [
        ops.AlterField(
            model_name="LiaisonRow",
            name="line",
            field=fields.CharEnumField(
                description="PARTY_MEMBER: PARTY_MEMBER\nDEPUTY: DEPUTY\nCENTER_HOUSEHOLD: CENTER_HOUSEHOLD\nCADRE: CADRE",
                enum_type=Line,
                max_length=16,
            ),
        ),
    ]
