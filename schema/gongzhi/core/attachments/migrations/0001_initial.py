from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.core.attachments.models import AttachmentKind
from gongzhi.declare.columns import BytesField
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0002_indexes'), ('people', '0002_indexes')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='attachments'),
        ops.CreateModel(
            name='AttachmentRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.CaseRow', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('kind', fields.CharEnumField(description='PHOTO: PHOTO\nVOICE: VOICE\nVIDEO: VIDEO\nDOCUMENT: DOCUMENT', enum_type=AttachmentKind, max_length=8)),
                ('media_type', fields.CharField(max_length=100)),
                ('size', fields.IntField()),
                ('thumbnail', fields.BooleanField(default=False)),
                ('county', fields.CharField(max_length=6)),
                ('data_key', BytesField(null=True, generated=False, unique=False)),
                ('account', fields.CharField(null=True, max_length=100)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('client', BytesField(null=True, generated=False, unique=False)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attachment', 'schema': 'attachments', 'app': 'attachments', 'pk_attr': 'id', 'table_description': 'A file. Until a case has it, its key is all that a stranger who sent it is known by: so it is random.'},
            bases=['Model'],
        ),
    ]
