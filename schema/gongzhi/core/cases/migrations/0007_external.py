"""Whether another system filed a case; of those that are there, what the numbers of other systems tell."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

FILL = """
do $$ begin
  if to_regclass('intake.entry') is not null then
    update cases."case" c set external = true from intake.entry e where e.case_id = c.id;
  end if;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_settled_level")]

    operations = [
        ops.AddField(
            model_name="CaseRow",
            name="external",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunSQL(FILL),
    ]
