"""What plugins declare for the public registers, and what is refused of it by name."""

from __future__ import annotations

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import CORE_PLUGINS

from .conftest import Market

HEAD = """
from datetime import date
from gongzhi.values.errors import Text
from gongzhi.declare.registers import Registers
from gongzhi.declare.register_entries import Card, Holding, Kpi, PrivacyNotice, Statement
SAID = Text("said", "说明")

@hookimpl
def registers():
    return [Registers({hook}=({entry},))]
"""
CARD = 'Card("{}", "1", SAID, SAID, (SAID,), SAID, SAID, date(2026, 1, 1), SAID, SAID)'


@pytest.mark.parametrize(
    ("hook", "entry", "told"),
    [
        ("cards", CARD.format("service-tier"), "must begin with 'shop.'"),
        ("cards", f"{CARD.format('shop.a')}, {CARD.format('shop.a')}", "two rules are called 'shop.a/1'"),
        ("kpis", 'Kpi("rate", SAID, SAID, SAID, SAID)', "must begin with 'shop.'"),
        ("notices", 'PrivacyNotice("x", "y", 1, SAID, SAID, SAID, date(2026, 1, 1))', "must begin with 'shop.'"),
        ("holdings", 'Holding("people.person", SAID, SAID)', "one of the plugin's own tables"),
        ("holdings", 'Holding("shop.x", SAID, SAID)', "there is no table 'shop.x'"),
        ("holdings", 'Holding("shop.x", SAID, SAID, months=3)', "needs both `months` and `since`"),
        ("statements", "Statement('A', SAID, None), Statement('A', SAID, None)", "two kinds of statements"),
    ],
)
def test_wrong_entries_name_the_plugin(market: Market, hook: str, entry: str, told: str) -> None:
    market.ship("shop", HEAD.format(hook=hook, entry=entry))
    with pytest.raises(Problem, match="plugin 'shop'") as problem:
        market.load()
    assert told in str(problem.value)


def test_figures_of_all_counties_are_named_like_their_fields(market: Market) -> None:
    """No two have one name, whoever they are from."""
    kept = "\n@hookimpl\ndef about():\n    return [About(always=True)]\n"
    entry = 'Kpi("rate", SAID, SAID, SAID, SAID)'
    for name in ("kiosk", "shop"):
        market.ship(name, "from gongzhi.plugin.hooks import About\n" + HEAD.format(hook="kpis", entry=entry) + kept)
        if name == "kiosk":
            assert [one.name for one in market.load().registers.kpis][-1] == "rate"
    with pytest.raises(Problem, match="two figures are called 'rate'; the other is from plugin 'kiosk'"):
        market.load()


def test_registers_are_registers(market: Market) -> None:
    market.ship("shop", "@hookimpl\ndef registers(): return [1]")
    with pytest.raises(Problem, match="registers\\(\\) gave a int, not a Registers"):
        market.load()


def test_entries_join_the_core(market: Market) -> None:
    market.ship("shop", HEAD.format(hook="cards", entry=CARD.format("shop.credit")))
    registers = market.load().registers
    assert registers.card("shop.credit/1") and registers.card("service-tier/1")
    assert registers.holdings == CORE_PLUGINS.registers.holdings
