"""A look at somebody's file that they contest, as a matter of its own."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from gongzhi_rights.models import Matter

KINDS = ("EXPORT", "CORRECTION", "DELETION", "RESTRICTION", "EXPLANATION", "LOOK")


class Migration(migrations.Migration):
    dependencies = [("rights", "0002_indexes")]

    operations = [
        ops.AddField(model_name="DemandRow", name="look_id", field=fields.UUIDField(null=True)),
        ops.AlterField(
            model_name="DemandRow",
            name="matter",
            field=fields.CharEnumField(
                description="\n".join(f"{kind}: {kind}" for kind in KINDS), enum_type=Matter, max_length=11
            ),
        ),
    ]
