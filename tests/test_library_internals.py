"""Private parts of libraries: used in `_compat.py` alone, and where they are gone by the public way."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from gongzhi.core.access.models import LookKind, LookRow
from gongzhi.core.grids.models import GridRow
from gongzhi.declare import _compat as contract
from gongzhi_server import _compat as server
from gongzhi_server.storage.database import open_tortoise, tortoise_config
from packaging.requirements import Requirement
from pypika_tortoise.queries import Query
from tortoise import models
from tortoise.apps import Apps

ROOT = Path(__file__).parents[1]
LIBRARIES = {
    "asyncpg": "asyncpg",
    "graphql": "graphql-core",
    "pypika_tortoise": "pypika-tortoise",
    "starlette": "starlette",
    "strawberry": "strawberry-graphql",
    "tortoise": "tortoise-orm",
    "uvicorn": "uvicorn",
}
"""Libraries that the server is built on, by what they are imported as, and their distributions."""
AT = datetime(2026, 6, 30, tzinfo=UTC)
STANDARD = {"_asdict", "_fields", "_getframe", "_meta", "_replace", "_value_"}
"""Names that begin so and are promised: by the standard library, and Tortoise's, which its own pages show."""
ELSEWHERE = {
    "server/gongzhi_server/storage/migration_state.py: _connections",
    "server/gongzhi_server/storage/migration_state.py: _default_connections",
    "server/gongzhi_server/storage/migration_state.py: _full_plan",
    "server/gongzhi_server/storage/migration_state.py: _init_relations",
    "server/gongzhi_server/storage/migration_state.py: _inited",
}
"""What has no public way: the executor of migrations, a subclass of theirs."""


def sources() -> Iterator[Path]:
    for folder in ("schema/gongzhi", "server/gongzhi_server", *(ROOT / "plugins").glob("[!_]*/gongzhi_*")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and path.name != "_compat.py":
                yield path


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in STANDARD


def our_names(tree: ast.AST) -> set[str]:
    """What a module defines or sets on its own objects, with parameters of dataclasses and slots."""
    found = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store) and ast.unparse(one.value) == "self":
            found.add(one.attr)
    return found | {one.target.id for one in ast.walk(tree) if isinstance(one, ast.AnnAssign) and is_name(one.target)}


def is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def private_uses(path: Path, ours: set[str]) -> Iterator[str]:
    """What a module imports or reads that begins with an underscore and none of ours defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LIBRARIES:
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from filter(is_private, names)
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in ours:
            yield node.attr


def test_private_parts_are_used_in_one_place() -> None:
    """A name counts as ours if any of our modules defines it, since objects go from one to the other."""
    paths = list(sources())
    ours = set[str]().union(*(our_names(ast.parse(path.read_text(encoding="utf-8"))) for path in paths))
    found = {f"{path.relative_to(ROOT).as_posix()}: {use}" for path in paths for use in private_uses(path, ours)}
    assert sorted(found) == sorted(ELSEWHERE)


def test_libraries_with_private_parts_in_use_are_bounded() -> None:
    """A release that nobody has tried is not installed; `make test-newest` tries the newest that is."""
    for project in (ROOT / "schema", ROOT):
        asked = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
        known = {one.name: one.specifier for one in map(Requirement, asked)}
        for library, name in LIBRARIES.items():
            if name in known:
                assert any(one.operator == "<" for one in known[name]), f"{project.name}: {library} has no upper bound"
    assert set(LIBRARIES.values()) <= known.keys()


async def test_statements_are_bounded(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await asyncpg.connect(empty)
    try:
        server.bound_statements(connection)
        assert type(connection._stmt_cache) is server.PreparedStatements  # type: ignore[attr-defined]
    finally:
        await connection.close()
    monkeypatch.setattr(server, "STATEMENT_CACHE", object)
    plain = await asyncpg.connect(empty)
    try:
        server.bound_statements(plain)
        assert await plain.fetchval("select 1") == 1
    finally:
        await plain.close()


@pytest.mark.parametrize("there", [True, False])
async def test_connections_are_reset(there: bool, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await asyncpg.connect(empty)
    try:
        if not there:
            monkeypatch.setattr(asyncpg.Connection, "_reset", None)
            monkeypatch.setattr(asyncpg.Connection, "reset", said := ResetByHand())
        await server.reset_without_timer(connection)
        assert there or said.calls == 1
    finally:
        await connection.close()


async def test_built_in_types_are_asked_for_once(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first connection that meets them; types that come with the database by each."""
    monkeypatch.setattr(server.TypesAskedOnce, "answers", {})
    asked: list[str] = []
    one = UUID(int=1)
    for _ in range(2):
        connection = await asyncpg.connect(
            empty, connection_class=server.TypesAskedOnce, server_settings={"jit": "off"}, statement_cache_size=0
        )
        try:
            connection.add_query_logger(lambda query: asked.append(query.query))
            assert await connection.fetchval("select $1::uuid[]", [one]) == [one]
            # Without a name, and so prepared anew where the question has taken its place.
            assert await connection.fetch("select $1::int4[], 'a.b'::ltree::text", [2]) == [([2], "a.b")]
            assert str(await connection.fetchval("select path from grids.grid limit 1")) == "None"
        finally:
            await connection.close()
    assert [len(server.TypesAskedOnce.answers), sum("typeinfo" in one for one in asked)] == [2, 4]


async def test_types_are_asked_for_where_asyncpg_has_another_way(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it calls otherwise is not called by us, and works as it does."""
    monkeypatch.delattr(server.TypesAskedOnce, "_introspect_types")
    connection = await asyncpg.connect(empty, connection_class=server.TypesAskedOnce)
    try:
        assert await connection.fetchval("select $1::uuid[]", [UUID(int=1)]) == [UUID(int=1)]
    finally:
        await connection.close()


class ResetByHand:
    calls = 0

    async def __call__(self, connection: object = None) -> None:
        self.calls += 1


def test_sources_without_comments_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = models._get_comments
    monkeypatch.setattr(models, "_get_comments", read := Comments())
    with server.skip_missing_comments():
        assert models._get_comments(GridRow) == {} and read.calls == 0
        assert models._get_comments(Comments) == {"calls": "How often it was asked."} and read.calls == 1
    assert models._get_comments is read
    monkeypatch.delattr(models, "_get_comments")
    with server.skip_missing_comments():
        assert not hasattr(models, "_get_comments")
    assert before(Comments) == {"calls": "How often it was asked."}


class Comments:
    #: How often it was asked.
    calls = 0

    def __call__(self, model: type) -> dict[str, str]:
        self.calls += 1
        return {"calls": "How often it was asked."}


def test_models_are_prepared_as_ever_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Apps, "_build_initial_querysets")
    with server.prepare_new_models():
        assert not hasattr(Apps, "_build_initial_querysets")


async def test_models_are_prepared_once(empty: str) -> None:
    """Each time Tortoise is opened, only those that are new to it; a field that comes later has its filters, too."""
    settings, prepare = tortoise_config(empty), Apps._build_initial_querysets
    async with open_tortoise(settings):
        before = dict(GridRow._meta.filters)
        del GridRow._meta.filters["name"]
    assert "name__in" in before and "name" not in GridRow._meta.filters
    async with open_tortoise(settings):
        assert GridRow._meta.filters.keys() == before.keys() and Apps._build_initial_querysets is prepare
        assert await GridRow.filter(name="none").count() == 0
        GridRow._meta.filters["name"] = marked = dict(before["name"])
    async with open_tortoise(settings):
        assert GridRow._meta.filters["name"] is marked


@pytest.mark.parametrize("there", [True, False])
def test_rows_that_others_read_are_stored(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a column of another name than its attribute, an enum, and a column that the model does not have."""
    read = dict.fromkeys(LookRow._meta.fields_db_projection.values())
    read |= {"id": UUID(int=1), "at": AT, "kind": "READ", "operation": "Q", "purpose": "p", "fields": ["Person.name"]}
    read |= {"content": b"c", "persons": [UUID(int=2)], "salts": [b"s"], "commitments": [b"k"], "more": 1}
    if not there:
        monkeypatch.setattr(models.Model, "_init_from_db", None)
    row = contract.build_stored(LookRow, read)
    assert (row.id, row.kind, row.fields_, row.at) == (UUID(int=1), LookKind.READ, ["Person.name"], AT)
    assert row.unit_id is None and row._saved_in_db


def test_queries_are_started() -> None:
    class Public:
        select = Query.select

    fast, public = server.start_query(Query).select(1), server.start_query(Public).select(1)  # type: ignore[arg-type]
    assert str(fast) == str(public)
