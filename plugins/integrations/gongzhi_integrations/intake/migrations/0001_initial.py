from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0003_deadlines')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='intake'),
        ops.CreateModel(
            name='EntryRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.OneToOneField('cases.CaseRow', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('source', fields.CharField(max_length=100)),
                ('number', fields.CharField(max_length=60)),
            ],
            options={'table': 'entry', 'schema': 'intake', 'app': 'intake', 'unique_together': (('source', 'number'),), 'pk_attr': 'id', 'table_description': 'A case as another system knows it. `source` is the account that filed it; its numbers are its own.'},
            bases=['Model'],
        ),
    ]
