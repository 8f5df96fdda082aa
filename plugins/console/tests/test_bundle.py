"""What is bundled: what goes along with it, and that it is built from its sources and fits the schema."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import gongzhi_console
import pytest

FRONTEND = Path(__file__).parents[1] / "frontend"
STATIC = files(gongzhi_console) / "static"


def load_script(name: str) -> ModuleType:
    """Load a script of the folder that builds the page."""
    spec = importlib.util.spec_from_file_location(f"console_{name}", FRONTEND / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_that_is_bundled_is_licensed() -> None:
    """Each package with its text; all of them allow to be handed on."""
    text = (STATIC / "LICENSES.txt").read_text(encoding="utf-8")
    blocks = [block.split("\n", 2) for block in text.split(f"\n{'-' * 80}\n\n")]
    assert {licence for _, licence, _ in blocks} <= {"MIT", "ISC", "BSD-3-Clause"}
    assert all(len(rest) > 100 for *_, rest in blocks)
    wanted = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {f"{name} {version}" for name, version in wanted.items()} <= {head for head, *_ in blocks}


def test_forms_are_those_of_the_schema() -> None:
    """With each field, whether it is required, and its limits; and what is bundled has them."""
    forms = load_script("forms")
    committed = forms.TARGET.read_text(encoding="utf-8")
    assert forms.write_forms(forms.SCHEMA.read_text(encoding="utf-8")) == committed, "make console"
    read = json.loads(committed)
    accept = {field["name"]: field for field in read["inputs"][read["mutations"]["acceptCase"]]}
    assert accept["title"]["maxLength"] == 200 and accept["number"]["required"]
    script = (STATIC / "console.js").read_text(encoding="utf-8")
    for name in read["mutations"]:
        assert name in script, f"make console: {name}"


def test_limits_and_defaults_are_read() -> None:
    """Of any schema: what has a default need not be given, and a change is sent with what was seen."""
    written = json.loads(load_script("forms").write_forms(SAMPLE))
    assert written["mutations"] == {"nudgeCase": "NudgeCaseInput"}
    assert written["enums"] == {"Tone": ["LOUD", "SOFT"]}
    number, text, tones, unit = written["inputs"]["NudgeCaseInput"]
    assert number == {"name": "number", "type": "String", "required": True}
    assert text == {"name": "text", "type": "TextChange"}
    assert tones == {"name": "tones", "type": "Tone", "listed": True, "maxItems": 3}
    assert unit == {"name": "leadUnit", "type": "String", "unit": True}
    assert [field["name"] for field in written["inputs"]["TextChange"]] == ["base", "value"]


@pytest.mark.slow
def test_bundle_is_built_from_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the packages that the lock file names."""
    monkeypatch.setitem(sys.modules, "forms", load_script("forms"))
    said = load_script("build").build_page(tmp_path)
    assert said.startswith("first load: ")
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in STATIC.iterdir()}
    for one in tmp_path.iterdir():
        assert one.read_bytes() == (STATIC / one.name).read_bytes(), f"make console: {one.name}"


SAMPLE = '''
type Mutation {
  nudgeCase(
    input: NudgeCaseInput!
  ): String

  nudgeHousehold(
    input: NudgeHouseholdInput!
  ): String
}

input NudgeCaseInput {
  """The case's number (编号)."""
  number: String!

  text: TextChange

  tones: [Tone!]! = [] @constraint(maxItems: 3)

  leadUnit: String
}

input NudgeHouseholdInput {
  """Its number (户号)."""
  number: String!
}

input TextChange {
  base: String

  value: String!
}

enum Tone {
  LOUD

  SOFT
}
'''
