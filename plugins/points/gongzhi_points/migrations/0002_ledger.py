"""What the database itself sees to: nobody changes the past, legs sum to zero, balances are sums, nobody overdraws."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FROZEN = """
create function points.frozen() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$
"""
MOVED = """
create function points.moved() returns trigger language plpgsql as $$
begin
  if exists(select from points.entry e where e.posting_id in (select posting_id from added)
            group by e.posting_id having sum(e.amount) <> 0 or count(*) < 2) then
    raise exception 'the legs of a posting do not sum to zero' using errcode = 'check_violation';
  end if;
  update points.account a set balance = a.balance + s.amount
  from (select account_id, sum(amount) amount from added group by 1) s where a.id = s.account_id;
  return null;
end $$
"""
HOLD = """
create function points.hold() returns trigger language plpgsql as $$
declare
  held_before bigint := case when tg_op = 'UPDATE' and old.state = 'HELD' then old.price else 0 end;
  held_after bigint := case when new.state = 'HELD' then new.price else 0 end;
begin
  if tg_op = 'UPDATE' and (old.price, old.account_id) is distinct from (new.price, new.account_id) then
    raise exception 'a redemption keeps its price and account' using errcode = 'restrict_violation';
  end if;
  if tg_op = 'UPDATE' and old.state <> 'HELD' and old.state <> new.state then
    raise exception 'a redemption that has ended stays as it is' using errcode = 'restrict_violation';
  end if;
  if held_before <> held_after then
    update points.account set held = held + held_after - held_before where id = new.account_id;
  end if;
  return null;
end $$
"""
GUARDED = """
create function points.guarded() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() = 1 and (old.balance, old.held) is distinct from (new.balance, new.held) then
    raise exception 'a balance is the sum of entries' using errcode = 'restrict_violation';
  end if;
  return new;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                FROZEN,
                MOVED,
                HOLD,
                GUARDED,
                *(
                    f"create trigger frozen before update or delete on points.{table} "
                    "for each row execute function points.frozen()"
                    for table in ("posting", "entry")
                ),
                *(
                    f"create trigger emptied before truncate on points.{table} "
                    "for each statement execute function points.frozen()"
                    for table in ("posting", "entry")
                ),
                "create trigger moved after insert on points.entry referencing new table as added "
                "for each statement execute function points.moved()",
                "create trigger hold after insert or update on points.redemption "
                "for each row execute function points.hold()",
                "create trigger guarded before update on points.account "
                "for each row execute function points.guarded()",
                "alter table points.account add constraint covered "
                "check (held >= 0 and (kind = 'ISSUER' or balance >= held))",
                "alter table points.entry add constraint whole check (amount <> 0)",
                "alter table points.entry add constraint gained check (expires_on is null or amount > 0)",
                "alter table points.reward add constraint priced check (price > 0 and stock >= 0)",
                "alter table points.rule add constraint giving check (amount > 0 and coalesce(cap, 1) > 0)",
                "alter table points.rule add constraint fed check ((act_id is null) <> (event is null))",
                "create unique index on points.account (programme_id) where kind = 'ISSUER'",
                "create unique index on points.account (programme_id, person_id) where kind = 'PERSON'",
                "create unique index on points.account (programme_id, household_id) where kind = 'HOUSEHOLD'",
                "create unique index on points.account (merchant_id) where kind = 'MERCHANT'",
            ]
        )
    ]
