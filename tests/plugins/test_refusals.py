"""Vendors whose plugins cannot work: each is refused before anything is served, by name, with the cause."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from gongzhi_server.errors import Problem

from .conftest import Market
from .test_scaffold import path

PERMISSIONS = """
@hookimpl
def permissions():
    return [Permission("broken.view", "See it (查看).", frozenset({"grid_worker"}))]
"""


def adds(target: str, field: str, head: str = "") -> str:
    """A plugin that adds one field."""
    return f"""{PERMISSIONS}
{head}
@hookimpl
def graphql():
    return [extend({target}, {field})]
"""


def tables(label: str = "broken", package: str = "gongzhi_broken", noun: str = "") -> str:
    return f"""
@hookimpl
def tables():
    return [App({label!r}, "{package}.models", "{package}.migrations", noun={noun!r})]
"""


def model(name: str = "ThingRow", schema: str = "broken", table: str = "thing") -> str:
    return f"""
from tortoise import fields
from tortoise.models import Model

class {name}(Model):
    id = fields.IntField(primary_key=True)

    class Meta:
        schema = {schema!r}
        table = {table!r}
"""


SHOWN = 'type=str | None, requires="broken.view")'
FIELD = f'extra=expression("More (更多).", lambda at: at.row.id, {SHOWN}'
OWN = '''
from gongzhi.core.cases.models import CaseRow

@entity(CaseRow, visible=visible_to_all)
class Case(Node):
    """Another case (另一诉求)."""

    number: str = column("Its number (编号).")

from gongzhi.core.cases.types import Case as CoreCase
'''

BAD = {
    "import": ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    "exit": ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
    "syntax": ("def", "SyntaxError"),
    "hook raises": ("@hookimpl\ndef graphql(): return [1 / 0]", "graphql() failed: ZeroDivisionError"),
    "hook gives nothing": ("@hookimpl\ndef tables(): pass", "tables() gave a NoneType; it gives a list"),
    "unknown hook": ("@hookimpl\ndef grafql(): return []", "unknown hook 'grafql' in plugin gongzhi_broken"),
    "hook with arguments": ("@hookimpl\ndef permissions(all): return []", "Argument(s) {'all'} are declared"),
    "no hook": ("def graphql(): return []", "gongzhi_broken implements no hook"),
    "wrong type": (
        "@hookimpl\ndef permissions(): return ['view']",
        "permissions() gave a str, not a Permission or Role",
    ),
    "unknown permission": (
        adds("Case", FIELD.replace("broken.view", "broken.look")),
        "'extra' requires 'broken.look', which nobody declares",
    ),
    "permission of another": (
        "@hookimpl\ndef permissions(): return [Permission('cases.peek', 'See more.')]",
        "the permission 'cases.peek' must begin with 'broken.'",
    ),
    "permission twice": (
        "@hookimpl\ndef permissions(): return [Permission('broken.a', 'One.'), Permission('broken.a', 'Two.')]",
        "two permissions are called 'broken.a'",
    ),
    "unknown role": (
        "@hookimpl\ndef permissions(): return [Permission('broken.a', 'See.', frozenset({'mayor'}))]",
        "the permission 'broken.a' names unknown roles: mayor",
    ),
    "residents who look people up": (
        "@hookimpl\ndef permissions(): "
        "return [Permission('broken.a', 'See.', frozenset({'resident'}), names_people=True)]",
        "the permission 'broken.a' looks people up, so no role that residents hold can have it",
    ),
    "role of the core": (
        "@hookimpl\ndef permissions(): return [Role('auditor', '审计员', 'Another.')]",
        "the role 'auditor' is one of the core's",
    ),
    "empty purpose": (
        "@hookimpl\ndef registers(): return [Registers(purposes=(Purpose('Person.phone', 'To call', ' '),))]",
        "the purpose for 'Person.phone' must say what for, and on which legal basis",
    ),
    "purpose for nothing": (
        "@hookimpl\ndef registers(): return [Registers(purposes=(Purpose('Person.shoeSize', 'To buy shoes', 'X'),))]",
        "it has a purpose for 'Person.shoeSize', which is no field",
    ),
    "replaced field": (
        adds("Case", FIELD.replace("extra", "number")),
        "Case.number would replace a field of the type itself",
    ),
    "replaced root": (adds("Query", FIELD.replace("extra", "cases")), "Query.cases is already added by 'core'"),
    "not null": (
        adds("Case", 'extra=expression("More (更多).", lambda at: at.row.id, type=int, requires=None)'),
        "Case.extra must be nullable, or its failure would null the whole Case",
    ),
    "not guarded": (
        adds("Case", 'extra=expression("More (更多).", lambda at: at.row.id, type=int | None)'),
        "Case.extra must say who may ask for it",
    ),
    "not described": (adds("Case", FIELD.replace("More (更多).", "")), "Case.extra has no description"),
    "plain strawberry": (
        adds("Case", "extra=strawberry.field(lambda: 'x')", "import strawberry"),
        "Case.extra must be made with gongzhi's own words",
    ),
    "interface": (adds("Node", FIELD), "Node is an interface, so it cannot be extended"),
    "generic": (adds("Connection", FIELD), "Connection is generic, so it cannot be extended"),
    "input": (
        adds("PointInput", FIELD, "from gongzhi.core.grids.types import PointInput"),
        "PointInput is an input, so it cannot be extended",
    ),
    "no type": (adds("str", FIELD), "str is not a GraphQL object type"),
    "unreachable": (
        adds("Lonely", FIELD, "import strawberry\n@strawberry.type(description='Alone.')\nclass Lonely:\n    x: int"),
        "extends Lonely, which nothing in the schema returns",
    ),
    "one type name": (
        adds("CoreCase", 'extra=many("More (更多).", type=list[Case] | None, requires=None)', OWN),
        "gongzhi.core.cases.types.Case and gongzhi_broken.Case have one GraphQL name",
    ),
    "no such key": (
        adds("Case", 'extra=many("More (更多).", on="matter", type=list[Case] | None, requires=None)'),
        "Case.extra: Case has no foreign key 'matter'",
    ),
    "no entity": (
        adds("Case", 'extra=many("More (更多).", type=list[str] | None, requires=None)'),
        "Case.extra is planned, but <class 'str'> is no entity",
    ),
    "filter not guarded": (
        adds("Case", 'filter={"extra": compare_condition(lambda at: Sql("true"))}'),
        "the filter 'extra' of Case must say who may use it",
    ),
    "replaced order": (
        adds("Case", 'order={"reported_at": order_by(lambda at: at.rows.id, empty=0, requires=None)}'),
        "the order 'reported_at' of Case would replace one of the type itself",
    ),
    "order of nothing": (
        adds("Case", 'order={"extra": order_by(lambda at: at.rows.id, empty=None, requires=None)}'),
        "nothing can be ordered by NoneType",
    ),
    "order without a list": (
        adds("Query", 'order={"extra": order_by(lambda at: at.rows.id, empty=0, requires=None)}'),
        "Query is kept in no table, so its lists have no filter and no order",
    ),
    "order with an unknown permission": (
        adds("Case", 'order={"extra": order_by(lambda at: at.rows.id, empty=0, requires="broken.look")}'),
        "'extra' requires 'broken.look', which nobody declares",
    ),
    "replaced filter": (
        adds("Case", 'filter={"status": guard_comparison(compare_condition(lambda at: Sql("true")), requires=None)}'),
        "the filter 'status' of Case would replace one of the type itself",
    ),
}


@pytest.mark.parametrize(("source", "cause"), BAD.values(), ids=BAD.keys())
def test_vendor_is_refused(market: Market, source: str, cause: str) -> None:
    market.ship("broken", source)
    assert refusal(market).startswith("plugin 'broken' (gongzhi-broken 3.1): ")
    assert cause in refusal(market)


def refusal(market: Market) -> str:
    with pytest.raises(Problem) as refused:
        market.schema()
    text = str(refused.value)
    assert "\n" not in text and str(market.folder) not in text
    return text


MODELS = {
    "label of another": (tables("cases"), model(), "the app cannot be labelled 'cases'"),
    "schema of another": (
        tables(),
        model(schema="cases"),
        "ThingRow must lie in the plugin's own schema: schema = 'broken' in its Meta",
    ),
    "table twice": (tables(), model("OneRow") + model("TwoRow"), "two models share the table broken.thing"),
    "no models": (tables(), "", "gongzhi_broken.models has no models"),
    "broken models": (tables(), "import nowhere_to_be_found", "ModuleNotFoundError"),
    "noun of the core": (tables("cases_more", noun="case"), model(), "the noun of 'cases_more' cannot be 'case'"),
    "noun of no label": (tables(noun="thing"), model(), "the noun of 'broken' cannot be 'thing'"),
    "two apps": (tables().replace("[App", "2 * [App"), model(), "two apps are called 'broken'"),
}


@pytest.mark.parametrize(("source", "models", "cause"), MODELS.values(), ids=MODELS.keys())
def test_tables_are_refused(market: Market, source: str, models: str, cause: str) -> None:
    market.ship("broken", source, models=models, migrations____init__="")
    assert refusal(market).startswith("plugin 'broken' (gongzhi-broken 3.1): ")
    assert cause in refusal(market)


def test_migrations_must_be_there(market: Market) -> None:
    market.ship("broken", tables(), models=model())
    assert "(gongzhi-broken 3.1): ModuleNotFoundError: No module named 'gongzhi_broken.migrations'" in refusal(market)


NAMES = {
    "Broken": "lower-case letters",
    "9lives": "lower-case letters",
    "cases": "taken by the core",
    "pg_stat": "taken by the core",
}


@pytest.mark.parametrize(("name", "cause"), NAMES.items())
def test_name_is_refused(market: Market, name: str, cause: str) -> None:
    market.ship(name, "@hookimpl\ndef graphql(): return []", distribution="gongzhi-broken")
    assert refusal(market).startswith(f"plugin {name!r} (gongzhi-broken 3.1): the name ")
    assert cause in refusal(market)


def test_one_name_twice(market: Market) -> None:
    for distribution in ("gongzhi-broken", "other-broken"):
        market.ship("broken", "@hookimpl\ndef graphql(): return []", distribution=distribution)
    assert refusal(market) == ("plugin 'broken' (other-broken 3.1): gongzhi-broken 3.1 has a plugin of this name too")


def test_two_plugins_add_one_field(market: Market) -> None:
    for name in ("apples", "broken"):
        market.ship(name, adds("Case", FIELD).replace("broken.view", f"{name}.view"))
    assert refusal(market) == "plugin 'broken' (gongzhi-broken 3.1): Case.extra is already added by 'apples'"


def test_two_plugins_add_one_order(market: Market) -> None:
    for name in ("apples", "broken"):
        market.ship(name, adds("Case", 'order={"extra": order_by(lambda at: at.rows.id, empty=0, requires=None)}'
        ).replace("broken.view", f"{name}.view"))  # fmt: skip
    assert refusal(market) == (
        "plugin 'broken' (gongzhi-broken 3.1): the order 'extra' of Case is already added by 'apples'"
    )


def test_two_plugins_add_one_role(market: Market) -> None:
    for name in ("apples", "broken"):
        market.ship(name, "@hookimpl\ndef permissions(): return [Role('lender', '贷款人', 'Lends.')]")
    assert "(gongzhi-broken 3.1): two roles are called 'lender'; the other is from plugin 'apples'" in refusal(market)


def test_two_plugins_make_one_type(market: Market) -> None:
    for name in ("apples", "broken"):
        own = OWN.replace("class Case(", "class Thing(").partition("from gongzhi.core.cases.types")[0]
        market.ship(
            name,
            adds("Case", f'{name}=many("More (更多).", type=list[Thing] | None, requires=None)', own).replace(
                "broken.view", f"{name}.view"
            ),
        )
    assert refusal(market) == (
        "plugin 'broken' (gongzhi-broken 3.1): "
        "DeclarationError: gongzhi_apples.Thing and gongzhi_broken.Thing have one GraphQL name"
    )


def test_innocent_plugin_is_not_blamed(market: Market) -> None:
    """The one that depends on a plugin behind it in the alphabet is well."""
    lone = "import strawberry\n@strawberry.type(description='A thing.')\nclass Thing:\n    x: int\n"
    market.ship("zebra", adds("Case", FIELD.replace("Case", "Zebra")).replace("broken.view", "zebra.view") + lone)
    market.ship("apples", PERMISSIONS.replace("broken", "apples"))
    assert market.schema().as_str().count('@from(plugin: "zebra")') == 1


async def test_serving_stops_with_one_line(market: Market, tmp_path: Path, bare: str) -> None:
    """What an operator sees: one line, no server, and no table."""
    market.ship("broken", adds("Case", FIELD.replace("extra", "number")))
    environ = os.environ | {
        "PYTHONPATH": path(market.folder),
        "GONGZHI_DATA": str(tmp_path / "data"),
        "PORT": "0",
        "DATABASE_URL": bare,
        "GONGZHI_MODE": "development",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "gongzhi_server", "serve"], env=environ, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "plugin 'broken' (gongzhi-broken 3.1): Case.number would replace a field of the type itself"
    )
    connection = await asyncpg.connect(bare)
    assert await connection.fetchval("select count(*) from pg_namespace where nspname in ('grids', 'broken')") == 0
    await connection.close()
