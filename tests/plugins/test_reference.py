"""The reference leaves nothing out, and makes nothing up."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from gongzhi.declare.sql import alternatives
from gongzhi.plugin import hooks
from gongzhi.plugin.hooks import HookspecMarker
from gongzhi.testing import fixtures
from gongzhi.values.errors import DeclarationError
from gongzhi_server import cli
from gongzhi_server.planner.declarations import Probe
from gongzhi_server.plugins.loader import empty
from pypika_tortoise.queries import Table

from .contracts import ROOT

FOLDER = ROOT / "docs" / "plugins"
PAGE = (FOLDER / "reference.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(?:await )?(\w+)[^`]*`", PAGE))
SECTION = PAGE.split("## Types and tables of the core\n")[1].split("\n## ")[0]
PROMISED = {
    module.removeprefix("gongzhi."): set(re.findall(r"`(?:await )?(\w+)[^`]*`", words))
    for modules, words in re.findall(r"^\| (`gongzhi[^|]*) \| (.*) \|$", SECTION, re.MULTILINE)
    for module in re.findall(r"`([\w.]+)`", modules)
}
"""Of modules that hold more than plugins may build on: the words that are promised, of each row together."""
MODULES = (
    *("core.cases.attachment_reading", "core.cases.opening", "core.events.rules", "core.events.telling"),
    *(
        "declare.columns",
        "declare.entity",
        "declare.enums",
        "declare.events",
        "declare.extend",
        "declare.filters",
        "declare.located",
        "declare.orders",
        "declare.sql",
        "declare.viewer",
    ),
    *("plugin.hooks", "plugin.permissions", "plugin.settings"),
    *(
        "runtime.bans",
        "runtime.checks",
        "runtime.commands",
        "runtime.context",
        "runtime.event_access",
        "runtime.event_feed",
        "runtime.feeds",
        "runtime.jobs",
        "runtime.locks",
        "runtime.lists",
        "runtime.office_documents",
        "runtime.outbound.clients",
        "runtime.outbound.networks",
        "runtime.picture_decoding",
        "runtime.pictures",
        "runtime.waivers",
        "runtime.routes",
        "runtime.services",
        "runtime.reactions",
    ),
    "values.errors",
)
OURS = {
    "core.cases.opening": {"enter_cases", "find_by_codes", "locate_places", "outside", "require_county"},
    "declare.columns": {"insert_rows", "remember", "save_changes"},
    "declare.located": {"place_in_grid"},
    "runtime.context": {"TimelineWords"},
    "declare.entity": {"Entity", "Ref", "argument", "choice", "entity_of"},
    "declare.filters": {"Value", "aware", "grid_key", "kind_of", "long", "plain"},
    "runtime.commands": {"Command", "problem"},
    "runtime.office_documents": {
        *("Begun", "bare", "check_content", "check_name", "check_prolog", "check_relation", "damaged", "elements"),
        *("embedding", "loading", "prolog_parser", "read_fields", "read_part", "running", "unfolding"),
    },
    "runtime.outbound.clients": {"CheckedTransport", "causes", "resolve_host"},
    "runtime.picture_decoding": {"run_worker"},
    "runtime.pictures": {"jpeg", "png"},
    "declare.orders": {"check_kind", "name"},
    "declare.sql": {
        "permissions_held",
        "Bind",
        "Joined",
        "alternatives",
        "ancestor",
        "bound",
        "is_apart",
        "render",
        "within",
    },
    "declare.viewer": {"narrow_grants"},
    "declare.events": {"Registry", "bare", "camel", "event_of", "hints", "json", "plain", "python", "written"},
    "core.events.rules": {"operators", "staff"},
    "runtime.jobs": {"check"},
    "runtime.lists": {"Lists", "NoLists"},
    "runtime.routes": {"StaticFile", "hashed", "walk"},
    "runtime.reactions": {"NoReactions", "Reactions", "check", "follow", "in_order"},
}
"""What the server needs of these modules and plugins do not."""


@pytest.mark.parametrize("name", MODULES)
def test_every_word_is_there(name: str) -> None:
    module = import_module(f"gongzhi.{name}")
    assert sorted(words(module) - OURS.get(name, set()) - NAMED) == []


def test_every_promised_word_is_there() -> None:
    """A row may speak of several modules; each word is in one of them."""
    assert len(PROMISED) > 25
    rows: dict[frozenset[str], set[str]] = {}
    for name, found in PROMISED.items():
        rows.setdefault(frozenset(found), set()).update(vars(import_module(f"gongzhi.{name}")))
    assert [sorted(found - there) for found, there in rows.items() if found - there] == []


def test_example_of_a_rule_gives_what_is_due() -> None:
    [source] = re.findall(r"```python rule\n(.*?)```", PAGE, re.DOTALL)
    defined: dict[str, Any] = {}
    exec(source, defined)
    rule = defined["visible"](Table("bin", schema="rubbish", alias="t"), Probe())
    assert [str(type(one).__name__) for one in alternatives(rule)] == ["Sql", "Sql"]
    with pytest.raises(DeclarationError, match="a list of criteria is due"):
        alternatives(rule[0])


def words(module: ModuleType) -> set[str]:
    """What a module defines for others."""
    return {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and (inspect.isclass(value) or inspect.isfunction(value))
        and not name.startswith("_")
    }


def test_every_hook_is_there() -> None:
    assert isinstance(hooks.hookspec, HookspecMarker)
    section = PAGE.split("## Hooks")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert listed == {name for name in vars(empty().hook) if not name.startswith("_")}
    assert len(listed) <= 13, "a further kind of something in one of them is easier kept in mind"


def test_every_fixture_is_there() -> None:
    found = {name for name, value in vars(fixtures).items() if type(value).__name__ == "FixtureFunctionDefinition"}
    assert found and sorted(found - NAMED) == []


def test_every_command_is_there() -> None:
    told = set(re.findall(r"`gongzhi plugin (\w+)", PAGE))
    assert told == {one.name or one.callback.__name__ for one in cli.plugins.group.registered_commands if one.callback}


def test_links_lead_somewhere() -> None:
    for page in FOLDER.glob("*.md"):
        for link in re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
            assert (FOLDER / link).exists(), f"{page.name} links to {link}"
