"""What Tortoise cannot say: conditions, indexes, and the triggers that tell every process when an account changes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from gongzhi.declare.located import levels, locate

# A trigger, not application code, because commands, sign-in and the command line all change accounts. Listeners drop
# what they remember of the account; the payload is its key, and nothing is lost if it is missed but time.
TELL = """
create function accounts.tell() returns trigger language plpgsql as $$
begin
  perform pg_notify('gongzhi_accounts', (to_jsonb(coalesce(new, old)) ->> tg_argv[0]));
  return null;
end $$
"""


def tell(table: str, column: str = "account_id", when: str = "insert or update or delete", condition: str = "") -> str:
    return (
        f"create trigger tell after {when} on accounts.{table} for each row {condition} "
        f"execute function accounts.tell('{column}')"
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("accounts.account"),
                *levels("accounts.account", "name", "id"),
                "create unique index on accounts.account (person_id)",
                "alter table accounts.holding add check (grid_id is null or unit_id is null)",
                "alter table accounts.holding add check (until >= since)",
                "alter table accounts.invitation add check (account_id is not null or person_id is not null)",
                "create unique index on accounts.password (account_id)",
                "create index on accounts.holding (account_id, since, id)",
                "create index on accounts.session (account_id, created_at, id)",
                "create index on accounts.key (account_id, created_at, id)",
                TELL,
                tell("account", "id", "update or delete"),
                tell("holding"),
                tell("identity"),
                tell("key", when="update or delete"),
                tell(
                    "session",
                    when="update of ended_at",
                    condition="when (old.ended_at is distinct from new.ended_at)",
                ),
            ]
        )
    ]
