"""Where rows lie, the indexes that find them, and what the database itself sees to."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

TERMS = """
alter table party.office add constraint terms exclude using gist
(branch_id with =, duty with =, daterange(since, coalesce(until, term_ends_on)) with &&)
"""


LOCATED = (
    "branch", "member", "series", "activity", "deliberation", "code", "seat", "suggestion", "link", "ask", "wish", "team",
    "project", "lesson",
)
QUICK = "alter table party.{} set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)"
"""What a vote leaves behind in these tables is to be gone soon after it is closed."""


class Migration(migrations.Migration):
    dependencies = [("party", "0001_initial"), ("grids", "0002_tree"), ("cases", "0008_similar")]

    operations = [
        ops.RunSQL(
            [
                *(one for table in LOCATED for one in locate(f"party.{table}")),
                TERMS,
                "create unique index on party.member (person_id) where status <> 'LEFT'",
                "create unique index on party.transfer (member_id) where state = 'REQUESTED'",
                "create unique index on party.voted (deliberation_id, person_id) where household_id is null",
                "create unique index on party.voted (deliberation_id, household_id) where household_id is not null",
                "create unique index on party.volunteer (group_id, person_id) where until is null",
                "create unique index on party.link (household_id) where until is null",
                "create unique index on party.ask (household_id) where state = 'OPEN'",
                *(QUICK.format(table) for table in ("urn", "voted", "slip")),
                "alter table party.activity add constraint lasting check (ends_at > starts_at)",
                "alter table party.activity add constraint whose check (audience <> 'BRANCH' or branch_id is not null)",
                *levels("party.member", "joined_on", "id"),
                *levels("party.activity", "starts_at", "id"),
                *levels("party.deliberation", "raised_at", "id"),
                "create index on party.activity (branch_id, starts_at, id)",
                "create index on party.activity (starts_at, id) where state = 'PLANNED'",
                "create index on party.participation (activity_id, state, signed_at, id)",
                "create index on party.participation (person_id, signed_at, id)",
                "create index on party.deliberation (raised_at, id)",
                "create index on party.ballot (proposal_id, choice, id)",
            ]
        )
    ]
