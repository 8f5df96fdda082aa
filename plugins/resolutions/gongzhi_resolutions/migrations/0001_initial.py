from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi_resolutions.models import Body
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='resolutions'),
        ops.CreateModel(
            name='ResolutionRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('body', fields.CharEnumField(description='ASSEMBLY: ASSEMBLY\nREPRESENTATIVES: REPRESENTATIVES\nCOMMITTEE: COMMITTEE\nCOUNCIL: COUNCIL\nPARTY_MEETING: PARTY_MEETING', enum_type=Body, max_length=15)),
                ('title', fields.CharField(max_length=200)),
                ('text', fields.TextField(unique=False)),
                ('decided_on', fields.DateField()),
                ('adopts', ArrayField(default=list, element_type='TEXT')),
                ('votes_for', fields.IntField(null=True)),
                ('votes_against', fields.IntField(null=True)),
                ('abstentions', fields.IntField(null=True)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(max_length=100)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'resolution', 'schema': 'resolutions', 'app': 'resolutions', 'pk_attr': 'id', 'table_description': 'What was decided, by whom, when. `adopts` names rules with their versions, such as `points.village/3`.'},
            bases=['Located'],
        ),
    ]
