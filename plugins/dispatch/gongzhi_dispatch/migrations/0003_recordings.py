"""What another system calls the recording of what the requester said."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_indexes")]

    operations = [
        ops.AddField(model_name="FollowUpRow", name="recording", field=fields.CharField(max_length=200, null=True)),
    ]
