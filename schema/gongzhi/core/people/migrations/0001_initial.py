from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.columns import BytesField
from gongzhi.core.people.models import Duty, Gender, IncomeBand, Line, PhoneKind, Relation, ResidenceKind, Tier
from orjson import loads
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid6 import uuid7
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0001_initial')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='people'),
        ops.CreateModel(
            name='BatchRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=20)),
                ('file', fields.CharField(max_length=200)),
                ('account', fields.CharField(max_length=100)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('added', fields.IntField(default=0)),
                ('undone_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'batch', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'One import, so that it can be undone as a whole.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PersonRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=100)),
                ('gender', fields.CharEnumField(default=Gender.UNKNOWN, description='FEMALE: FEMALE\nMALE: MALE\nUNKNOWN: UNKNOWN', enum_type=Gender, max_length=7)),
                ('birth_date', fields.DateField(null=True)),
                ('residence', fields.CharEnumField(description='RESIDENT: RESIDENT\nREGISTERED: REGISTERED\nFLOATING: FLOATING', enum_type=ResidenceKind, max_length=10)),
                ('needs', ArrayField(default=list, element_type='TEXT')),
                ('data_key', BytesField(null=True, generated=False, unique=False)),
                ('resident_id_sealed', BytesField(null=True, generated=False, unique=False)),
                ('resident_id_mask', fields.CharField(null=True, max_length=20)),
                ('resident_id_blind', BytesField(null=True, generated=False, unique=False)),
                ('batch', fields.ForeignKeyField('people.BatchRow', source_field='batch_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'person', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': "A person. `data_key` is the person's own key, wrapped; destroying it destroys every sealed value."},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='HouseholdRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=40)),
                ('address', fields.CharField(max_length=200)),
                ('head', fields.ForeignKeyField('people.PersonRow', source_field='head_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('needs', ArrayField(default=list, element_type='TEXT')),
                ('income_band', fields.CharEnumField(default=IncomeBand.UNKNOWN, description='BELOW_MEAN: BELOW_MEAN\nABOVE_MEAN: ABOVE_MEAN\nUNKNOWN: UNKNOWN', enum_type=IncomeBand, max_length=10)),
                ('income_confirmed_on', fields.DateField(null=True)),
                ('tier', fields.CharEnumField(default=Tier.UNCLASSIFIED, description='LIANXIN: LIANXIN\nGUANXIN: GUANXIN\nFANGXIN: FANGXIN\nUNCLASSIFIED: UNCLASSIFIED', enum_type=Tier, max_length=12)),
                ('visit_due_on', fields.DateField()),
                ('batch', fields.ForeignKeyField('people.BatchRow', source_field='batch_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'household', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'A household. `tier` and `visit_due_on` follow from the last decision and the last visit.'},
            bases=['Located'],
        ),
        ops.CreateModel(
            name='AwardRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=40)),
                ('year', fields.SmallIntField()),
            ],
            options={'table': 'award', 'schema': 'people', 'app': 'people', 'unique_together': (('household', 'kind', 'year'),), 'pk_attr': 'id', 'table_description': 'An award to a household for a year, such as 平安家庭.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LiaisonRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('line', fields.CharEnumField(description='PARTY_MEMBER: PARTY_MEMBER\nDEPUTY: DEPUTY\nCENTER_HOUSEHOLD: CENTER_HOUSEHOLD', enum_type=Line, max_length=16)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('since', fields.DateField()),
                ('until', fields.DateField(null=True)),
            ],
            options={'table': 'liaison', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'A published office, held by consent: who keeps in touch with a household, by which line.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MembershipRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('relation', fields.CharEnumField(description='HEAD: HEAD\nSPOUSE: SPOUSE\nCHILD: CHILD\nPARENT: PARENT\nGRANDCHILD: GRANDCHILD\nGRANDPARENT: GRANDPARENT\nSIBLING: SIBLING\nOTHER: OTHER', enum_type=Relation, max_length=11)),
                ('since', fields.DateField()),
                ('until', fields.DateField(null=True)),
            ],
            options={'table': 'membership', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'Who belongs to a household, as what, from when to when.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PhoneRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharEnumField(description='MOBILE: MOBILE\nLANDLINE: LANDLINE', enum_type=PhoneKind, max_length=8)),
                ('rank', fields.SmallIntField(default=1)),
                ('sealed', BytesField(null=True, generated=False, unique=False)),
                ('mask', fields.CharField(max_length=20)),
                ('blind', BytesField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'phone', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'A number of a person, the first by rank.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PostRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('duty', fields.CharEnumField(description='GRID_LEADER: GRID_LEADER\nGRID_WORKER: GRID_WORKER', enum_type=Duty, max_length=11)),
                ('person', fields.ForeignKeyField('people.PersonRow', source_field='person_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('duty_phone', fields.CharField(null=True, max_length=20)),
                ('since', fields.DateField()),
                ('until', fields.DateField(null=True)),
            ],
            options={'table': 'post', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'Who holds a duty in a grid, from when to when. The duty phone is published by consent.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TierRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('tier', fields.CharEnumField(description='LIANXIN: LIANXIN\nGUANXIN: GUANXIN\nFANGXIN: FANGXIN\nUNCLASSIFIED: UNCLASSIFIED', enum_type=Tier, max_length=12)),
                ('rule', fields.CharField(max_length=40)),
                ('inputs', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('reasons', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('decided_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('review_on', fields.DateField()),
                ('contested_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('contest_reason', fields.CharField(null=True, max_length=2000)),
            ],
            options={'table': 'tier', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': "A decision on a household's tier: the rule's version, its frozen inputs, what each of them said."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='VisitRow',
            fields=[
                ('grid', fields.ForeignKeyField('grids.GridRow', source_field='grid_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('county_id', fields.IntField(null=True)),
                ('town_id', fields.IntField(null=True)),
                ('village_id', fields.IntField(null=True)),
                ('grid_1_id', fields.IntField(null=True)),
                ('grid_2_id', fields.IntField(null=True)),
                ('grid_3_id', fields.IntField(null=True)),
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('household', fields.ForeignKeyField('people.HouseholdRow', source_field='household_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('visitor', fields.ForeignKeyField('people.PersonRow', source_field='visitor_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('note', fields.TextField(unique=False)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('account', fields.CharField(max_length=100)),
            ],
            options={'table': 'visit', 'schema': 'people', 'app': 'people', 'pk_attr': 'id', 'table_description': 'A visit to a household: when, by whom, what was said. Never a track.'},
            bases=['Located'],
        ),
    ]
