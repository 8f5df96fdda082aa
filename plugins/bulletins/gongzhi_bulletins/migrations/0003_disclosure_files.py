from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('bulletins', '0002_indexes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DisclosureFileRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=100)),
                ('media_type', fields.CharField(max_length=60)),
                ('content', BytesField(generated=False, null=False, unique=False)),
                ('disclosure', fields.ForeignKeyField('bulletins.DisclosureRow', source_field='disclosure_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'disclosure_file', 'schema': 'bulletins', 'app': 'bulletins', 'pk_attr': 'id', 'table_description': 'A file that is published with a disclosure: the vouchers, the minutes, the contract.'},
            bases=['PublishedFile'],
        ),
        ops.AddField(
            model_name='DisclosureRow',
            name='reminded_on',
            field=fields.DateField(null=True),
        ),
    ]
