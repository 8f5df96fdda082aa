"""Photos are sealed, each under a key of its own; those that are there are sealed by the job `points.seal_photos`.

No digest stays beside a photo: whoever has a picture could tell by it that it lies here.
"""

from gongzhi.declare.columns import BytesField
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("points", "0005_acts")]

    initial = False

    operations = [
        ops.RemoveField(model_name="PhotoRow", name="digest"),
        ops.AddField(model_name="PhotoRow", name="county", field=fields.CharField(max_length=6, null=True)),
        ops.AddField(
            model_name="PhotoRow",
            name="data_key",
            field=BytesField(null=True, generated=False, unique=False),
        ),
        # What is left to seal, for the job: once all is sealed it finds that without looking at the photos.
        ops.RunSQL(["create index photo_unsealed on points.photo (id) where data_key is null"]),
    ]
