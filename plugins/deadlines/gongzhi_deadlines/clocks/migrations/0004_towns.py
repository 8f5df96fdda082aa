"""Rules of towns, and the limits that counties set them."""

from gongzhi_deadlines.clocks.models import RuleSetKind
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("clocks", "0003_any_hour"), ("grids", "0002_tree")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="RuleSetRow",
            options={
                "table": "rule_set",
                "schema": "clocks",
                "app": "clocks",
                "pk_attr": "id",
                "table_description": "An edition of a set of rules. It never changes; a county that edits its rules makes the next edition.",
            },
        ),
        ops.AddField(
            model_name="RuleSetRow",
            name="kind",
            field=fields.CharEnumField(RuleSetKind, max_length=6, default=RuleSetKind.COUNTY, db_default="COUNTY"),
        ),
        ops.AddField(
            model_name="RuleSetRow",
            name="town",
            field=fields.ForeignKeyField(
                "grids.GridRow",
                source_field="town_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.RunSQL(
            [
                "alter table clocks.rule_set add constraint of_a_town check ((kind = 'TOWN') = (town_id is not null))",
                "create index on clocks.rule_set (town_id, edition) where town_id is not null",
                "create index on clocks.rule_set (county_id, edition) where kind = 'LIMITS'",
            ]
        ),
    ]
