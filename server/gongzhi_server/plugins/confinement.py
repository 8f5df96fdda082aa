"""Confinement: rolls back a plugin's migration that touches anything outside of the plugin's own schema."""

from __future__ import annotations

from typing import Any

from gongzhi_server.errors import Problem

from .contributions import CORE_APPS

CORE = frozenset(app.label for app in CORE_APPS)
FOREIGN = "n.nspname <> $1 and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'"
WATCHING = """
t.tgtype & 66 = 0 and exists(
  select from pg_proc p join pg_namespace o on o.oid = p.pronamespace where p.oid = t.tgfoid and o.nspname = $1
)"""
"""A trigger that fires after a change, so neither before (2) nor instead of it (64), and calls one of its functions.

It is the plugin's, whoever's the table is: it cannot alter the row, and goes when the schema goes.
"""
# Compared before and after the migration, read from PostgreSQL's catalogues:
# SQL can be written in too many ways to tell from its text what it touches.
OBJECTS = f"""
select 'the schema ' || n.nspname as name, n.nspowner::text as state from pg_namespace n where {FOREIGN}
union all
select 'the extension ' || e.extname, e.extversion from pg_extension e
union all
select 'the relation ' || n.nspname || '.' || c.relname,
  md5(row(c.relkind, c.relowner, c.relfilenode, c.relnatts, c.relacl, c.reloptions, c.relrowsecurity)::text)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where {FOREIGN}
union all
select 'the column ' || n.nspname || '.' || c.relname || '.' || a.attname,
  md5(row(a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, pg_get_expr(d.adbin, d.adrelid))::text)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and c.relkind in ('r', 'p', 'v') and {FOREIGN}
union all
select 'the constraint ' || k.conname || ' of ' || n.nspname || '.' || c.relname,
  md5(row(k.contype, k.conkey, k.confrelid, k.confkey, k.convalidated)::text)
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where {FOREIGN}
union all
select 'the trigger ' || t.tgname || ' of ' || n.nspname || '.' || c.relname, t.tgenabled::text || t.tgfoid
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where not t.tgisinternal and not ({WATCHING}) and {FOREIGN}
union all
select 'the function ' || n.nspname || '.' || p.proname || p.oid, md5(p.prosrc)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where {FOREIGN}
union all
select 'the type ' || n.nspname || '.' || t.typname,
  'of ' || coalesce((select string_agg(e.enumlabel, ',') from pg_enum e where e.enumtypid = t.oid), '')
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where {FOREIGN}
union all
select 'rows of ' || s.schemaname || '.' || s.relname, (s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::text
  from pg_stat_xact_all_tables s join pg_namespace n on n.nspname = s.schemaname where {FOREIGN}
"""
"""What there is outside of a schema, each with its state. How many rows were written includes what the session has not
reported yet, so only a difference tells."""


class ConfinedMigration:
    """A migration of a plugin. What it touches elsewhere is found while its transaction is open, and it is refused."""

    def __init__(self, migration: Any) -> None:
        self.migration = migration

    def __getattr__(self, name: str) -> Any:
        return getattr(self.migration, name)

    async def apply(self, state: Any, *, dry_run: bool, schema_editor: Any) -> Any:
        """Apply the migration. Raises Problem for one that touches what is not its plugin's."""
        label, name = self.migration.app_label, f"{self.migration.app_label}.{self.migration.name}"
        # Without a transaction it could not be taken back.
        if not schema_editor.atomic_migration:
            raise Problem(f"migration {name} must be atomic: leave `atomic = False` out")
        before = await snapshot_objects(schema_editor.client, label)
        done = await self.migration.apply(state, dry_run=dry_run, schema_editor=schema_editor)
        after = await snapshot_objects(schema_editor.client, label)
        touched = sorted(one for one in before.keys() | after.keys() if has_changed(before.get(one), after.get(one)))
        if touched:
            # Raised inside the transaction, which is rolled back with all that the migration did.
            raise Problem(
                f"migration {name} was taken back: it touches {touched[0]}, and a plugin's migrations touch the schema "
                f"{label!r} alone"
            )
        return done


def has_changed(before: str | None, after: str | None) -> bool:
    """Return whether a state is another than before; a table's count that is 0 is as good as none."""
    return (before or "0") != (after or "0")


async def snapshot_objects(client: Any, label: str) -> dict[str, str]:
    """Read what there is outside of a schema, with its state."""
    return {row["name"]: row["state"] for row in await client.execute_query_dict(OBJECTS, [label])}
