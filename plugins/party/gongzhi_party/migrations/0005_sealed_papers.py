"""Papers are sealed, each under a key of its own; those that are there are sealed by the job `party.seal_papers`.

No digest stays beside a paper: whoever has one could tell by it that it lies here.
"""

from gongzhi.declare.columns import BytesField
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("party", "0004_left")]

    initial = False

    operations = [
        ops.RemoveField(model_name="PaperRow", name="digest"),
        ops.AddField(model_name="PaperRow", name="county", field=fields.CharField(max_length=6, null=True)),
        ops.AddField(
            model_name="PaperRow",
            name="data_key",
            field=BytesField(null=True, generated=False, unique=False),
        ),
        # What is left to seal, for the job: once all is sealed it finds that without looking at the papers.
        ops.RunSQL(["create index paper_unsealed on party.paper (id) where data_key is null"]),
    ]
