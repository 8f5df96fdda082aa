"""The texts of cases as they are searched, which the database keeps."""

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations import operations as ops

GRAMS = "gongzhi.grams(coalesce({0}.title, '') || ' ' || {0}.description)"
KEEP = f"""create function case_lists.keep_text() returns trigger language plpgsql as $$ begin
  insert into case_lists.text (case_id, grams) values (new.id, {GRAMS.format("new")})
  on conflict (case_id) do update set grams = excluded.grams;
  return null;
end $$"""
# Each step of a case names all of its columns, so what has changed is asked for.
CHANGED = "old.title is distinct from new.title or old.description is distinct from new.description"


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_similar")]

    initial = True

    operations = [
        ops.CreateSchema(schema_name="case_lists"),
        ops.CreateModel(
            name="CaseTextRow",
            fields=[
                ("case_id", fields.UUIDField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("grams", ArrayField(element_type="TEXT")),
            ],
            options={
                "table": "text",
                "schema": "case_lists",
                "app": "case_lists",
                "pk_attr": "case_id",
                "table_description": "The pairs of characters in a case's title and description, kept by the database.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [
                "alter table case_lists.text add foreign key (case_id) references cases.case on delete cascade",
                f"insert into case_lists.text (case_id, grams) select c.id, {GRAMS.format('c')} from cases.case c",
                "create index search_texts on case_lists.text using gin (grams)",
                KEEP,
                "create trigger case_lists_add_text after insert on cases.case "
                "for each row execute function case_lists.keep_text()",
                "create trigger case_lists_keep_text after update of title, description on cases.case "
                f"for each row when ({CHANGED}) execute function case_lists.keep_text()",
            ]
        ),
    ]
