"""Numbers that a hotline was called from: no code is sent to them. A mask shows which number was left."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_indexes")]

    operations = [
        ops.AddField(model_name="ContactRow", name="mask", field=fields.CharField(max_length=20, null=True)),
        ops.AlterField(model_name="ContactRow", name="sent_at", field=fields.DatetimeField(null=True)),
    ]
