"""Where rows of ties lie, the indexes that find them, and terms that never overlap."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

TERMS = """
alter table ties.tie add constraint {name} exclude using gist
(kind with =, {sides}, daterange(since, coalesce(until, ends_on)) with &&) where (since is not null and {kinds})
"""
LEADERS, HOUSEHOLDS = "kind='LEADER_TOWN'", "kind='CADRE_HOUSEHOLD'"
UNITS = "kind not in ('LEADER_TOWN','CADRE_HOUSEHOLD')"
ASKED = "create unique index on ties.tie (kind, {sides}) where state='PROPOSED' and {kinds}"


class Migration(migrations.Migration):
    dependencies = [("ties", "0001_initial"), ("grids", "0002_tree"), ("cases", "0008_similar"), ("party", "0002_rules")]

    operations = [
        ops.RunSQL(
            [
                *locate("ties.tie"),
                *levels("ties.tie", "proposed_at", "id"),
                # Of a pair one link at a time, and of a household one helper.
                TERMS.format(name="of_leaders", sides="grid_id with =, person_id with =", kinds=LEADERS),
                TERMS.format(name="of_units", sides="grid_id with =, unit_id with =", kinds=UNITS),
                TERMS.format(name="of_households", sides="household_id with =", kinds=HOUSEHOLDS),
                ASKED.format(sides="grid_id, person_id", kinds=LEADERS),
                ASKED.format(sides="grid_id, unit_id", kinds=UNITS),
                ASKED.format(sides="household_id, person_id", kinds=HOUSEHOLDS),
                "create index on ties.tie (unit_id, proposed_at, id)",
                "create index on ties.tie (county_id, ends_on) where state='ACTIVE'",
                "create index on ties.deed (tie_id, day, id)",
                *locate("ties.deputy"),
                *levels("ties.deputy", "since", "id"),
                "alter table ties.deputy add constraint terms exclude using gist "
                "(level with =, person_id with =, daterange(since, coalesce(until, ends_on)) with &&)",
                *locate("ties.station"),
                *levels("ties.station", "name", "id"),
                *locate("ties.reception"),
                *levels("ties.reception", "starts_at", "id"),
                *locate("ties.heard"),
                *levels("ties.heard", "heard_at", "id"),
                # A proposal may be gone with its deputy's file, so both may be null; never are both given.
                "alter table ties.heard add constraint outcome check (suggestion_id is null or case_id is null)",
            ]
        )
    ]
