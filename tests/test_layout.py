"""The layout of the repository: what is reached stays, and what is not yet only comes nearer."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import grimp
import pytest
from gongzhi.plugin.hooks import GROUP

TOOL = Path(__file__).parents[1] / "tools" / "layout.py"
MOST = {
    "lines of code of the contract": 11_391,
    # One more for `Query.roles`, which frontends had asked for.
    "definitions in core.graphql": 270,
    "packages of the contract in a circle": 0,
    "packages of the server in a circle": 0,
    "names of the contract that our plugins use and the reference does not list": 0,
    "public names in more than 5 files": 0,
    "functions whose name says nothing": 0,
    "names with a picture in place of the standard word": 0,
    "functions of more than 45 lines of code": 0,
    "modules of more than 420 lines of code": 0,
    "modules of one distribution with one name": 0,
    "modules without a first line of noun and purpose": 0,
    "functions not described in the imperative": 0,
    "folders of more than 20 files without a reason": 0,
    "references to pages that are not here": 0,
}
"""What each figure may be today. Lower it when it falls; nothing makes it rise."""
LEAST = {
    "fewest comments per 100 lines of a distribution": 4,
    "fewest lines of tests per line of code of a plugin": 0.6,
}
"""What each figure of which more is better has to be today. Raise it when it rises."""


@pytest.fixture(scope="module")
def layout() -> ModuleType:
    spec = importlib.util.spec_from_file_location("layout", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["layout"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_figures_only_come_nearer(layout: ModuleType) -> None:
    """`python tools/layout.py --long` says what is behind each."""
    found = {one.name: one for one in layout.figures()}
    assert found.keys() == MOST.keys() | LEAST.keys()
    grown = [f"{name}: {found[name].now}, was {most}" for name, most in MOST.items() if found[name].now > most]
    fallen = [f"{name}: {found[name].now}, was {least}" for name, least in LEAST.items() if found[name].now < least]
    assert grown + fallen == []


def test_the_map_names_files_that_are_there() -> None:
    """Whoever follows ARCHITECTURE.md finds each file; those without a folder are in a package of the core."""
    page = (TOOL.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    root = TOOL.parents[1]
    server, core = root / "server" / "gongzhi_server", root / "schema" / "gongzhi"
    named = re.findall(r"`((?:\w+/)*\w+\.py)`", page)
    assert len(named) > 20
    assert [
        one
        for one in named
        if not any([(server / one).exists(), (core / one).exists(), (root / one).exists(), *core.rglob(one)])
    ] == []


def test_the_map_has_every_folder() -> None:
    page = (TOOL.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    roots = [TOOL.parents[1] / "server" / "gongzhi_server", TOOL.parents[1] / "schema" / "gongzhi"]
    folders = [one.name for root in roots for one in root.iterdir() if (one / "__init__.py").exists()]
    assert len(folders) > 20 and [one for one in folders if f"{one}/" not in page and one != "testing"] == []


def test_pages_name_functions_that_are_there() -> None:
    """What was renamed is renamed in the pages, too; those about earlier versions have the earlier names."""
    root = TOOL.parents[1]
    code = [
        path.read_text(encoding="utf-8")
        for folder in ("schema", "server", "plugins", "tests", "benchmarks", "releasing", "tools")
        for path in (root / folder).rglob("*.py")
    ]
    known = {
        pair for text in code for pair in re.findall(r"\b(?:def|class) (\w+)|^ *(\w+)(?: =|: )", text, re.MULTILINE)
    }
    there = {name for pair in known for name in pair}
    there |= set(re.findall(r"\w+", (root / "schema" / "full.graphql").read_text(encoding="utf-8")))
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *root.glob("plugins/*/README.md")]
    assert [
        f"{page.relative_to(root)}: {name}"
        for page in pages
        if page.stem != "CHANGELOG" and not page.stem.startswith("upgrading")
        for name in re.findall(r"`(?:\w+\.)*(\w+)\(", page.read_text(encoding="utf-8"))
        if name not in there
    ] == []


@pytest.mark.parametrize("package", ["gongzhi", "gongzhi_server"])
def test_no_modules_import_each_other_in_a_ring(package: str) -> None:
    graph = grimp.build_graph(package, exclude_type_checking_imports=True)
    TopologicalSorter({one: graph.find_modules_directly_imported_by(one) for one in graph.modules}).prepare()


@pytest.mark.parametrize("distribution", ["gongzhi", "gongzhi_server"])
def test_no_packages_import_each_other_in_a_ring(layout: ModuleType, distribution: str) -> None:
    assert layout.circle(distribution) == []


def test_comments_and_docstrings_are_no_code(layout: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text('"""Words."""\n\n# why\ndef f() -> int:\n    """More\n    words."""\n    return (1 +\n        2)\n')
    assert layout.code_lines(file) == 3


def test_names_are_listed_where_their_module_is(layout: ModuleType) -> None:
    """A word of another section or row does not stand for one that the plugin takes from elsewhere."""
    page = "## Codes (`gongzhi.a`)\n| `One(x)` | it |\n## Tables\n| `gongzhi.b` | `Two` |\n| `gongzhi.c` | `Three` |\n"
    listed = layout.listed_names(page)
    assert "One" in listed["gongzhi.a"] and "Two" in listed["gongzhi.b"]
    assert not {"One", "Two"} & listed["gongzhi.c"] and "Two" not in listed["gongzhi.a"]


def test_names_are_found_as_attributes_too(layout: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("from gongzhi.core.cases import machine as m\nfrom gongzhi.values.errors import Text\nm.OPEN\n")
    assert set(layout.used_names(file)) == {("gongzhi.values.errors", "Text"), ("gongzhi.core.cases.machine", "OPEN")}


@pytest.mark.parametrize(
    ("name", "method", "empty"),
    [("opened", True, True), ("put", True, False), ("put", False, True), ("is_given", False, False)],
)
def test_names_that_say_nothing(layout: ModuleType, name: str, method: bool, empty: bool) -> None:
    """Of a method the class says a part; a bare participle says nothing anywhere."""
    assert layout.is_empty_name(name, method=method) is empty


def test_words_of_names_are_found(layout: ModuleType) -> None:
    assert layout.WORD.findall("HTTPDoor") == ["HTTP", "Door"] and layout.WORD.findall("open_pen2") == ["open", "pen"]


OURS = {one.name: one.value for one in entry_points(group=GROUP) if one.value.startswith("gongzhi_")}
"""The plugins of this repository, each with its package."""
BUILT_BY = ("Dockerfile", "Makefile", "pyproject.toml", "compose.yaml", ".ci/run", ".ci/nightly")


def test_imports_go_to_the_contract_and_to_required_plugins() -> None:
    """The contract imports nothing of ours, the server the contract, a plugin also those that it says it requires."""
    graph = grimp.build_graph("gongzhi", "gongzhi_server", *OURS.values())
    crossing = {
        (module.partition(".")[0], other.partition(".")[0])
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    }
    required = {
        (package, OURS[name])
        for package in OURS.values()
        for about in getattr(importlib.import_module(package), "about", tuple)()
        for name in about.requires
    }
    assert {(one, other) for one, other in crossing if one != other and other != "gongzhi"} == required


@pytest.mark.parametrize("file", BUILT_BY)
def test_a_plugin_is_found_by_its_folder(file: str) -> None:
    """Whoever adds one touches nothing outside of it that `make` does not write: no list of plugins is kept by hand."""
    text = (TOOL.parents[1] / file).read_text(encoding="utf-8")
    named = {name for name in OURS if re.search(rf"plugins/{name}\b|gongzhi[-_]{name.replace('_', '[-_]')}\b", text)}
    # `make explorer` and `make console` bundle pages, and are for nobody else.
    assert named - {"explorer", "console"} == set()


def test_each_folder_is_a_plugin() -> None:
    """One that is not installed would be left out of what runs over all that are."""
    folders = {one.parent.name for one in (TOOL.parents[1] / "plugins").glob("[!_]*/pyproject.toml")}
    assert folders == set(OURS)
