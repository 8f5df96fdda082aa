"""Mutants that can be made: each changes one place, and its part has suites; `make mutants` says which survive."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "mutants.py"


@pytest.fixture(scope="module")
def mutants() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_changes_one_place(mutants: ModuleType) -> None:
    texts = {one.path: (mutants.ROOT / one.path).read_text(encoding="utf-8") for one in mutants.MUTANTS}
    assert [one.name for one in mutants.MUTANTS if texts[one.path].count(one.old) != 1 or one.old == one.new] == []
    assert len({(one.part, one.name) for one in mutants.MUTANTS}) == len(mutants.MUTANTS)


def test_what_they_make_is_python(mutants: ModuleType) -> None:
    """What cannot be imported is noticed by any test, and says nothing about those that should."""
    for one in mutants.MUTANTS:
        text = (mutants.ROOT / one.path).read_text(encoding="utf-8").replace(one.old, one.new)
        compile(text, one.path, "exec")


def test_copies_are_whole(mutants: ModuleType, tmp_path: Path) -> None:
    """Where a module is missing every test fails, whatever was changed; so may a plugin's where time is measured."""
    copy = mutants.copy_tree(tmp_path)
    sources = [
        path.relative_to(mutants.ROOT) for name in mutants.COPIED for path in (mutants.ROOT / name).rglob("*.py")
    ]
    assert len(sources) > 1000
    assert [path for path in sources if "node_modules" not in path.parts and not (copy / path).exists()] == []
    tried = copy / "plugins/deadlines/tests/test_patience.py"
    tried.write_text(
        "from hypothesis import settings\n\ndef test_it():\n    assert settings.default.deadline is None\n"
    )
    assert mutants.first_failure(copy, [str(tried)]) == ""
    tried.write_text("def test_it():\n    assert False\n")
    assert mutants.first_failure(copy, [str(tried)]) == "test_it"
    tried.write_text("import nothing_of_this_name\n")
    assert "test_patience" in mutants.first_failure(copy, [str(tried)])


def test_each_part_has_suites_that_are_there(mutants: ModuleType) -> None:
    assert {one.part for one in mutants.MUTANTS} == mutants.SUITES.keys()
    given = [
        word.removeprefix("--ignore=") for suites in mutants.SUITES.values() for one in suites.values() for word in one
    ]
    assert [path for path in given if not (mutants.ROOT / path).exists()] == []
