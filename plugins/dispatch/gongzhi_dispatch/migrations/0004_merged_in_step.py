"""Merged cases as their main case stands: closed with it, and settled no more where it was taken up again."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FOLLOW = """
update cases."case" c set
  closed_at = case when m.status in ('CLOSED', 'VOIDED') then coalesce(m.closed_at, now()) end,
  settled_at = case when m.status in ('REPLIED', 'CLOSED', 'VOIDED') then c.settled_at end
from dispatch.merge d join cases."case" m on m.id = d.into_id
where c.id = d.case_id and d.undone_at is null and c.status = 'MERGED' and m.status <> 'REPLIED'
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0003_recordings")]

    operations = [ops.RunSQL(FOLLOW, "select 1")]
