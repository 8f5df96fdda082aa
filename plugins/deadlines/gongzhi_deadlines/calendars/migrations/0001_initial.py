from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('grids', '0002_tree')]

    initial = True

    operations = [
        ops.CreateSchema(schema_name='calendars'),
        ops.CreateModel(
            name='CalendarRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('county', fields.ForeignKeyField('grids.GridRow', source_field='county_id', null=True, unique=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('weekdays', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('shifts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('content', fields.TextField(default='', unique=False)),
                ('ends_on', fields.DateField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'calendar', 'schema': 'calendars', 'app': 'calendars', 'pk_attr': 'id', 'table_description': "The hours of a county's offices; without a county, those of every county that has none of its own."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DayRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('calendar', fields.ForeignKeyField('calendars.CalendarRow', source_field='calendar_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('day', fields.DateField()),
                ('spans', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('name', fields.CharField(max_length=60)),
                ('source', fields.CharField(max_length=200)),
            ],
            options={'table': 'day', 'schema': 'calendars', 'app': 'calendars', 'unique_together': (('calendar', 'day'),), 'pk_attr': 'id', 'table_description': 'A day that is not like its weekday. `spans` are its hours, none on a day off; null: the usual ones.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SpanRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('calendar', fields.ForeignKeyField('calendars.CalendarRow', source_field='calendar_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('opens_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('closes_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('before', fields.BigIntField()),
            ],
            options={'table': 'span', 'schema': 'calendars', 'app': 'calendars', 'unique_together': (('calendar', 'opens_at'),), 'pk_attr': 'id', 'table_description': "Hours in which a calendar's offices are open, and the seconds worked before; made from the calendar."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='YearRow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('year', fields.SmallIntField(unique=True)),
                ('provisional', fields.BooleanField()),
                ('source', fields.CharField(max_length=200)),
            ],
            options={'table': 'year', 'schema': 'calendars', 'app': 'calendars', 'pk_attr': 'id', 'table_description': 'A year of the national calendar; provisional until the State Council has announced its days off.'},
            bases=['Model'],
        ),
    ]
