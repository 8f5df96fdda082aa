"""Where subscriptions go on after their token has ended."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("events", "0002_partitions")]

    operations = [
        ops.CreateModel(
            name="ResumptionRow",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("cursor", fields.CharField(max_length=40)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "resumption",
                "schema": "events",
                "app": "events",
                "pk_attr": "key",
                "table_description": "How far a subscription had come when its connection's token ended, for two minutes.",
            },
            bases=["Model"],
        ),
    ]
