"""Messages for people never show the names that programs use: those of statuses, fields, units and mutations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, Status
from gongzhi.core.cases.steps import status_text
from gongzhi.runtime.checks import check_text
from gongzhi.values.errors import Refusal
from gongzhi.values.labels import label_of, split_label
from gongzhi_deadlines.clocks.commands import PublishDeadlineRulesInput
from gongzhi_server.commands.field_labels import UNNAMED, field_label
from gongzhi_server.testing import ESSENTIAL, Server
from graphql import GraphQLEnumType, GraphQLInputObjectType, build_schema

ROOT = Path(__file__).parents[2]
PLACES = ("schema/gongzhi", "plugins")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
IDENTIFIER = re.compile(r"\b(?:[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{4,}|[a-z]+(?:[A-Z][a-z0-9]*)+|[a-z0-9]+_[a-z0-9_]+)\b")
SPOKEN = {"TOML", "PIPL", "JPEG", "XLSX", "JSON", "UUID", "ASCII", "kB"}
"""Abbreviations that people use."""
RULE = {"FREQ", "MONTHLY", "BYMONTHDAY", "UNTIL", "COUNT"}
"""The language of recurrence rules, which people write themselves."""
DECLARING = {
    "compare_condition",
    "payload_field",
    "input_field",
    "result_field",
    "free_text",
    "column",
    "expression",
    "one",
    "many",
    "aggregate",
    "connection",
    "command",
    "describe_enum",
    "Permission",
    "_permission",
    "field",
    "input",
    "type",
    "StockCategory",
    "StockChannel",
    "_step",
    "Argument",
    "within_row",
    "secret_field",
    "Declared",
    "Sql",
    "Role",
    "event",
    "Rule",
    "RuleSet",
    "pick",
    "lookup",
    "embedded",
    "subscription",
    "permission",
    "Typer",
    "Option",
    "Feed",
    "list_paragraphs",
    "append",
    "Kpi",
}
"""What declares something for programs, or is no message."""
CODED = {"status", "state", "urgency", "kind", "stage", "level", "role", "requires", "permission", "duty", "light"}
"""Attributes whose values are names that programs use; their labels are `label_of(…)`."""
DIGEST = {"digests.py", "monthly.py"}
"""Their texts are filled in with figures by name."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            if {"migrations", "tests", "_template"} & set(path.relative_to(ROOT).parts) or path.name in DIGEST:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def messages() -> Iterator[tuple[str, ast.expr]]:
    """The English and Chinese texts that are given side by side."""
    for where, call in calls():
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        texts = [one for one in call.args if isinstance(one, ast.Constant | ast.JoinedStr)]
        if name not in DECLARING and any(CHINESE.search(fixed(one)) for one in texts):
            yield from ((where, one) for one in texts if " " in fixed(one) or CHINESE.search(fixed(one)))


def fixed(node: ast.expr) -> str:
    """What of a text is written in the source."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = node.values if isinstance(node, ast.JoinedStr) else ()
    return "".join(fixed(one) for one in parts)


def test_no_message_names_an_identifier() -> None:
    found = [(where, set(IDENTIFIER.findall(fixed(one))) - SPOKEN - RULE) for where, one in messages()]
    assert len(found) > 1000
    assert [(where, names) for where, names in found if names] == []


def test_no_message_shows_a_value_of_an_enum() -> None:
    """A status put into a text shows its name: `label(row.state).zh` shows what people call it."""
    shown = [
        (where, ast.unparse(part.value))
        for where, one in messages()
        if isinstance(one, ast.JoinedStr)
        for part in one.values
        if isinstance(part, ast.FormattedValue)
    ]
    assert len(shown) > 200
    coded = [(where, code) for where, code in shown if re.split(r"[.\[]", code)[-1] in CODED or "path" in code]
    assert coded == []


def refusals() -> Iterator[tuple[str, str, str, str]]:
    """Where something is refused at a field: the field, and the English and Chinese texts."""
    for where, call in calls():
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        first = {"Refusal": 1, "invalid_input": 0, "not_found": 0, "duplicate": 0}.get(name)
        if first is None or len(call.args) < first + 3:
            continue
        english, chinese, *path = call.args[first:]
        last = path[-1].elts[-1] if isinstance(path[-1], ast.Tuple) and path[-1].elts else path[-1]
        if isinstance(last, ast.Constant) and isinstance(last.value, str):
            yield where, last.value, fixed(english), fixed(chinese)


def test_no_message_calls_its_field_by_name() -> None:
    """A field is called by its label (`FIELD`), or by what people call it."""
    found = list(refusals())
    assert len(found) > 300
    named = [
        (where, field)
        for where, field, english, chinese in found
        if english.startswith(f"{field} ") or re.search(rf"(?<![A-Za-z]){field}(?![A-Za-z])", chinese)
    ]
    # What is signed is sent by programs, whose authors read this.
    assert [one for one in named if "signed_decisions" not in one[0]] == []


def test_no_message_sends_people_into_the_source() -> None:
    paths = re.compile(r"\b(?:docs|schema|server|plugins)/|\.(?:md|py)\b|`")
    assert [where for where, _, *texts in refusals() for one in texts if paths.search(one)] == []


def test_everything_that_a_message_may_name_has_labels() -> None:
    schema = build_schema((ROOT / "schema" / "full.graphql").read_text(encoding="utf-8"))
    nameless = []
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        values: dict[str, Any] = {}
        if isinstance(kind, GraphQLEnumType):
            values = dict(kind.values)
        elif isinstance(kind, GraphQLInputObjectType):
            values = dict(kind.fields)
        for name, value in values.items():
            try:
                split_label(value.description or "")
            except ValueError:
                nameless.append(f"{kind.name}.{name}")
    assert nameless == [] and tuple(ESSENTIAL.registry)


@pytest.mark.parametrize("status", list(Status))
def test_steps_say_what_to_do_first(status: Status) -> None:
    for step in machine.STEPS:
        if status in step.sources or not step.sources:
            continue
        refusal = status_text(CaseRow(status=status), step.chinese, step.sources)
        assert label_of(status).zh in refusal.zh and not IDENTIFIER.findall(refusal.en + refusal.zh)
    dispatch = status_text(CaseRow(status=Status.REPORTED), "派单", machine.DISPATCH.sources)
    assert dispatch.zh == "诉求已上报，须先受理才能派单。"


def test_fields_are_called_by_their_labels() -> None:
    assert field_label(PublishDeadlineRulesInput, ("rules", "3", "nextDay")).zh == "次日起算"
    assert field_label(PublishDeadlineRulesInput, ("rules", "3", "nextDay")).en == "Next day"
    assert field_label(PublishDeadlineRulesInput, ("nothing",)) == field_label(None, ("x",)) == UNNAMED
    with pytest.raises(Refusal) as raised:
        check_text("", 200, "title")
    assert raised.value.text.zh == "该项应为 1 至 200 个字符。"


async def test_refusals_come_in_words(server: Server) -> None:
    server.headers["accept-language"] = "zh-CN"
    matter = {
        "kind": "HELP",
        "channel": "WEB",
        "category": "roads.lighting",
        "description": "不亮",
        "grid": "610921101222",
    }
    refused = await server.do("reportCase", "case { number }", **matter, title=" ")
    assert refused["errors"] == [{"code": "BAD_USER_INPUT", "message": "标题应为 1 至 200 个字符。", "path": ["title"]}]
    case = (await server.do("reportCase", "case { number }", **matter, title="路灯"))["case"]
    dispatcher = server.as_("county_dispatcher", grid="610921")
    dispatcher.headers["accept-language"] = "zh-CN"
    early = await dispatcher.do(
        "dispatchCase", "case { status }", number=case["number"], expectedVersion=1, leadUnit="610921-GDGS"
    )
    assert early["errors"][0]["message"] == "诉求已上报，须先受理才能派单。"
