"""What vendors build on stays: nothing that the oldest supported contract had is gone or must be called otherwise."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from packaging.version import Version

from .contracts import ROOT, promised_contract
from .surface import find_broken, find_changes, surface
from .test_reference import MODULES, NAMED, OURS, PROMISED, words

LOWEST = next(one.version for one in promised_contract().specifier if one.operator == ">=")
RECORD = Path(__file__).with_name(f"surface-{LOWEST}.json")
"""The surface of the lowest contract that the template asks for. Who raises that begins a new record."""
CONSTANT = re.compile(r"[A-Z][A-Z_]+")


BESIDE = {
    "runtime.channels": {"NoticeChannel"},
    "core.cases.steps": {"CasePayload", "advance_case", "find_case", "record_event", "run_reactions", "save_case"},
    "core.cases.machine": {"Step"},
    "core.cases.reporting": {"ReportCaseInput", "file_report"},
    "core.notices.sending": {"NoticeDraft", "send_notice"},
    "declare.registers": {"Registers"},
    "declare.register_entries": {"Card", "ConsentBook", "Holding", "Kpi", "PrivacyNotice", "Purpose", "Statement"},
}
"""Words of modules that hold others, too."""


def present() -> dict[str, list[str]]:
    modules = dict(BESIDE)
    for name, found in PROMISED.items():
        modules[name] = modules.get(name, set()) | found & vars(import_module(f"gongzhi.{name}")).keys()
    for name in MODULES:
        module = import_module(f"gongzhi.{name}")
        known = {name for name, value in vars(module).items() if CONSTANT.fullmatch(name) and not callable(value)}
        modules[name] = (words(module) - OURS.get(name, set())) | known & NAMED
    return surface(modules)


def test_contract_keeps_its_promises() -> None:
    """`GONGZHI_SURFACE=write pytest tests/plugins/test_surface.py` adds what is new, and takes nothing away."""
    before = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    now = present()
    assert list(find_broken(before, now)) == [], (
        "a plugin that works today would not tomorrow; see docs/plugins/promise.md"
    )
    if os.environ.get("GONGZHI_SURFACE") == "write":
        lines = (f"{json.dumps(name)}: {json.dumps(told)}" for name, told in sorted((now | before).items()))
        RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert len(before) > 200, "write the record"


def test_contract_is_among_those_promised() -> None:
    version = tomllib.loads((ROOT / "schema" / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert promised_contract().specifier.contains(version) and Version(version) >= Version(LOWEST)


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("a b= * c d=", []),
        ("a= b= * c d=", []),
        ("a b= e= * c d= f=", []),
        ("a b= c d=", []),
        ("a b= * c d= **options", []),
        ("b= * c d=", ["a is not where it was", "a is gone", "b is not where it was"]),
        ("a b * c d=", ["b is not where it was", "b must be given now"]),
        ("a b= * c d= f", ["f is new and must be given"]),
        ("a b= e * c d=", ["e is new and must be given"]),
        ("a b= * d=", ["c is gone"]),
        ("a * b= c d=", ["b is not where it was"]),
    ],
)
def test_changed_call_is_found(new: str, told: list[str]) -> None:
    assert sorted(find_changes(["a", "b=", "*", "c", "d="], new.split())) == sorted(told)


def test_changed_hook_is_found() -> None:
    before = {"hook tables": [], "table people.PersonRow": ["people.person", "id"], "entity.one": ["description"]}
    now = {"hook tables": ["server="], "table people.PersonRow": ["people.human", "id"]}
    assert list(find_broken(before, now)) == [
        "hook tables was [] and is ['server=']",
        "table people.PersonRow was ['people.person', 'id'] and is ['people.human', 'id']",
        "entity.one is gone",
    ]
