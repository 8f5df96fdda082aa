"""A laboratory: mutations over the furnished county, each tried alone and taken back at once."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.commands import COMMAND, Command
from gongzhi.runtime.context import Context
from gongzhi_server.commands import mutations as commands
from gongzhi_server.events import Outbox
from gongzhi_server.files.checker import FileChecker
from gongzhi_server.files.picture_decoding import PictureDecoder
from gongzhi_server.plugins.choices import read_choices
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage import database
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import TODAY, AnySelection, built_schema, settings_for_tests
from tortoise.transactions import in_transaction

from ..access.matrix import OneRow, read_column
from ..planner.bench import ROOMY, Bench

WATCHED = """
create schema watched;
create table watched.change (name text);
create function watched.note() returns trigger language plpgsql as $$
begin insert into watched.change values (tg_argv[0]); return null; end $$;
do $$ declare t record; begin
  for t in select n.nspname s, c.relname n from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema', 'watched') loop
    execute format('create trigger watched after insert or update or delete on %I.%I '
      'for each row execute function watched.note(%L)',
      t.s, t.n, t.s || '.' || t.n);
  end loop;
end $$;
"""
"""Notes each row that changes, by the table and not its partition, in the transaction that changes it: what is rolled
back is noted no more."""
KEYED = re.compile(r"(?:key_of\((\w+)\)\((?:input|given|asked|one)\.(\w+)|, \"(\w+)\", id=key_of\((\w+)\))")


@dataclass
class Lab:
    """Tries mutations as somebody who may do everything everywhere."""

    bench: Bench
    viewer: Viewer
    known: dict[str, Any]
    keys: dict[str, str]
    connection: Any
    faults: list[BaseException] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    """The tables in which the last command left other rows, before it was taken back."""

    @property
    def mutations(self) -> dict[str, Any]:
        mutation: Any = self.bench.schema._schema.mutation_type
        return dict(sorted(mutation.fields.items()))

    def names(self, mutation: str) -> Mapping[str, Any]:
        """What the names in an input of this mutation mean."""
        function = self.command(mutation).function
        module = inspect.getmodule(function)
        found: dict[str, Any] = {}
        source = inspect.getsource(module) if module else ""
        for entity, name, other, same in KEYED.findall(source):
            camel = re.sub(r"_(\w)", lambda letter: letter[1].upper(), name or other)
            if (entity or same) in self.keys:
                found[f"{camel}:ID"] = self.keys[entity or same]
        return {**self.known, **found}

    async def stored(self, key: str) -> str:
        """What is stored of the answer to a request."""
        found = await self.connection.fetchval("select result from journal.request where idempotency_key = $1", key)
        return str(found)

    def command(self, mutation: str) -> Command:
        definition = self.mutations[mutation].extensions["strawberry-definition"]
        return definition.metadata[COMMAND]


@asynccontextmanager
async def lab(dsn: str, installed: Plugins, data: Path) -> AsyncIterator[Lab]:
    keys, schema = load_key_ring(settings_for_tests(dsn, data)), built_schema(installed)
    connection = await asyncpg.connect(dsn)
    if not await connection.fetchval("select to_regclass('watched.change') is not null"):
        await connection.execute(WATCHED)
    pool = await database.open_readers(dsn, 2)
    try:
        async with database.open_tortoise(database.tortoise_config(dsn, installed.apps, size=1)):
            bench = Bench(pool.fetch, schema, ROOMY, keys)
            rows = await sample_ids(connection, bench)
            held = frozenset(one.name for one in installed.permissions)
            account = ViewerAccount(
                "everything", UUID(rows["Person"].partition(":")[2]), (ViewerGrant("everything", held),)
            )
            made = Lab(bench, Viewer(account, TODAY), await codes(connection), rows, connection)
            made.bench = Bench(pool.fetch, schema, ROOMY, at_hand=taking_back(made, bench, installed))
            yield made
    finally:
        await pool.close()
        await connection.close()


def taking_back(lab: Lab, bench: Bench, installed: Plugins) -> Any:
    """Contexts whose commands leave nothing behind."""
    outbox = Outbox(installed.registry, {one.name for _, one in installed.jobs})
    files, settings = FileChecker(PictureDecoder()), read_choices(installed, {}, Path())

    def context(viewer: Viewer) -> Context:
        async def perform(command: Command, given: Any) -> Any:
            async with in_transaction() as connection:
                try:
                    return await commands.perform_command(made, command, given, bench.schema.owner(command), outbox)
                except BaseException as error:
                    lab.faults.append(error)
                    raise
                finally:
                    rows = await connection.execute_query_dict("select distinct name from watched.change")
                    lab.changed = {row["name"] for row in rows}
                    await connection.rollback()

        made = replace(
            bench.at_hand(viewer),
            perform=perform,
            value=read_column,
            fetch=bench._fetch,
            held=installed.held,
            registers=installed.registers,
            events=AnySelection(),
            lists=OneRow(),
            files=files,
            settings={**settings, CountySetting: {name: one for name, (_, one) in installed.county_settings.items()}},
        )
        return made

    return context


async def sample_ids(connection: Any, bench: Bench) -> dict[str, str]:
    """The id of one row of each type that has any."""
    found = {}
    for entity in bench.engine.planner.entities.values():
        meta = entity.model._meta
        key = await connection.fetchval(f'select "{entity.key}" from "{meta.schema}"."{meta.db_table}" limit 1')
        if key is not None:
            found[entity.name] = f"{entity.name}:{key}"
    return found


async def codes(connection: Any) -> dict[str, Any]:
    """What the names of codes mean."""
    unit = await connection.fetchval("select code from units.unit where kind = 'COUNTY_DEPARTMENT' order by code")
    number = await connection.fetchval("select number from cases.case where series = 'ORDINARY' order by id")
    grids = dict.fromkeys(("grid", "within", "village", "area", "place"), "610921101222")
    return {
        **{f"{name}:String": code for name, code in grids.items()},
        "county:String": "610921",
        "number:String": number,
        "category:String": "other",
        "channel:String": "WEB",
        **dict.fromkeys(("unit:String", "leadUnit:String", "units:String", "against:String"), unit),
        "plugin:String": "points",
        "url:String": "https://example.org/",
        "phone:String": "13800000000",
        "longitude:Float": 108.51,
        "latitude:Float": 32.89,
        "expectedVersion:Int": 1,
    }
