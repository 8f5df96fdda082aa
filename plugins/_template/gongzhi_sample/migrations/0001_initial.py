from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('people', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='sample'),
        ops.CreateModel(
            name='NoteRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('text', fields.CharField(max_length=200)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'note', 'schema': 'sample', 'app': 'sample', 'pk_attr': 'id', 'table_description': 'A note on a household.'},
            bases=['Model'],
        ),
    ]
