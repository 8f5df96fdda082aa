"""Numbers left with cases belong to a plugin: no foreign key of the core points at them any more.

Databases that were made before have one, whose name the ORM chose.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

DROP = """
do $$
declare name text;
begin
  for name in select conname from pg_constraint
    where contype = 'f' and conrelid = 'notices.notice'::regclass and confrelid = to_regclass('contacts.contact')
  loop
    execute format('alter table notices.notice drop constraint %I', name);
  end loop;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0004_due")]

    operations = [ops.RunSQL([DROP])]
