"""Which look at somebody's file they contest."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("rights", "0002_indexes")]

    operations = [ops.AddField(model_name="DemandRow", name="look_id", field=fields.UUIDField(null=True))]
