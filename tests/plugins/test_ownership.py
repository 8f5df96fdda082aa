"""Ownership: a plugin's migrations and commands write to its own tables, and it declares nothing of the core's anew."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path

import asyncpg
import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.storage import database
from gongzhi_server.testing import serve_application

from .conftest import Market
from .test_tables import MODELS, TABLES

SECOND = """
from tortoise import migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [("paths", "0001_initial")]
    operations = [ops.RunSQL({sql!r})]
"""
FOREIGN = {
    "alter table cases.case add column mine text": "the column cases.case.mine",
    "alter table cases.channel alter column name drop not null": "the column cases.channel.name",
    "create index mine on cases.case (title)": "the relation cases.mine",
    "create table public.mine (id int)": "the column public.mine.id",
    "create schema mine": "the schema mine",
    "alter table cases.channel add constraint mine check (id > 0)": "the constraint mine of cases.channel",
    "create function gongzhi.mine() returns int language sql as 'select 1'": "the function gongzhi.mine",
    "insert into cases.channel (id, code, name) values (999, 'MINE', 'x')": "rows of cases.channel",
    "update cases.category set name = 'x'": "rows of cases.category",
    "create function paths.mine() returns trigger language plpgsql as 'begin return null; end'; "
    "create trigger mine before update on cases.case for each row execute function paths.mine()": (
        "the trigger mine of cases.case"
    ),
    "create trigger mine after update on cases.case for each row execute function gongzhi.fixed()": (
        "the trigger mine of cases.case"
    ),
}


async def test_migrations_touch_their_own_schema_alone(market: Market, empty: str) -> None:
    market.ship("paths", TABLES, models=MODELS, migrations____init__="")
    await database.write_migrations(empty, "paths", market.load().apps)
    importlib.invalidate_caches()
    apps = market.load().apps
    await database.migrate_apps(empty, apps)  # keys to the core's tables are its own
    for at, (sql, said) in enumerate(FOREIGN.items()):
        name = f"0002_foreign_{at}"
        market.write(f"gongzhi_paths/migrations/{name}.py", SECOND.format(sql=sql))
        importlib.invalidate_caches()
        with pytest.raises(Problem, match=f"migration paths.{name} was taken back: it touches {said}"):
            await database.migrate_apps(empty, apps)
        (market.folder / f"gongzhi_paths/migrations/{name}.py").unlink()
    honest = (
        "create index by_name on paths.path (name); insert into paths.path select * from paths.path where false; "
        "create function paths.note() returns trigger language plpgsql as 'begin return null; end'; "
        "create trigger note after update on cases.case for each row execute function paths.note()"
    )
    market.write("gongzhi_paths/migrations/0002_honest.py", SECOND.format(sql=honest))
    importlib.invalidate_caches()
    await database.migrate_apps(empty, apps)
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("select count(*) from cases.channel where code='MINE'") == 0
    assert await connection.fetchval("select to_regclass('paths.by_name') is not null")
    await connection.close()


GRASPING = """
from uuid import uuid4

import strawberry
from gongzhi.runtime.commands import KEY, Problem, command, input_field, result_field, problems
from gongzhi.values.errors import Text
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import HouseholdRow


@strawberry.input(description="How (方式).")
class GraspInput:
    idempotency_key: str = input_field(KEY)
    way: str = input_field("How (方式).")


@strawberry.type(description="What came of it (结果).")
class GraspPayload:
    done: bool | None = result_field("Whether it was done (是否完成).")
    errors: list[Problem] = problems()


async def save(call, row):
    row.number = "mine"
    await row.save()


async def create(call, row):
    await row.clone(pk=uuid4()).save(force_create=True)


async def update(call, row):
    await HouseholdRow.filter(id=row.id).update(number="mine")


async def delete(call, row):
    await row.delete()


async def fetch(call, row):
    await call.fetch("with mine as (update people.household set number='mine' returning id) select id from mine")


async def tell(call, row):
    await send_notice(call, NoticeDraft("grasping.told", Text("x", "x"), Text("x", "x"), ""), accounts=["somebody"])


@command("Write to a table of the core (写核心表).", requires=None)
async def grasp(call, input: GraspInput) -> GraspPayload:
    ways = {one.__name__: one for one in (save, create, update, delete, fetch, tell)}
    await ways[input.way](call, await HouseholdRow.all().order_by("id").first())
    return GraspPayload(done=True)


@hookimpl
def graphql():
    return [extend(Mutation, grasp=grasp)]
"""
GRASP = "mutation($i: GraspInput!) { grasp(input: $i) { done errors { code } } }"


async def test_commands_write_to_their_own_tables_alone(
    market: Market, filled: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By the core's models or by SQL; what the contract's words write is the core's doing."""
    market.ship("grasping", GRASPING)
    caplog.set_level(logging.ERROR, "gongzhi")
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        caller = server.as_("grid_worker")
        for way in ("save", "create", "update", "delete", "fetch"):
            answer = await caller.ask(GRASP, i={"idempotencyKey": f"by the way of {way}", "way": way})
            assert answer.body["data"] == {"grasp": None}, way
            assert answer.errors[0]["extensions"]["plugin"] == "grasping"
        told = await caller.ask(GRASP, i={"idempotencyKey": "by the core's own word", "way": "tell"})
        assert told.data == {"grasp": {"done": True, "errors": []}}
    assert caplog.text.count("the plugin 'grasping' writes to people.household, which is the core's") >= 5
    connection = await asyncpg.connect(filled)
    assert await connection.fetchval("select count(*) from people.household where number='mine'") == 0
    await connection.close()


RENAMING = """
import strawberry
from gongzhi.core.cases.models import CaseKind

strawberry.enum(CaseKind, name="Mine")


@hookimpl
def graphql():
    return []
"""
ANEW = """
import enum
import strawberry


@strawberry.enum(name="CaseKind", description="x")
class Kind(enum.StrEnum):
    HELP = "HELP"


@hookimpl
def graphql():
    kind = expression("A kind (类).", lambda at: Sql("'HELP'"), type=Kind | None, requires=None)
    return [extend(Household, kind=kind)]
"""


def test_enums_of_the_core_are_declared_once(market: Market) -> None:
    market.ship("renaming", RENAMING)
    with pytest.raises(Problem, match="plugin 'renaming'.*declares CaseKind anew, an enum of the core"):
        market.load()
    market.roots.clear()
    market.ship("anew", ANEW)
    with pytest.raises(Problem, match="plugin 'anew'.*have one GraphQL name"):
        market.schema()
