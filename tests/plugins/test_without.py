"""Leaving out: each of our plugins comes and goes with those that require it, and the rest works as it did."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server import demo
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import (
    TODAY,
    built_graphql_schema,
    create_database,
    drop_database,
    migrate_apps,
    serve_application,
    settings_for_tests,
)

ALL = load_plugins()
NAMES = [one.name for one in ALL.found]
SAID = {one.plugin_name: set(one.function()[0].requires) for one in ALL.manager.hook.about.get_hookimpls()}
REQUIRED = {name: SAID.get(name, set()) for name in NAMES}
"""Which others each plugin builds on."""
ASKED = '{ grid(code: "610921") { name people { totalCount } } cases { totalCount } plugins { name } }'


def without(name: str) -> tuple[Plugins, set[str]]:
    """The others, without those that cannot be without it; and who is left out."""
    out = {name}
    while more := {one for one in NAMES if REQUIRED[one] & out} - out:
        out |= more
    return load_plugins(without=out), out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_schema_is_built_without_it(name: str) -> None:
    """Nothing of it is left in the schema, and nothing else goes."""
    rest, out = without(name)
    assert {one.name for one in rest.found} == set(NAMES) - out
    schema, whole = built_graphql_schema(rest), built_graphql_schema(ALL)
    assert schema.query_type and whole.query_type
    gone = set(whole.type_map) - set(schema.type_map)
    assert not set(schema.type_map) - set(whole.type_map)
    assert gone or set(schema.query_type.fields) <= set(whole.query_type.fields)


@pytest.mark.parametrize("name", NAMES)
def test_others_that_need_it_say_so(name: str) -> None:
    """It alone cannot be left out where another requires it: the start names who does."""
    needing = [one for one in NAMES if name in REQUIRED[one]]
    if not needing:
        assert name not in {one.name for one in load_plugins(without=[name]).found}
        return
    with pytest.raises(Problem, match=name):
        load_plugins(without=[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_server_works_without_it(name: str, postgres: str, tmp_path: Path) -> None:
    """Its tables are not made, the demo county is loaded, and a query is answered."""
    rest, out = without(name)
    database = f"without_{uuid4().hex}"
    dsn = await create_database(postgres, database)
    try:
        await migrate_apps(dsn, rest.apps)
        keys = load_key_ring(settings_for_tests(dsn, tmp_path))
        loaded = await demo.load_county(dsn, people=300, today=TODAY.date(), keys=keys, apps=rest.apps)
        connection = await asyncpg.connect(dsn)
        schemas = {one for (one,) in await connection.fetch("select nspname from pg_namespace")}
        await connection.close()
        assert not schemas & {app.label for left in out for app in ALL.owned.get(left, ())}
        async with serve_application(dsn, tmp_path, plugins=rest) as server:
            found = (await server.as_("administrator").ask(ASKED)).data
            assert found["grid"] == {"name": "汉阴县", "people": {"totalCount": 300}}
            assert found["cases"]["totalCount"] <= loaded.cases
            assert {one["name"] for one in found["plugins"]} == set(NAMES) - out
    finally:
        await drop_database(postgres, database)
