"""The index by which cases are searched for words of their title and description."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_similar")]

    operations = [
        ops.RunSQL(
            [
                "create index if not exists search_texts on cases.case "
                "using gin (gongzhi.grams(title || ' ' || description))",
            ]
        )
    ]
