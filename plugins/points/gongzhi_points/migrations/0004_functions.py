"""What is computed of entries in one way only: what a rule has given in a period, and what is left of each lot."""

from tortoise import migrations
from tortoise.migrations import operations as ops

EARNED = """
create function points.earned(rule uuid, holder uuid, day date) returns bigint language sql stable as $$
  select coalesce(sum(e.amount), 0)::bigint
  from points.rule mine
  join points.rule r on r.programme_id = mine.programme_id and r.code = mine.code
  join points.posting p on p.rule_id = r.id and p.kind = 'EARNED'
    and p.occurred_on >= date_trunc(mine.period, day::timestamp)::date
    and p.occurred_on < (date_trunc(mine.period, day::timestamp)
      + case mine.period when 'QUARTER' then interval '3 months' else ('1 ' || mine.period)::interval end)::date
  join points.entry e on e.posting_id = p.id and e.account_id = holder
  where mine.id = rule and not exists(select from points.posting u where u.reverses_id = p.id)
$$
"""
# The lot that expires first is used first. Where all points of a programme last equally long, that is the oldest.
LOTS = """
create function points.lots(holder uuid) returns table(expires_on date, amount bigint) language sql stable as $$
  select c.expires_on, least(c.amount, c.running - s.spent)::bigint
  from (select e.expires_on, e.amount, sum(e.amount) over (order by e.expires_on nulls last, e.posted_at, e.id) running
        from points.entry e where e.account_id = holder and e.amount > 0) c,
       (select coalesce(-sum(e.amount), 0) + (select a.held from points.account a where a.id = holder) spent
        from points.entry e where e.account_id = holder and e.amount < 0) s
  where c.running > s.spent
$$
"""


class Migration(migrations.Migration):
    dependencies = [("points", "0003_located")]

    operations = [ops.RunSQL([EARNED, LOTS])]
