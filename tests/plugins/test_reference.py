"""The reference leaves nothing out, and makes nothing up."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from gongzhi.plugin import hooks
from gongzhi.plugin.hooks import HookspecMarker
from gongzhi.testing import fixtures
from gongzhi.values.errors import DeclarationError
from gongzhi_server import cli
from gongzhi_server.planner.containment import check_alternatives
from gongzhi_server.planner.declarations import Probe
from gongzhi_server.plugins.installed import empty_manager
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
    *("core.cases.attachment_reading", "core.cases.opening", "core.events.rules", "core.events.stream_fields"),
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
    *("plugin.hooks", "plugin.permissions", "plugin.settings", "plugin.views"),
    *(
        "runtime.actions",
        "runtime.bans",
        "runtime.checks",
        "runtime.commands",
        "runtime.context",
        "runtime.event_access",
        "runtime.event_feed",
        "runtime.feeds",
        "runtime.file_checks",
        "runtime.jobs",
        "runtime.locks",
        "runtime.lists",
        "runtime.outbound.clients",
        "runtime.outbound.networks",
        "runtime.waivers",
        "runtime.routes",
        "runtime.services",
        "runtime.reactions",
    ),
    "values.errors",
)
OURS = {
    "core.cases.opening": {"enter_cases", "locate_places", "new_case", "outside_all_grids", "require_county"},
    "declare.columns": {"insert_rows", "remember_row", "save_changes"},
    "declare.located": {"place_in_grid"},
    "runtime.context": {"TimelineWords"},
    "declare.entity": {"Entity", "Ref", "build_argument", "choice"},
    "declare.filters": {"Value", "is_searchable", "comparison_for"},
    "runtime.outbound.clients": {"CheckedBackend", "CheckedTransport", "iterate_causes", "resolve_host"},
    "declare.orders": {"check_kind"},
    "declare.sql": {
        "Bind",
        "JoinedCriteria",
        "ReachedTable",
        "bind",
        "is_apart",
        "render_part",
        "rows_within",
    },
    "declare.events": {
        "Registry",
        "strip_optional",
        "camel_case",
        "event_of",
        "field_types",
        "to_json",
        "is_nameless",
        "from_json",
        "event_data",
    },
    "core.events.rules": {"visible_to_staff"},
    "runtime.jobs": {"check_name"},
    "runtime.lists": {"Lists", "NoLists"},
    "runtime.routes": {"StaticFile", "hashed_name", "walk_files"},
    "runtime.reactions": {"NoReactions", "Reactions", "run_checks", "run_follows"},
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
    assert [str(type(one).__name__) for one in check_alternatives(rule)] == ["Sql", "Sql"]
    with pytest.raises(DeclarationError, match="a list of criteria is due"):
        check_alternatives(rule[0])


def test_examples_use_the_words() -> None:
    """What an example calls, or annotates with, is a word of the page or defined by an example; not an older name."""
    fences = [ast.parse(one) for one in re.findall(r"```python[^\n]*\n(.*?)```", PAGE, re.DOTALL)]
    nodes = [node for fence in fences for node in ast.walk(fence)]
    defined = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    defined |= {alias.name for one in nodes if isinstance(one, ast.ImportFrom) for alias in one.names}
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    hints = [node.annotation for node in nodes if isinstance(node, ast.arg) and node.annotation]
    called |= {one.id for hint in hints for one in ast.walk(hint) if isinstance(one, ast.Name)}
    invented = {"calendar", "AcceptBinCaseInput", "CallCollectionInput", "CallCollectionPayload"}
    invented |= {"dataclass", "timedelta"}
    assert sorted(called - defined - NAMED - invented - set(dir(builtins))) == []


def test_examples_with_a_name_are_run() -> None:
    """Each is taken from the page by a test that has a server do what it shows."""
    names = set(re.findall(r"^```python ([\w ]+)$", PAGE, re.MULTILINE))
    files = [*(ROOT / "tests").glob("**/test_*.py"), *(ROOT / "plugins").glob("[!_]*/tests/**/test_*.py")]
    tests = "".join(one.read_text(encoding="utf-8") for one in files)
    assert {"about", "opening", "reactions", "route", "service", "timeline"} <= names
    assert [one for one in sorted(names) if f"```python {one}\\n" not in tests] == []


FAMILY = ("Boolean", "Code", "Date", "Decimal", "Float", "Grid", "ID", "Int", "Text")
UNUSED = {
    **{f"{kind}Comparison": "one of a family, of which ours need others" for kind in FAMILY},
    "AttachmentFile": "what `read_attachment` gives, for annotations",
    "CountedList": "what `count` gives, for annotations",
    "LtreeField": "a column of the core that vendors with trees of their own want as well",
    "PolygonField": "a column of the core that vendors with areas of their own want as well",
    "Ordering": "what `order_by` makes, for annotations",
    "ReadList": "what `read` gives, for annotations",
    "RefusedAddress": "raised to vendors who do not ask `name_failure`",
    "RemadePicture": "what `remake_picture` gives, for annotations",
    "SideTable": "what `by_side_table` keeps, for annotations",
    "UnknownHost": "raised to vendors who do not ask `name_failure`",
    "TWO_PERSONS": "what `require_independence` writes into `call.checks`",
    "compare_grid": "for types of grids, of which there is one",
    "missing_migrations": "what `Conformance` asks of all plugins at once",
    "sealed_value": "for what is protected, which is the core's",
}
"""Words of the reference that no plugin of ours and no example uses, with the reason why they are promised."""
SHOWN = {
    "Purpose": "for protected fields that a plugin computes with; ours show them by `disclosure`",
    "StockCategory": "ours file by the subjects that national lists prescribe, which the core has",
    "as_viewer": "ours make their callers with the roles of a story",
    "by_side_table": "ours order their own tables, which have indexes of their own",
    "keep_beside": "with `by_side_table`",
    "read_attachment": "for machines that read or hear; ours show files to people, by links",
}
"""Words that no plugin of ours uses but an example that is tested, and why ours do not."""


def test_every_word_is_used_by_ours() -> None:
    """What nobody uses is promised in vain, and nobody knows whether it works."""
    listed = re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE)
    known = {word for row in listed for word in re.findall(r"`(?:await )?(\w+)", row)} - {"gongzhi"}
    modules = {name: words(import_module(f"gongzhi.{name}")) - OURS.get(name, set()) for name in MODULES}
    known |= set[str]().union(*modules.values())
    known |= {one for name, found in PROMISED.items() for one in found & vars(import_module(f"gongzhi.{name}")).keys()}
    sources = (ROOT / "plugins").glob("[!_]*/**/*.py")
    used = set(re.findall(r"\w+", "\n".join(one.read_text(encoding="utf-8") for one in sources)))
    assert sorted(known - used) == sorted(UNUSED | SHOWN)


def test_examples_use_what_ours_do_not() -> None:
    """Those of the page, the plugin `priority`, the tutorial, and what vendors do in the tests."""
    tests = [ROOT / "tests/plugins" / name for name in ("test_opening.py", "test_purposes.py")]
    sources = [*FOLDER.glob("priority/**/*.py"), FOLDER / "tutorial.md", *tests]
    text = "\n".join([PAGE.partition("```python")[2], *(one.read_text(encoding="utf-8") for one in sources)])
    called = set(re.findall(r"\b(\w+)\(", text))
    assert sorted(SHOWN.keys() - called) == []


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
    assert listed == {name for name in vars(empty_manager().hook) if not name.startswith("_")}
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
