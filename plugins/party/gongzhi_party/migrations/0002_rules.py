"""Where rows lie, the indexes that find them, and what the database itself sees to."""

from gongzhi.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

TERMS = """
alter table party.office add constraint terms exclude using gist
(branch_id with =, duty with =, daterange(since, coalesce(until, term_ends_on)) with &&)
"""


class Migration(migrations.Migration):
    dependencies = [("party", "0001_initial"), ("grids", "0002_tree"), ("dispatch", "0002_indexes")]

    operations = [
        ops.RunSQL(
            [
                *(one for table in ("branch", "member") for one in locate(f"party.{table}")),
                TERMS,
                "create unique index on party.member (person_id) where status <> 'LEFT'",
                "create unique index on party.transfer (member_id) where state = 'REQUESTED'",
                *levels("party.member", "joined_on", "id"),
            ]
        )
    ]
