"""What the database itself sees to: payments and pool entries never change, nothing is below zero, balances are sums."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FROZEN = """
create function credit.frozen() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$
"""
POOLED = """
create function credit.pooled() returns trigger language plpgsql as $$
begin
  update credit.pool p set balance = p.balance + new.amount where p.id = new.pool_id;
  return null;
end $$
"""
GUARDED = """
create function credit.guarded() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() = 1 and old.balance is distinct from new.balance then
    raise exception 'a balance is the sum of entries' using errcode = 'restrict_violation';
  end if;
  return new;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("credit", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                FROZEN,
                POOLED,
                GUARDED,
                *(
                    f"create trigger frozen before update or delete on credit.{table} "
                    "for each row execute function credit.frozen()"
                    for table in ("repayment", "pool_entry")
                ),
                *(
                    f"create trigger emptied before truncate on credit.{table} "
                    "for each statement execute function credit.frozen()"
                    for table in ("repayment", "pool_entry")
                ),
                "create trigger pooled after insert on credit.pool_entry "
                "for each row execute function credit.pooled()",
                "create trigger guarded before update on credit.pool for each row execute function credit.guarded()",
                "alter table credit.pool add constraint covered check (balance >= 0 and share between 1 and 100)",
                "alter table credit.repayment add constraint whole check (amount > 0 and principal >= 0 "
                "and interest >= 0 and penalty >= 0 and amount = principal + interest + penalty)",
                "alter table credit.loan add constraint owed check (principal > 0 and penalty >= 0 "
                "and outstanding between 0 and principal)",
                "alter table credit.loan add constraint seen_by_two check (prepared_by <> approved_by)",
                "alter table credit.instalment add constraint paid check (paid_principal between 0 and principal "
                "and paid_interest between 0 and interest)",
                "alter table credit.product add constraint bounded check (0 < amount_from and amount_from <= amount_to)",
                "alter table credit.application add constraint asked check (amount > 0 and months > 0 and rate >= 0)",
                "alter table credit.sheet add constraint scored check (value between 0 and 10)",
                "create unique index on credit.panel (appraisal_id) where closed_at is null",
                "create unique index on credit.panelist (person_id) where until is null",
            ]
        )
    ]
