"""No command that needs a permission does anything for those who lack it: every mutation of the core and of plugins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.runtime.commands import COMMAND
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import Server, built_schema, serve_application

from .hostile_values import full_value

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLES = """select schemaname as schema, tablename as name from pg_tables
where schemaname not in ('pg_catalog', 'information_schema')"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everything(
    furnished: str, installed: Plugins, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """The server with every plugin, over the furnished county."""
    async with serve_application(furnished, tmp_path_factory.mktemp("data"), plugins=installed) as made:
        yield made


def guarded(installed: Plugins, role: str) -> dict[str, Any]:
    """The mutations that need a permission which the role does not give, each with the type of its input."""
    mutation: Any = built_schema(installed)._schema.mutation_type
    commands = {name: of.extensions["strawberry-definition"].metadata[COMMAND] for name, of in mutation.fields.items()}
    held = installed.held(role)
    return {
        name: mutation.fields[name].args["input"].type
        for name, made in commands.items()
        if made.requires and made.requires not in held
    }


async def rows(dsn: str) -> dict[str, int]:
    """How many rows each table has."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = [f'"{schema}"."{name}"' for schema, name in await connection.fetch(TABLES)]
        counts = await connection.fetchrow("select " + ", ".join(f"(select count(*) from {one})" for one in tables))
        return dict(zip(tables, counts or (), strict=True))
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["stranger", "resident", "grid_worker"])
async def test_commands_without_the_right_write_nothing(
    everything: Server, furnished: str, installed: Plugins, role: str
) -> None:
    caller = everything if role == "stranger" else everything.as_(role, grid="610921101222")
    mutations, before = guarded(installed, role), await rows(furnished)
    assert len(mutations) > 150
    wrong = []
    for name, kind in mutations.items():
        query = f"mutation($input: {kind}) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
        answer = await caller.ask(query, input=full_value("input", kind, {}))
        refused = answer.codes or [one["code"] for one in answer.data[name]["errors"]]
        if refused != ["FORBIDDEN"]:
            wrong.append(f"{name} answers {answer.body}")
    assert wrong == []
    assert await rows(furnished) == before
