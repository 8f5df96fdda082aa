"""The reference: a page in each language for the core and for each plugin, and one of the desks.

`python docs/reference.py` writes docs/reference from the schema and from what commands declare; a test fails on drift.
Examples are the operations that the tests of the desks and plugins send.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

from gongzhi.declare.bounds import ITEMS, TEXT, field_name
from gongzhi.declare.roots import Mutation, Query, Subscription
from gongzhi.runtime.commands import COMMAND, Call, Command
from gongzhi.values.labels import split_label
from gongzhi_server.testing import INSTALLED, built_graphql_schema
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    parse,
    print_ast,
)
from graphql.utilities import separate_operations
from strawberry.types.field import StrawberryField

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
ENDS = {"en": ".md", "zh": ".zh-CN.md"}
"""How the names of pages end, by language."""
DESKS = {
    "resident": ("Resident", "居民"),
    "gridworker": ("Grid worker", "网格员"),
    "dispatcher": ("Dispatcher", "调度员"),
    "department": ("Department", "部门承办人"),
    "cockpit": ("Screen on the wall", "大屏"),
    "integrator": ("Integrator", "对接系统"),
}
PAGING = {"first", "last", "after", "before"}
ROOTS = {Query: ("Queries", "查询"), Mutation: ("Mutations", "变更"), Subscription: ("Subscriptions", "订阅")}
BRACKETED = re.compile(r"\s*[(（][^()（）]*[\u4e00-\u9fff][^()（）]*[)）]")
REFUSALS = "### In a payload\n"
ABOUT = {
    "en": """Every operation of the schema: what it answers, who may, what is given, how long it may be, what it
refuses, and an operation that the tests send. Lengths and refusals are those that the code of an operation names;
any text has at most {text:,} characters and any list {items:,} items, and every mutation may refuse with
`BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND` and `IDEMPOTENCY_KEY_REUSED`. What codes mean:
[for frontends](../frontends.md#in-a-payload). `node(id:)` finds anything by its id.""",
    "zh": """接口的每个操作：返回什么、谁可以做、输入什么及其字数、可能的拒绝，以及测试所发送的示例。
字数与拒绝代码取自各操作的程序；任何文本最长 {text:,} 个字符，任何列表最多 {items:,} 项，任何变更都可能以
`BAD_USER_INPUT`、`FORBIDDEN`、`NOT_FOUND`、`IDEMPOTENCY_KEY_REUSED` 拒绝。
代码含义见[前端开发指南](../frontends.zh-CN.md)。`node(id:)` 按标识查找任何对象。""",
}


@dataclass(frozen=True)
class Operation:
    """A field of a root, as the schema has it and as it was declared."""

    owner: str
    kind: type
    name: str
    field: GraphQLField
    declared: StrawberryField

    @property
    def command(self) -> Command | None:
        found: Command | None = self.declared.metadata.get(COMMAND)
        return found

    @property
    def permission(self) -> str | None:
        guard = self.declared.metadata.get("guard")
        return self.command.requires if self.command else guard and guard.permission


@cache
def schema() -> GraphQLSchema:
    return built_graphql_schema(INSTALLED)


@cache
def operations() -> tuple[Operation, ...]:
    """All fields of the roots, in the order in which they are declared."""
    return tuple(
        Operation(owner, extension.target, name, fields[name], declared)
        for owner, extension in INSTALLED.extensions
        if extension.target in ROOTS
        for fields in [schema().type_map[extension.target.__name__].fields]  # type: ignore[attr-defined]
        for declared in extension.fields
        for name in [field_name(declared)]
    )


# what a description says, by language


def say(description: str | None, language: str) -> str:
    """A description in one language: its Chinese is what stands in brackets."""
    text = " ".join((description or "").split())
    return split_label(text).zh if language == "zh" else BRACKETED.sub("", text)


def pick(language: str, english: str, chinese: str) -> str:
    return chinese if language == "zh" else english


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(heads)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


# what a command refuses, and how long its texts may be


@cache
def refusal_codes() -> frozenset[str]:
    """The codes that the page for frontends lists, which a test compares with the code."""
    section = (ROOT / "docs" / "frontends.md").read_text(encoding="utf-8").split(REFUSALS)[1].split("\n#")[0]
    return frozenset(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def constants(code: CodeType) -> Iterator[object]:
    for one in code.co_consts:
        yield from constants(one) if isinstance(one, CodeType) else [one]


def names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from names(one)


@cache
def called(command: Command) -> tuple[Any, ...]:
    """A command's function, and those of ours that it calls."""
    found: dict[Any, None] = {command.function: None}
    waiting = [command.function]
    while waiting:
        function = waiting.pop()
        for name in names(function.__code__):
            inner = inspect.unwrap(function.__globals__.get(name, getattr(Call, name, None)) or called)
            if (
                str(getattr(inner, "__module__", "")).startswith("gongzhi")
                and hasattr(inner, "__code__")
                and inner not in found
            ):
                found[inner] = None
                waiting.append(inner)
    return tuple(found)


def refusals(command: Command) -> list[str]:
    """The codes of the refusals that a command and what it calls mention, and those of what its action requires."""
    found = {one for function in called(command) for one in constants(function.__code__)}
    if action := command.action:
        found |= {one.code for one in (*action.who, *action.when)}
        if "expected_version" in {one.name for one in dataclasses.fields(command.input)}:
            found.add("STALE_VERSION")
    return sorted(refusal_codes() & {one for one in found if isinstance(one, str)})


def lengths(command: Command) -> dict[str, int]:
    """How many characters the texts of the input may have, by field, where the code says it beside the field's name."""
    found: dict[str, int] = {}
    for function in called(command):
        for name, limit in named_limits(function):
            found.setdefault(name, limit)
    return found


@cache
def named_limits(function: Any) -> tuple[tuple[str, int], ...]:
    """Each field's name that a function mentions beside a limit, as in `check_text(input.note, NOTE, "note")`."""
    return tuple(
        (one.value, limit)
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
        for pair in pairwise(
            node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else ()
        )
        for one, other in (pair, pair[::-1])
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
        for limit in [read_limit(other, function.__globals__)]
        if limit
    )


def read_limit(node: ast.expr, known: Mapping[str, object]) -> int | None:
    """A number that is written, or that a constant of the module holds."""
    found = node.value if isinstance(node, ast.Constant) else known.get(node.id) if isinstance(node, ast.Name) else None
    return found if type(found) is int else None


# examples


@cache
def examples() -> dict[str, list[tuple[Path, str]]]:
    """By root field the operations that tests send, with the file that holds them."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path in [*sorted(ROOT.glob("tests/desks/*.graphql")), *sorted(ROOT.glob("plugins/*/tests/operations.graphql"))]:
        for document in separate_operations(parse(path.read_text(encoding="utf-8"))).values():
            [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
            for field in operation.selection_set.selections:
                found[field.name.value].append((path, print_ast(document)))  # type: ignore[attr-defined]
    return found


# pages


def describe(operation: Operation, language: str) -> Iterator[str]:
    """What the page says of one operation."""
    field, permission, command = operation.field, operation.permission, operation.command
    yield f"### `{operation.name}`"
    text = say(field.description, language)
    yield text if text.endswith((".", "。")) else text + pick(language, ".", "。")
    facts = [pick(language, f"Answers `{field.type}`", f"返回 `{field.type}`")]
    if permission:
        facts.append(pick(language, f"permission `{permission}`", f"权限 `{permission}`"))
    if field.args.keys() >= PAGING:
        facts.append(pick(language, "a page at a time", "分页"))
    if command and (codes := refusals(command)):
        listed = ", ".join(f"`{code}`" for code in codes)
        facts.append(pick(language, f"may refuse with {listed}", f"可能拒绝：{listed}"))
    if field.deprecation_reason:
        facts.append(pick(language, f"deprecated: {field.deprecation_reason}", f"已弃用：{field.deprecation_reason}"))
    yield "; ".join(facts) + "." if language == "en" else "；".join(facts) + "。"
    if rows := [*members(operation, language)]:
        heads = pick(language, "give,type,characters,what", "输入,类型,字数,说明").split(",")
        yield table(heads, rows)
    for path, document in examples().get(operation.name, [])[:1]:
        place = f"../../{path.relative_to(ROOT).as_posix()}"
        yield pick(
            language,
            f"From [`{path.name}`]({place}), which a test sends:",
            f"取自测试发送的 [`{path.name}`]({place})：",
        )
        yield f"```graphql\n{document}\n```"


def members(operation: Operation, language: str) -> Iterator[tuple[str, str, str, str]]:
    """The rows of what is given: arguments, or the fields of a mutation's input."""
    most = lengths(operation.command) if operation.command else {}
    given: dict[str, GraphQLArgument] | dict[str, GraphQLInputField] = operation.field.args
    if operation.kind is Mutation and "input" in given:
        kind = get_named_type(given["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        given = kind.fields
    for name, one in given.items():
        if name not in PAGING:
            text = most.get(name, "") if get_named_type(one.type).name == "String" else ""
            yield f"`{name}`", f"`{one.type}`", str(text), say(one.description, language)


def title(owner: str, language: str) -> str:
    if owner == "core":
        return pick(language, "Core: people, grids, cases", "核心：人员、网格、诉求")
    head = (ROOT / "plugins" / owner / "README.md").read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# (?P<en>.+?) \((?P<zh>.+)\)", head)
    assert found
    return found[language]


def page(owner: str, language: str) -> str:
    """The page of the core, or of a plugin."""
    parts = [f"# {title(owner, language)}", note(owner, language)]
    for kind, heads in ROOTS.items():
        if found := [one for one in operations() if one.owner == owner and one.kind is kind]:
            parts.append(f"## {pick(language, *heads)}")
            parts += [part for one in sorted(found, key=lambda one: one.name) for part in describe(one, language)]
    return "\n\n".join(parts) + "\n"


def note(name: str, language: str) -> str:
    """Where a page comes from, and where the other language is."""
    return pick(
        language,
        f"Made by `make docs` from the schema and the code. [All pages](README.md). 中文：[{name}]({name}.zh-CN.md).",
        f"由 `make docs` 根据接口和代码生成。[全部页面](README.zh-CN.md)。English: [{name}]({name}.md).",
    )


def index(language: str) -> str:
    """The first page: what holds everywhere, the pages, and what each desk sends."""
    rows = []
    for owner in owners():
        counts = [sum(one.owner == owner and one.kind is kind for one in operations()) for kind in ROOTS]
        rows.append([f"[{title(owner, language)}]({owner}{ENDS[language]})", *counts])
    desks = [[pick(language, *said), ", ".join(links(desk, language))] for desk, said in DESKS.items()]
    usual = ABOUT[language].format(text=TEXT, items=ITEMS)
    return (
        "\n\n".join(
            [
                f"# {pick(language, 'Reference', '接口参考')}",
                note("README", language),
                usual,
                f"## {pick(language, 'By plugin', '按插件')}",
                table(pick(language, "page,queries,mutations,subscriptions", "页面,查询,变更,订阅").split(","), rows),
                f"## {pick(language, 'By desk', '按岗位')}",
                table(pick(language, "desk,operations", "岗位,操作").split(","), desks),
            ]
        )
        + "\n"
    )


def links(desk: str, language: str) -> Iterator[str]:
    """The root fields that a desk's operations ask for, each with a link."""
    used = {name for name, found in examples().items() for path, _ in found if path.stem == desk}
    for one in operations():
        if one.name in used:
            target = f"{one.owner}{ENDS[language]}#{one.name.lower()}"
            label = say(one.field.description, language) if language == "zh" else ""
            yield f"[{label}`{one.name}`]({target})"


def owners() -> list[str]:
    found = dict.fromkeys(one.owner for one in operations())
    return ["core", *sorted(found.keys() - {"core"})]


def pages() -> dict[str, str]:
    """All pages by their file's name."""
    made: dict[str, Callable[[str], str]] = {"README": index}
    for owner in owners():
        made[owner] = lambda language, owner=owner: page(owner, language)  # type: ignore[misc]
    return {name + ENDS[language]: make(language) for name, make in made.items() for language in ENDS}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.iterdir():
        stale.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
