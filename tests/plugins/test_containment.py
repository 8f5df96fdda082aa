"""Containment: what a plugin's SQL does to a statement stays in its own fields, and reads nothing protected."""

from __future__ import annotations

import ast
import inspect
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.core.events.models import OutboxRow
from gongzhi.declare.sql import Sql, all_of, any_of
from gongzhi.declare.sqltext import AFTER, BEFORE, is_loose
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.values.errors import DeclarationError
from gongzhi_server.errors import Problem
from gongzhi_server.planner import Planner, execution
from gongzhi_server.planner.containment import check_alternatives
from gongzhi_server.planner.protection import find_protected
from gongzhi_server.planner.viewer_scope import StatementScope
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import INSTALLED, TODAY, Server, ServerAnswer, built_schema, serve_application
from pypika_tortoise.context import DEFAULT_SQL_CONTEXT as PLAIN
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import LiteralValue

from .conftest import Market

SQL = PostgreSQLQuery.SQL_CONTEXT
UNRULY = '''
from gongzhi.core.cases.types import CaseKind
from gongzhi.declare.entity import embedded, pick
from gongzhi.declare.filters import IntComparison, compare_term
from gongzhi.core.people.types import Reason
from gongzhi.core.units.types import Unit


def raising(*_):
    raise KeyError("a name nobody must read")


def value(sql, type=str | None):
    return expression("A value (值).", lambda at: Sql(sql, at.row.id), type=type, requires=None)


@hookimpl
def graphql():
    return [
        extend(
            Household,
            word=value("'so'"),
            raising=expression("It fails (失败).", raising, type=str | None, requires=None),
            unruly=many("Others (其他).", raising, cap=3, type=list[Person] | None, requires=None),
            textual=value("'many'", int | None),
            foreign=value("'NEVER_HEARD_OF'", CaseKind | None),
            slow=value("public.too_slow({0})", int | None),
            number_or=value("coalesce({0} is null or true, false)", bool | None),
            anybody=many(
                "Whoever (任何人).", lambda at: [Sql("{0}={1} or true", at.rows.id, at.row.id)], cap=100,
                type=list[Person] | None, requires=None,
            ),
            unit=pick("A unit (单位).", lambda at: [Sql("{0} is not null", at.rows.id)], order="id",
                type=Unit | None, requires=None),
            reasons=embedded("Reasons (理由).", lambda at: Sql("""'[{{"rule":{{}}}}]'::jsonb"""),
                type=list[Reason] | None, requires=None),
            filter={
                "failing": guard_comparison(compare_term(raising, IntComparison), requires=None),
                "lazy": guard_comparison(
                    compare_term(lambda at: Sql("public.too_slow({0})", at.rows.id), IntComparison), requires=None
                ),
                "either": guard_comparison(
                    compare_condition(lambda at: Sql("{0} is null or true", at.rows.id)), requires=None
                ),
            },
            order={"shaky": order_by(raising, empty=0, requires=None)},
        ),
    ]
'''
SLOW = """
create or replace function public.too_slow(anyelement) returns int language plpgsql as
$$ begin raise query_canceled using message = 'canceling statement due to statement timeout'; end $$
"""
FILTERED = "{ households(first: 1, filter: { %s }) { nodes { number } } }"
LISTED = "{ households(first: 1) { nodes { number %s } } }"


pytestmark = pytest.mark.together


@pytest.fixture(scope="module")
def served_plugins(common_market: Market) -> Plugins:
    common_market.ship("unruly", UNRULY)
    return common_market.load(essential=True)


@pytest_asyncio.fixture(loop_scope="module")
async def unruly(server: Server, filled: str) -> Server:
    """A server over a county that has a function for it."""
    connection = await asyncpg.connect(filled)
    await connection.execute(SLOW)
    await connection.close()
    return server


def blamed_plugin(answer: ServerAnswer) -> None:
    """The one error names the plugin, and tells nothing else."""
    [error] = answer.errors
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR" and error["extensions"]["plugin"] == "unruly"
    assert "nobody must read" not in str(answer.body)


async def test_what_fails_stays_with_the_plugin(unruly: Server) -> None:
    """One server for all of them, for starting one takes longer than asking."""
    worker = unruly.as_("grid_worker")
    for field in ("raising", "unruly { name }", "textual", "foreign", "slow"):
        answer = await worker.ask(LISTED % field)
        [household] = answer.body["data"]["households"]["nodes"]
        assert household["number"] and household[field.split()[0]] is None, field
        blamed_plugin(answer)
    answer = await worker.ask(LISTED % "word raising")
    assert answer.body["data"]["households"]["nodes"][0]["word"] == "so"
    for wanted in ("failing: { equals: 1 }", "lazy: { equals: 1 }"):
        answer = await worker.ask(FILTERED % wanted)
        assert answer.body["data"] is None, wanted
        blamed_plugin(answer)
    answer = await worker.ask("{ households(first: 1, orderBy: SHAKY_ASC) { nodes { number } } }")
    assert answer.body["data"]["households"]["nodes"]
    blamed_plugin(answer)


async def test_a_slow_statement_is_not_waited_for_twice(unruly: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "SECOND_TRY", 0.0)
    answer = await unruly.as_("grid_worker").ask(LISTED % "slow")
    assert answer.codes == ["TIMEOUT"] or answer.status in (200, 503), answer.body


async def test_an_or_of_a_plugin_opens_nothing(unruly: Server) -> None:
    """Fragments such as `a or b` are one operand, in conditions, relations and values."""
    worker, count = unruly.as_("grid_worker"), "{ households%s { totalCount nodes { number numberOr } } }"
    mine = (await worker.ask(count % "")).data["households"]
    found = (await worker.ask(count % "(filter: { either: { equals: true } })")).data["households"]
    assert found["nodes"] == mine["nodes"] and mine["nodes"]
    none = (await worker.ask(count % "(filter: { either: { equals: false } })")).data["households"]
    assert none["totalCount"] == 0
    stranger = await unruly.as_("resident").ask("{ households { nodes { anybody { name } } } }")
    seen = "{ people(first: 100) { nodes { id } } }"
    nodes = (await worker.ask("{ households(first: 1) { nodes { anybody { id } } } }")).data["households"]["nodes"]
    allowed = {one["id"] for one in (await worker.ask(seen)).data["people"]["nodes"]}
    assert {one["id"] for node in nodes for one in node["anybody"]} <= allowed or len(allowed) == 100
    assert stranger.data["households"]["nodes"] == []


async def test_core_fields_behind_a_plugin_work_and_aliases_tell_nothing(unruly: Server) -> None:
    """The guard looks at what the plugin wrote: neither at the core's SQL behind it nor at what a caller wrote."""
    period = '(from: "2026-06-01", to: "2026-06-30")'
    field = f"unit {{ sealed: name data_key: name statistics{period} {{ __typename }} }}"
    answer = await unruly.as_("auditor").ask(f"{{ households(first: 1) {{ nodes {{ {field} }} }} }}")
    assert "errors" not in answer.body, answer.body


BROKEN = {
    "a bare criterion": (
        "many('x', lambda at: Sql('true'), type=list[Person] | None, requires=None)",
        "list of criteria",
    ),
    "raw text": (
        "many('x', lambda at: [LiteralValue('a or b')], type=list[Person] | None, requires=None)",
        "a list with a LiteralValue",
    ),
    "a parenthesis": ("expression('x', lambda at: Sql('a) or (b'), type=str | None, requires=None)", "does not close"),
    "a comment": ("expression('x', lambda at: Sql('a -- b'), type=str | None, requires=None)", "cannot be put"),
    "a statement": (
        "expression('x', lambda at: Sql('1; drop table x'), type=str | None, requires=None)",
        "one statement",
    ),
    "no SQL": ("expression('x', lambda at: 'so', type=str | None, requires=None)", "where SQL is due"),
}


@pytest.mark.parametrize("wrong", BROKEN, ids=lambda wrong: wrong.replace(" ", "-"))
def test_what_cannot_be_composed_stops_the_start(market: Market, wrong: str) -> None:
    field, said = BROKEN[wrong]
    source = f"""
    from pypika_tortoise.terms import LiteralValue


    @hookimpl
    def graphql():
        return [extend(Household, one={field})]
    """
    market.ship("crooked", source)
    with pytest.raises(Problem, match=f"plugin 'crooked'.*Household.one: .*{said}"):
        market.schema()


def test_fragments_are_one_operand() -> None:
    loose = Sql("a or b")
    shown = {
        "(x and (a or b))": all_of(Sql("{0}", LiteralValue("x")), loose),
        "((a or b) or x)": any_of(loose, Sql("x")),
        "case when a or b then 1 end": Sql("case when {0} then 1 end", loose),
        "f(a or b,x)": Sql("f({0},x)", loose),
        "(a+b)::int": Sql("{0}::int", Sql("a+b")),
        "(not (a or b))": Sql("not {0}", loose),
    }
    for text, term in shown.items():
        assert term.get_sql(PLAIN) == text


def test_text_is_read_as_postgresql_reads_it() -> None:
    for text in ("a or b", "a=b", "not a", "a is distinct from b", "'x'||y", "x between 1 and 2", "-1"):
        assert is_loose(text), text
    for text in (
        "a.b", "(a or b)", "f(a or b)", "case when a or b then c end", "'a or b'", '"a or b"', "$$a or b$$",
        "E'\\' or '",
        "exists(select from x where a or b)", "count(*) filter (where a or b)", "x::timestamptz", "select a or b",
        "a, b or c", "order by a-b", '"people"."person" "t"', "cases.case",
    ):  # fmt: skip
        assert not is_loose(text), text


def test_alternatives_are_a_list() -> None:
    for wrong in (Sql("true"), "true", 1, [LiteralValue("true")], ["true"]):
        with pytest.raises(DeclarationError):
            check_alternatives(wrong)
    assert check_alternatives(None) is None and check_alternatives([]) == []


PEOPLE, VISITS = Table("person", schema="people", alias="t1"), Table("visit", schema="some", alias="t2")
READING = {
    "people.person.data_key": [
        PEOPLE.data_key,
        Sql("coalesce({0},'')", PEOPLE.data_key),
        Sql("(select p.data_key from people.person p where p.id={0})", VISITS.id),
        Sql("(select data_key from people.person)"),
        Sql('(select p."data_key" from "people"."person" as p)'),
        Sql('"t1".data_key'),
        Sql("(select {0} from people.person p)", "p.data_key"),
        Sql("(select x.data_key from {0} where true)", Table("person", schema="people", alias="x")),
    ],
    "people.person.*": [
        Sql("(select to_jsonb(p) from people.person p)"),
        Sql("(select p.* from people.person p)"),
        Sql("(select * from people.person p)"),
        PEOPLE.star,
    ],
    None: [
        PEOPLE.name,
        VISITS.data_key,
        Sql("(select v.sealed, v.blind, v.data_key from some.visit v)"),
        Sql("(select count(*) from people.person p where p.name is not null)"),
        Sql("'data_key sealed blind'"),
        Sql("(select p.name as sealed from people.person p join some.visit v on v.id=p.id where v.sealed)"),
    ],
}


@pytest.mark.parametrize("column", READING, ids=str)
def test_guard_knows_columns_of_tables(column: str | None) -> None:
    for term in READING[column]:
        assert find_protected(term, PEOPLE, VISITS) == column, term.get_sql(PLAIN)


async def test_refusal_is_logged_with_field_and_column(
    market: Market, filled: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    market.ship(
        "curious",
        """
        @hookimpl
        def graphql():
            text = "(select encode(p.resident_id_sealed,'base64') from people.person p where p.id={0})"
            number = expression("It reads (读).", lambda at: Sql(text, at.row.id), type=str | None, requires=None)
            return [extend(Person, number=number)]
        """,
    )
    caplog.set_level(logging.ERROR, "gongzhi")
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        answer = await server.as_("grid_worker").ask("{ people(first: 1) { nodes { name number } } }")
    [person] = answer.body["data"]["people"]["nodes"]
    assert person["name"] and person["number"] is None and answer.errors[0]["extensions"]["plugin"] == "curious"
    said = "the plugin curious reads people.person.resident_id_sealed, which is protected: see call.disclose"
    assert f"{said}, in Person.number" in caplog.messages


async def test_events_are_told_with_their_rows_alone(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of the form `a or b` for the row an event names is no rule for every row, in any of the plugins."""
    planner = Planner(built_schema(INSTALLED))
    connection = await asyncpg.connect(bare)
    owners = set()
    for happening in planner.entities.values():
        if happening.model is not OutboxRow or not happening.visible.__qualname__.startswith("visible_with"):
            continue
        told = inspect.getclosurevars(happening.visible).nonlocals
        target = told["of"]().__entity__
        schema, table = target.model._meta.schema, target.model._meta.db_table
        rule = replace(target, visible=lambda row, viewer: [Sql("{0} is not null or true", row.id)])
        monkeypatch.setattr(target.cls, "__entity__", rule)
        await connection.execute(f'create schema {schema}; create table {schema}."{table}" (id uuid)')
        await connection.execute(f'insert into {schema}."{table}" values ($1)', uuid4())  # another county's
        event = Table("event", alias="e")
        [criterion] = happening.visible(event, StatementScope(Viewer(ViewerAccount(), TODAY), {}))
        data = f"""(select jsonb_build_object('{told["name"]}', '{uuid4()}') as data) e"""
        assert not await connection.fetchval(f"select {criterion.get_sql(SQL)} from {data}"), happening.name
        owners.add(schema)
    await connection.close()
    assert owners == {
        "bulletins",
        "credit",
        "devices",
        "forms",
        "legal",
        "party",
        "points",
        "safety",
        "services",
        "statistics",
    }


def unclosed(path: Path, module: Any) -> Iterator[str]:
    """Fragments with an `or` or `and` at the outside that an f-string of a module puts beside other SQL."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for at, part in enumerate(node.values if isinstance(node, ast.JoinedStr) else ()):
            if not isinstance(part, ast.FormattedValue) or not isinstance(part.value, ast.Name):
                continue
            text = getattr(module, part.value.id, None)
            if not isinstance(text, str) or " or " not in text.lower():
                continue
            before, after = (beside(node.values, one) for one in (at - 1, at + 1))
            alone = BEFORE.search(before) and AFTER.match(after) or not (before.strip() or after.strip())
            if not alone and is_loose(re.sub(r"\{\w*\}", "x", text).replace("%s", "x")):
                yield f"{path.name}: {part.value.id}"


def beside(parts: Sequence[ast.expr], at: int) -> str:
    found = parts[at] if 0 <= at < len(parts) else None
    return str(found.value) if isinstance(found, ast.Constant) else ""


def test_fragments_in_text_are_closed() -> None:
    """What is put together as text, in the contract, the server and the plugins, needs its own parentheses."""
    found = []
    for name in ("gongzhi", "gongzhi_server", "gongzhi_credit", "gongzhi_legal", "gongzhi_party", "gongzhi_points"):
        package = import_module(name)
        for one in walk_packages(package.__path__, f"{name}."):
            if ".migrations." in one.name or one.name.endswith("__main__"):
                continue
            module = import_module(one.name)
            if module.__file__:
                found += unclosed(Path(module.__file__), module)
    assert found == []
