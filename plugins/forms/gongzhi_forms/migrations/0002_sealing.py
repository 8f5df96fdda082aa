"""Where rows of forms lie, the indexes that find them, and what keeps a signed return as it was."""

from gongzhi.declare.located import levels, locate
from tortoise import migrations
from tortoise.migrations import operations as ops

# In the database, whoever writes: what was signed for a town is what the county reads years later.
SEAL_CELLS = """
create function forms.keep_cells() returns trigger language plpgsql as $$
declare about uuid := case when tg_op = 'INSERT' then new.form_return_id else old.form_return_id end;
begin
  if exists(select from forms.return r where r.id = about and r.state = 'SIGNED') then
    raise exception 'the return % is signed, and its cells stay as they are', about using errcode = 'check_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$
"""
# Accounts may go, and grids may be laid out anew; what was signed of which form and period may not change.
SEAL_RETURNS = """
create function forms.keep_return() returns trigger language plpgsql as $$
begin
  if old.state = 'SIGNED' and (tg_op = 'DELETE' or
    (old.form_id, old.grid_id, old.begins_on, old.ends_on, old.round, old.state, old.digest)
    is distinct from (new.form_id, new.grid_id, new.begins_on, new.ends_on, new.round, new.state, new.digest)) then
    raise exception 'the return % is signed, and stays as it is', old.id using errcode = 'check_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("forms", "0001_initial"), ("grids", "0002_tree")]

    operations = [
        ops.RunSQL(
            [
                *locate("forms.form"),
                *levels("forms.form", "declared_at", "id"),
                *locate("forms.return"),
                *levels("forms.return", "ends_on", "id"),
                "create index on forms.return (due_on) where state<>'SIGNED'",
                *locate("forms.inquiry"),
                *levels("forms.inquiry", "asked_at", "id"),
                "create index on forms.inquiry (asked_of) where answered_at is null",
                SEAL_CELLS,
                "create trigger keep_cells before insert or update or delete on forms.cell "
                "for each row execute function forms.keep_cells()",
                SEAL_RETURNS,
                "create trigger keep_return before update or delete on forms.return "
                "for each row execute function forms.keep_return()",
            ]
        )
    ]
