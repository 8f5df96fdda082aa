"""Fixtures: a throw-away database with a small invented county, and the server over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gongzhi.declare.events import Occurrence

PEOPLE = 300


def server_module() -> Any:
    """Import what the server offers to tests, when it is needed: the contract does not depend on the server."""
    return import_module("gongzhi_server.testing")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-additions", action="store_true", help="write what the plugin adds to the schema into its snapshot"
    )


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a PostgreSQL: GONGZHI_TEST_DSN, or an embedded one for as long as the tests last."""
    # Nothing is kept for the next run where pytest keeps no cache.
    cache = getattr(pytestconfig, "cache", None)
    kept = cache and cache.mkdir("gongzhi")
    with server_module().open_test_cluster(tmp_path_factory.mktemp("postgres"), kept) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def plugins() -> Any:
    """Return the installed plugins."""
    return server_module().INSTALLED


@pytest.fixture(scope="session")
def tables(postgres: str) -> Iterator[str]:
    """Return the name of a database with the tables of the core and of what is always on. It is only copied."""
    testing = server_module()
    with testing.open_template(postgres, "tables", partial(testing.migrate_apps, apps=testing.ESSENTIAL.apps)) as name:
        yield name


@pytest.fixture(scope="session")
def all_tables(postgres: str, tables: str, plugins: Any) -> Iterator[str]:
    """Return the name of a database with every plugin's tables and nothing in them. It is only copied."""
    testing = server_module()
    with testing.open_template(
        postgres, "all_tables", partial(testing.migrate_apps, apps=plugins.apps), tables
    ) as name:
        yield name


@pytest.fixture(scope="session")
def missing_migrations(postgres: str, all_tables: str, plugins: Any) -> Any:
    """Return the migrations that models lack after all that there are, of every plugin: they are read once."""
    dsn = server_module().sibling_dsn(postgres, all_tables)
    return asyncio.run(import_module("gongzhi_server.storage.database").detect_changes(dsn, plugins.apps))


@pytest.fixture(scope="session")
def small_county(postgres: str, all_tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the name of a database with every plugin's tables and the invented county. It is only copied."""
    testing, data = server_module(), tmp_path_factory.mktemp("data")
    fill = partial(testing.load_demo_database, people=PEOPLE, data=data)
    with testing.open_template(postgres, "small_county", fill, all_tables) as name:
        yield name


def copy_database(postgres: str, template: str) -> AbstractAsyncContextManager[str]:
    """Copy a template, which takes a fraction of migrating and loading, or restore what a test has given back."""
    copied: AbstractAsyncContextManager[str] = server_module().copy_database(postgres, template)
    return copied


@pytest_asyncio.fixture
async def database(postgres: str, small_county: str) -> AsyncIterator[str]:
    """Yield the address of a database for one test: an invented county of 300 people, and the plugins' tables."""
    async with copy_database(postgres, small_county) as dsn:
        yield dsn


@pytest_asyncio.fixture
async def empty_database(postgres: str, all_tables: str) -> AsyncIterator[str]:
    """Yield the address of a database for one test, with the plugins' tables and nothing in them."""
    async with copy_database(postgres, all_tables) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_database(postgres: str, small_county: str) -> AsyncIterator[str]:
    """Yield the address of a database with the invented county for all tests of a module."""
    async with copy_database(postgres, small_county) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server(
    shared_database: str, plugins: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Any]:
    """Yield the server over `shared_database`. Its tests are marked `pytest.mark.asyncio(loop_scope="module")`."""
    async with server_module().serve_application(
        shared_database, tmp_path_factory.mktemp("data"), plugins=plugins
    ) as made:
        yield made


@pytest_asyncio.fixture
async def server(database: str, plugins: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """Yield the server over `database`: `await server.ask(query, **variables)`, `await server.do(mutation, …)`."""
    async with server_module().serve_application(database, tmp_path, plugins=plugins) as made:
        yield made


@pytest.fixture
def events(database: str) -> Callable[..., Any]:
    """Return what was published, the first first: `[one.type for one in await events("rubbish.collected")]`."""

    async def read(*types: str) -> list[Occurrence]:
        found: list[Occurrence] = await server_module().published_events(database)
        return [one for one in found if not types or one.type in types]

    return read


@pytest.fixture
def run_jobs(server: Any) -> Callable[..., Any]:
    """Handle every event and run every job that is due by the test's clock: `await run_jobs()`.

    It gives back a tally: `done`, and the names of what `failed`. Move `server.clock` to let later ones be due.
    """
    return server.worker.drain  # type: ignore[no-any-return]


@pytest.fixture
def as_viewer(server: Any) -> Callable[..., Any]:
    """Make a caller: `as_viewer("grid_worker", grid="610921")`, with `grid`, `unit`, `person` as needed."""
    return server.as_  # type: ignore[no-any-return]
