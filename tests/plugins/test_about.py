"""What plugins build on, and those that are always on."""

from __future__ import annotations

from pathlib import Path

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import codes_of, serve_application

from .conftest import Market
from .test_reference import PAGE

BASE = """
from gongzhi.plugin.hooks import About

@hookimpl
def about():
    return [About(requires={requires!r}, always={always})]

@hookimpl
def graphql():
    word = expression("A word (词).", lambda at: Sql("'{name}'"), type=str | None, requires=None)
    return [extend(Query, {name}=word)]
"""


def ship(market: Market, name: str, *requires: str, always: bool = False) -> None:
    market.ship(name, BASE.format(name=name, requires=requires, always=always))


def test_plugins_are_loaded_behind_those_they_require(market: Market) -> None:
    ship(market, "apples", "pears")
    ship(market, "pears", "plums")
    ship(market, "plums")
    assert [one.name for one in market.load().found] == ["plums", "pears", "apples"]


def test_example_of_the_reference_says_both(market: Market) -> None:
    """Loaded behind what it requires, and on everywhere."""
    market.ship("bins", PAGE.split("```python about\n")[1].split("```")[0])
    found = {one.name: one.always for one in market.load(essential=True).found}
    assert found["bins"] and list(found).index("bins") > list(found).index("deadlines")
    with pytest.raises(Problem, match="'bins' .*requires the plugin 'deadlines', which is not installed"):
        market.load()


def test_a_plugin_that_lacks_another_does_not_start(market: Market) -> None:
    ship(market, "apples", "pears")
    with pytest.raises(Problem, match=r"plugin 'apples' .*requires the plugin 'pears', which is not installed"):
        market.load()
    ship(market, "pears")
    with pytest.raises(Problem, match="requires the plugin 'pears'"):
        load_plugins(without=["pears"], entries=market.entries)
    assert [one.name for one in load_plugins(without=["apples", "pears"], entries=market.entries).found] == []


def test_plugins_that_require_each_other_are_refused(market: Market) -> None:
    ship(market, "apples", "pears")
    ship(market, "pears", "apples")
    with pytest.raises(Problem, match="requires itself, by way of"):
        market.load()


async def test_no_county_switches_off_what_is_always_on(market: Market, filled: str, tmp_path: Path) -> None:
    """It answers where nobody switched it on, without asking the table of decisions; the other does not."""
    ship(market, "apples", always=True)
    ship(market, "pears")
    async with serve_application(filled, tmp_path, plugins=market.load(), active=False) as server:
        admin = server.as_("administrator")
        found = (await admin.ask("{ apples pears plugins { name always state } }")).data
        assert (found["apples"], found["pears"]) == ("apples", None)
        assert {one["name"]: (one["always"], one["state"]) for one in found["plugins"]} == {
            "apples": (True, "ACTIVE"),
            "pears": (False, "INACTIVE"),
        }
        given = {"plugin": "apples", "county": "610921", "active": False}
        payload = await admin.do("setPluginActivation", "activation { id }", **given)
        assert codes_of(payload["errors"]) == ["BAD_USER_INPUT"] and payload["errors"][0]["path"] == ["plugin"]


SINGULAR = """
from gongzhi.declare.events import Event, event

@event("{event}", "Somebody set up a stall (出摊).")
class SetUp(Event):
    pass

@hookimpl
def events():
    return [SetUp]
"""
STALLS = """
@hookimpl
def tables():
    return [App("stalls", "gongzhi_market.models", "gongzhi_market.migrations", noun="stall")]
"""
STALL_MODELS = """
from tortoise import fields
from tortoise.models import Model

class StallRow(Model):
    id = fields.IntField(primary_key=True)

    class Meta:
        schema = "stalls"
        table = "stall"
"""


def test_events_say_the_noun_of_a_label(market: Market) -> None:
    market.ship("market", SINGULAR.format(event="stall.set_up"))
    with pytest.raises(Problem, match=r"the event 'stall.set_up' must begin with 'market\.'"):
        market.load()


def test_a_noun_is_one_plugin_s(market: Market) -> None:
    market.ship("market", SINGULAR.format(event="stall.set_up") + STALLS, models=STALL_MODELS, migrations____init__="")
    assert "stall.set_up" in market.load().registry
    market.ship("stall", SINGULAR.format(event="stall.moved"))
    with pytest.raises(Problem, match="plugin 'stall' .*two nouns or plugins are called 'stall'"):
        market.load()
