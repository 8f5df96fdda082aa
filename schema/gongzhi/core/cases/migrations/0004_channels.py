"""Who may file by which channel. The stock channels get their roles; those of a county's own stay open to everybody."""

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

# Written out: a migration says what was so on its day, whatever the catalogue says later.
FIELD, DISPATCH = "grid_worker,grid_leader", "town_dispatcher,county_dispatcher"
ROLES = {
    "HOTLINE_12345": f"integrator,{DISPATCH}",
    "GRID_WORKER": FIELD,
    "VISIT": FIELD,
    "DEPUTY": "deputy",
    "PARTY_MEMBER": FIELD,
    "LETTER": f"{FIELD},{DISPATCH},department_handler",
    "IOT": "integrator",
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_deadlines")]

    operations = [
        ops.AddField(
            model_name="ChannelRow",
            name="roles",
            field=ArrayField(element_type="text", db_default=SqlDefault("'{}'")),
        ),
        ops.AddField(model_name="ChannelRow", name="by_key", field=fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(
            [
                *(f"update cases.channel set roles = '{{{roles}}}' where code = '{code}'" for code, roles in ROLES.items()),
                "update cases.channel set by_key = true where code = 'IOT'",
            ]
        ),
    ]
