"""Where cases lie, and the indexes that find them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("people", "0002_indexes"), ("units", "0002_indexes")]

    operations = [
        ops.RunSQL(
            [
                *locate("cases.case"),
                *levels("cases.case", "reported_at", "id"),
                "create index on cases.case (reported_at, id)",
                "create index on cases.case (requester_id, reported_at, id)",
                "create index on cases.case (filed_by_id, reported_at, id) where filed_by_id is not null",
                "create index on cases.case (lead_unit_id, reported_at, id)",
                "create index on cases.case (accused_unit_id) where accused_unit_id is not null",
                "create index on cases.case (category_id)",
                "create index on cases.case (county_id, status, reported_at, id) "
                "where status not in ('CLOSED', 'DECLINED', 'WITHDRAWN', 'MERGED', 'VOIDED')",
                "create index on cases.case using gin (gongzhi.grams(title))",
                "create index on cases.event (case_id, at, id)",
            ]
        )
    ]
