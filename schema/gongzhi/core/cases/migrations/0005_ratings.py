"""Every answer keeps the rating it got, as a row of its own, with whether it counts in figures.

`cases.independent` says once, for commands, figures and whatever may feed points, whether a case has a requester who is
neither the one who handled it nor served by a filer who handled it.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.fields.base import OnDelete
from gongzhi.core.cases.models import RatingSource
from uuid6 import uuid7

INDEPENDENT = """
create function cases.independent(case_key uuid) returns boolean language sql stable as $$
  select (c.requester_id is not null
      or c.origin = 'REACTIVE' and not n.by_key and coalesce(f.role, 'stranger') in ('stranger', 'resident', 'integrator'))
    and not exists (
      select from cases.event h left join accounts.account a on a.name = h.account
      where h.case_id = c.id and h.type in ('case.handling', 'case.suspended', 'case.resumed', 'case.settled', 'case.replied')
        and h.account is not null
        and (h.account in (c.account, f.account) or a.person_id in (c.requester_id, c.filed_by_id)))
  from cases."case" c
  join cases.channel n on n.id = c.channel_id
  left join lateral (
    select e.account, e.role from cases.event e where e.case_id = c.id and e.type = 'case.reported'
    order by e.at, e.id limit 1) f on true
  where c.id = case_key
$$
"""
# What is on file: the last rating of each case, and of those that were cleared as many as the timeline tells of.
KEPT = """
insert into cases.rating (id, case_id, unit_id, answered_at, at, source, rating, solved, comment, counts)
select gen_random_uuid(), c.id, c.lead_unit_id, c.replied_at, coalesce(e.at, c.closed_at, c.replied_at),
  case when e.type = 'case.followed_up' then 'FOLLOW_UP' when c.requester_id is null then 'RECEIPT' else 'ACCOUNT' end,
  c.rating, c.solved, c.rating_comment, coalesce(cases.independent(c.id), false)
from cases."case" c
left join lateral (
  select e.at, e.type from cases.event e where e.case_id = c.id and e.type in ('case.rated', 'case.followed_up')
    and e.at >= c.replied_at order by e.at desc, e.id desc limit 1) e on true
where c.replied_at is not null and (c.rating is not null or c.solved is not null)
on conflict do nothing
"""
CLEARED = """
insert into cases.rating (id, case_id, unit_id, answered_at, at, source, rating, solved, comment, counts)
select distinct on (c.id, a.at) gen_random_uuid(), c.id, c.lead_unit_id, a.at, e.at,
  case when c.requester_id is null then 'RECEIPT' else 'ACCOUNT' end,
  (e.data->>'rating')::smallint, (e.data->>'solved')::boolean, e.note, coalesce(cases.independent(c.id), false)
from cases.event e
join cases."case" c on c.id = e.case_id
join lateral (
  select b.at from cases.event b where b.case_id = e.case_id and b.at <= e.at
    and b.type in ('case.settled', 'case.replied', 'case.answered_with') order by b.at desc, b.id desc limit 1) a on true
where e.type = 'case.rated' and (e.data->>'rating') is not null and a.at is distinct from c.replied_at
order by c.id, a.at, e.at desc, e.id desc
on conflict do nothing
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_channels"), ("accounts", "0001_initial"), ("units", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="RatingRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("case", fields.ForeignKeyField("cases.CaseRow", source_field="case_id", db_constraint=True, to_field="id", related_name=False, on_delete=OnDelete.CASCADE)),
                ("unit", fields.ForeignKeyField("units.UnitRow", source_field="unit_id", null=True, db_constraint=True, to_field="id", related_name=False, on_delete=OnDelete.RESTRICT)),
                ("answered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("source", fields.CharEnumField(description="ACCOUNT: ACCOUNT\nRECEIPT: RECEIPT\nFOLLOW_UP: FOLLOW_UP", enum_type=RatingSource, max_length=9)),
                ("rating", fields.SmallIntField(null=True)),
                ("solved", fields.BooleanField(null=True)),
                ("comment", fields.CharField(null=True, max_length=2000)),
                ("counts", fields.BooleanField()),
            ],
            options={"table": "rating", "schema": "cases", "app": "cases", "unique_together": (("case", "answered_at"),), "pk_attr": "id", "table_description": "What the requester made of one answer, whoever it was told to. `counts` says whether figures count it."},
            bases=["Model"],
        ),
        ops.RunSQL([INDEPENDENT, KEPT, CLEARED]),
    ]
