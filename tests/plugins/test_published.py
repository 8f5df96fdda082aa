"""What everybody may know of the plugins, and what operators may; conditions on lists of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gongzhi.values.errors import DeclarationError
from gongzhi_server.graphql.published_registers import publish_plugins
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import ESSENTIAL, serve_application

from .conftest import Market

CALLS = """
@hookimpl
def permissions():
    return [Permission("calls.view", "See it (查看).", frozenset({"grid_worker"}))]

@hookimpl
def registers():
    return [Registers(purposes=(Purpose("Person.phone", "To call before a visit (走访前联系)", "PIPL 13(1)"),))]

@hookimpl
def graphql():
    return [
        extend(
            Case,
            filter={"urgent_by_phone": guard_comparison(
                compare_condition(lambda at: Sql("{0}='EMERGENCY'", at.rows.urgency)), requires="calls.view"
            )},
            called=expression("Called (是否来电).", lambda at: Sql("true"), type=bool | None, requires=None),
        )
    ]
"""
PURPOSE = {
    "plugin": "calls",
    "field": "Person.phone",
    "purpose": "To call before a visit (走访前联系)",
    "basis": "PIPL 13(1)",
}
PURPOSES = "{ dataPurposes { plugin field purpose basis } }"
PLUGINS = """{ plugins {
    name version state distribution fields tables jobs lastError dataPurposes { field purpose basis }
} }"""
URGENT = "{ cases(filter: { not: { urgentByPhone: { equals: false } } }) { totalCount } }"


async def test_purposes_are_public(market: Market, filled: str, tmp_path: Path) -> None:
    market.ship("calls", CALLS)
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        assert (await server.ask(PURPOSES)).data == {"dataPurposes": [PURPOSE]}


async def test_plugins_are_told_to_operators(market: Market, filled: str, tmp_path: Path) -> None:
    market.ship("calls", CALLS)
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        for role in ("administrator", "auditor"):
            assert (await server.as_(role).ask(PLUGINS)).data["plugins"] == [
                {
                    "name": "calls",
                    "version": "3.1",
                    "distribution": "gongzhi-calls",
                    "fields": ["Case.called"],
                    "tables": [],
                    "state": "ACTIVE",
                    "jobs": [],
                    "lastError": None,
                    "dataPurposes": [{name: PURPOSE[name] for name in ("field", "purpose", "basis")}],
                }
            ]
        assert (await server.as_("grid_worker").ask(PLUGINS)).codes == ["FORBIDDEN"]


async def test_filter_of_a_plugin(market: Market, filled: str, tmp_path: Path) -> None:
    market.ship("calls", CALLS)
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        worker = server.as_("grid_worker")
        plain = await worker.ask("{ cases(filter: { urgency: { equals: EMERGENCY } }) { totalCount } }")
        assert (await worker.ask(URGENT)).data == plain.data
        denied = await server.as_("auditor").ask(URGENT)
        assert denied.codes == ["FORBIDDEN"] and denied.errors[0]["extensions"]["permission"] == "calls.view"


def test_filter_stays_in_its_schema(market: Market) -> None:
    market.ship("calls", CALLS)
    assert 'urgentByPhone: BooleanComparison @from(plugin: "calls")' in market.schema().as_str()
    assert "urgentByPhone" not in Schema(ESSENTIAL.extensions).as_str()
    assert "urgentByPhone" in market.schema().as_str()


def test_nothing_is_published_of_nothing() -> None:
    from gongzhi_server.testing import ESSENTIAL

    published = json.loads(publish_plugins(Plugins(), Schema(ESSENTIAL.extensions)).json())
    assert {name: found for name, found in published.items() if name != "roles"} == {
        "plugins": [],
        "dataPurposes": [],
        "settings": [],
    }
    # Roles are the core's, whatever is installed.
    assert published["roles"][0]["name"] == "stranger"


def test_types_without_lists_have_no_filter() -> None:
    from gongzhi.declare.extend import extend
    from gongzhi.declare.roots import Query

    with pytest.raises(DeclarationError, match="Query is kept in no table"):
        extend(Query, filter={"x": None})  # type: ignore[dict-item]
