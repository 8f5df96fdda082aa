"""What a hotline tells of the call by which a case was asked for."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [
        ops.AddField(model_name="EntryRow", name="caller", field=fields.CharField(max_length=100, null=True)),
        ops.AddField(model_name="EntryRow", name="called_at", field=fields.DatetimeField(null=True)),
        ops.AddField(model_name="EntryRow", name="recording", field=fields.CharField(max_length=200, null=True)),
    ]
