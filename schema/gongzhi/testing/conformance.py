"""Conformance: what every plugin must keep to, as tests."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from graphql import print_ast

from gongzhi.core.registers.erasure import clear_rows, erase_person, expired_rows_sql

from . import additions


class Conformance:
    """Subclass it in your tests, name your plugin, and pytest runs what is inherited.

    class TestConformance(Conformance):
        plugin = "rubbish"
    """

    plugin = ""
    """The plugin's name: the entry point's, the schema's, the permissions' prefix."""

    snapshot = "additions.graphql"
    """The file beside the tests that holds what the plugin adds to the schema; `pytest --write-additions` writes it."""

    def test_plugin_is_installed(self, plugins: Any) -> None:
        assert self.plugin in {one.name for one in plugins.found}, "install it: pip install -e ."

    def test_tables_lack_no_migration(self, missing_migrations: Any, plugins: Any) -> None:
        """Check that the migrations hold all that the models do."""
        mine = {app.label for app in plugins.owned.get(self.plugin, ())}
        missing = [f"{one.app_label}.{one.name}" for one in missing_migrations if one.app_label in mine]
        assert missing == [], "write it: gongzhi makemigrations, with the label before the point"

    async def test_tables_say_what_they_hold(self, database: str, plugins: Any) -> None:
        """Check that each table is in the register, and that its SQL runs for copies, anonymisation and retention."""
        known = set(await self.rows(database, plugins))
        mine = [one for one in plugins.registers.holdings if one.table in known]
        assert {one.table for one in mine} == known, "return a Holding for each table from the hook `registers`"
        connection = await asyncpg.connect(database)
        try:
            async with connection.transaction():
                # Any moment: the statements need only run.
                now = datetime(2026, 1, 1, tzinfo=UTC)
                # Of a person who is not there: all statements run, and find nothing.
                await erase_person(connection.fetch, mine, UUID(int=0), now)
                for one in mine:
                    if one.months:
                        late = await connection.fetch(expired_rows_sql(one), now)
                        await clear_rows(connection.fetch, one, [row["id"] for row in late])
        finally:
            await connection.close()

    def test_additions_are_described(self, plugins: Any) -> None:
        found = server_module("testing").plugin_additions(plugins, self.plugin)
        assert list(additions.find_undescribed(found)) == []

    def test_additions_are_as_promised(self, plugins: Any, request: pytest.FixtureRequest) -> None:
        """Check that what others build on does not change by chance."""
        found = sorted(map(print_ast, server_module("testing").plugin_additions(plugins, self.plugin)))
        file = Path(inspect.getfile(type(self))).with_name(self.snapshot)
        if request.config.getoption("--write-additions"):
            file.write_text("\n\n".join(found) + "\n", encoding="utf-8")
        assert file.exists(), "write it: pytest --write-additions"
        assert additions.read_snapshot(file.read_text(encoding="utf-8")) == found, (
            "if you meant it: pytest --write-additions"
        )

    async def test_denied_calls_leave_no_row(self, server: Any, database: str, plugins: Any) -> None:
        """Check that a stranger is refused by every mutation that needs a permission, and that nothing is written.

        What views ask is answered, or refused for want of a permission.
        """
        before = await self.rows(database, plugins)
        for view in server_module("testing").sample_views(plugins, self.plugin):
            answer = await server.ask(view.document, **view.variables)
            assert set(answer.codes) <= {"FORBIDDEN"}, f"{view.name} answers a stranger {answer.body}"
        for name, kind, value in server_module("testing").sample_calls(plugins, self.plugin):
            query = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
            answer = await server.ask(query, input=value)
            # A stranger is refused before the command, or by it as data.
            refused = answer.codes or [one["code"] for one in answer.data[name]["errors"]]
            assert refused == ["FORBIDDEN"], f"{name} answers a stranger {answer.body}"
        assert await self.rows(database, plugins) == before

    def test_views_are_labelled(self, plugins: Any) -> None:
        """Check that what the console shows of the plugin has Chinese labels; that views fit is checked at start."""
        found = server_module("testing").sample_views(plugins, self.plugin)
        assert [path for view in found for path in view.unlabelled] == [], "describe the field: English (中文)."

    async def rows(self, database: str, plugins: Any) -> dict[str, int]:
        """Return how many rows each table of the plugin has, in all the schemas that it owns."""
        labels = [app.label for app in plugins.owned.get(self.plugin, ())]
        return {
            f"{label}.{name}": count for label in labels for name, count in (await count_rows(database, label)).items()
        }

    def test_server_is_not_imported(self, plugins: Any) -> None:
        """Check that a plugin imports the contract only, so that the server may change."""
        module = plugins.manager.get_plugin(self.plugin)
        folder = Path(module.__file__).parent
        wrong = [
            f"{file.name}: {name}"
            for file in sorted(folder.rglob("*.py"))
            for name in imported_modules(file)
            if name.partition(".")[0] == "gongzhi_server"
        ]
        assert wrong == []


def server_module(name: str) -> Any:
    """Import a module of the server when it is needed: the contract does not depend on the server."""
    return import_module(f"gongzhi_server.{name}")


def imported_modules(file: Path) -> Iterator[str]:
    """Yield the modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


async def count_rows(dsn: str, schema: str) -> dict[str, int]:
    """Return how many rows each table of a schema has."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname=$1", schema)
        return {name: await connection.fetchval(f'select count(*) from "{schema}"."{name}"') for (name,) in tables}
    finally:
        await connection.close()
