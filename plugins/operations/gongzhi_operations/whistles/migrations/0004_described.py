"""What the table of whistles says of itself is as its column is called now."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0008_similar"),
        ("emergency", "0003_absorbed"),
        ("grids", "0003_counties"),
        ("units", "0002_indexes"),
        ("whistles", "0003_tasks"),
    ]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="WhistleRow",
            options={
                "table": "whistle",
                "schema": "whistles",
                "app": "whistles",
                "pk_attr": "id",
                "table_description": "Somebody calls units together about a matter. `check_in_within` is how long they have to come, as given.",
            },
        ),
    ]
