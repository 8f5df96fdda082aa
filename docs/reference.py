"""The reference: a page in each language for the core and for each plugin, one of the desks, and one of what changed.

`python docs/reference.py` writes docs/reference from the schema and from what commands declare; a test fails on drift.
Examples are the operations that the tests of the desks and plugins send.
"""

from __future__ import annotations

import dataclasses
import inspect
import lzma
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from gongzhi.declare.bounds import BOUND, ITEMS, TEXT, USUAL, Limits, field_name
from gongzhi.declare.roots import Mutation, Query, Subscription
from gongzhi.runtime.commands import COMMAND, Call, Command
from gongzhi.values.labels import split_label
from gongzhi_server.graphql.schema_changes import KINDS, list_changes
from gongzhi_server.testing import INSTALLED, built_graphql_schema
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_ast_schema,
    get_named_type,
    parse,
    print_ast,
)
from graphql.utilities import SchemaChange, separate_operations
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
DEFINITION = "strawberry-definition"
BRACKETED = re.compile(r"\s*[(（][^()（）]*[\u4e00-\u9fff][^()（）]*[)）]")
REFUSALS = "### In a payload\n"
RELEASED = max((ROOT / "tests" / "storage").glob("schema-*.graphql.xz"))
"""The SDL of the last release, with all plugins."""
CHANGE = re.compile(
    r"(?P<type>[A-Z]\w*)(?:\.(?P<member>\w+))?(?:\((?P<argument>\w+):\))?"
    r"(?: (?:has )?changed type from (?P<old>\S+) to (?P<new>\S+))?(?: was (?:added|removed))?\.$"
)
"""How a comparison words a change."""
NEW_TYPE = "the type of {names} is now `{new}`, not `{old}`", "{names} 的类型由 `{old}` 改为 `{new}`"
SENTENCES = {
    "TYPE_REMOVED": ("gone", "已删除"),
    "FIELD_REMOVED": ("no {names} any more", "不再有 {names}"),
    "VALUE_REMOVED_FROM_ENUM": ("no value {names} any more", "不再有取值 {names}"),
    "FIELD_CHANGED_KIND": NEW_TYPE,
    "FIELD_CHANGED_KIND_SAFE": NEW_TYPE,
    "ARG_CHANGED_KIND": NEW_TYPE,
    "MAY_BE_NULL": ("{names} may be null", "{names} 可能为空"),
    "MAY_BE_ABSENT": (
        "{names} may be null, since the plugin `{owner}` may be absent or off",
        "{names} 可能为空，因为插件 `{owner}` 可能未安装或已停用",
    ),
    "OPTIONAL_ARG_ADDED": ("{names} may be given", "可输入 {names}"),
    "OPTIONAL_INPUT_FIELD_ADDED": ("{names} may be given", "可输入 {names}"),
    "VALUE_ADDED_TO_ENUM": ("may be {names}", "增加取值 {names}"),
    "FIELD_ADDED": ("new: {names}", "新增 {names}"),
}
"""What is said of a type, by the kind of change. A kind that has no words yet fails `make docs`: write them."""
MEANINGS = {
    "breaks": ("What breaks", "破坏性变更"),
    "may surprise": ("What may surprise", "可能出乎意料的变更"),
    "is safe": ("What is there besides", "安全的新增"),
}
MOST_NAMED = 6
"""So many types that gained the same are named, and of more the first ones."""
NEW_TYPES = "{} types are new, which these lead to; and types of before have more:", "另有新类型 {} 个；原有类型新增："
CHANGES = {
    "en": """What a comparison of the schema of {release} with that of today finds, with all plugins: what breaks a
client that was right before, what may surprise one, as a value that it does not know, and what is there besides. Other
words in descriptions are left out. `gongzhi schema diff OLD DOCUMENTS` says which of your documents are broken;
[what to do](../upgrading.md).""",
    "zh": """本页由 {release} 与当前接口（含全部插件）比较得出：哪些会使原本正确的客户端出错，哪些可能出乎意料
（如客户端不认识的取值），以及新增了什么。只改说明文字的不列。`gongzhi schema diff OLD DOCUMENTS`
指出您的哪些操作会出错；应对办法见[升级](../upgrading.zh-CN.md)。""",
}
ABOUT = {
    "en": """Every operation of the schema: what it answers, who may, what is given and within which limits, what it
refuses, and an operation that the tests send. Limits are `@constraint` in the schema; where nothing is said, a text has
at most {text:,} characters and a list {items:,} items. Every mutation may refuse with
`BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND` and `IDEMPOTENCY_KEY_REUSED`. What codes mean:
[for frontends](../frontends.md#in-a-payload). `node(id:)` finds anything by its id. What is not as it was in the last
release: [changes](changes.md).""",
    "zh": """接口的每个操作：返回什么、谁可以做、输入什么及其限制、可能的拒绝，以及测试所发送的示例。
限制即 schema 中的 `@constraint`；未注明的，文本最长 {text:,} 个字符，列表最多 {items:,} 项。任何变更都可能以
`BAD_USER_INPUT`、`FORBIDDEN`、`NOT_FOUND`、`IDEMPOTENCY_KEY_REUSED` 拒绝。
代码含义见[前端开发指南](../frontends.zh-CN.md)。`node(id:)` 按标识查找任何对象。
与上一版的不同见[接口变更](changes.zh-CN.md)。""",
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


# what a command refuses


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
        heads = pick(language, "give,type,limits,what", "输入,类型,限制,说明").split(",")
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
    given: dict[str, GraphQLArgument] | dict[str, GraphQLInputField] = operation.field.args
    if operation.kind is Mutation and "input" in given:
        kind = get_named_type(given["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        given = kind.fields
    for name, one in given.items():
        if name not in PAGING:
            limits = one.extensions[DEFINITION].metadata.get(BOUND, USUAL) if DEFINITION in one.extensions else USUAL
            told = pick(language, ", ", "，").join(tell_limits(limits, language))
            yield f"`{name}`", f"`{one.type}`", told, say(one.description, language)


def tell_limits(limits: Limits, language: str) -> Iterator[str]:
    """What the limits of a field say."""
    spans = [
        (limits.length or limits.longest and (0, limits.longest), ("characters", "字")),
        (limits.between, ("", "")),
        (limits.items and limits.entries, ("entries", "项")),
    ]
    for span, noun in spans:
        if span:
            least, most = span
            counted = f"{least:,}–{most:,}" if least or not noun[0] else f"≤ {most:,}"
            yield f"{counted} {pick(language, *noun)}".strip()
    if limits.pattern:
        yield f"`{limits.pattern.expression}`"


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
            yield link(one, language)


def link(operation: Operation, language: str) -> str:
    label = say(operation.field.description, language) if language == "zh" else ""
    return f"[{label}`{operation.name}`]({operation.owner}{ENDS[language]}#{operation.name.lower()})"


# what changed since the last release


@dataclass(frozen=True)
class Change:
    """What is said of some members of a type, or of a type as a whole."""

    kind: str
    type: str
    owner: str | None = None
    """The plugin without which the members are null."""
    old: str | None = None
    new: str | None = None


@cache
def changes() -> dict[str, dict[Change, list[str]]]:
    """By what they mean to clients the changes, each with the members of its type that changed so."""
    old = build_ast_schema(parse(lzma.decompress(RELEASED.read_bytes()).decode(), no_location=True), assume_valid=True)
    found: dict[str, dict[Change, list[str]]] = {kind: defaultdict(list) for kind in KINDS}
    for meaning, change in list_changes(old, schema()):
        said, member = read_change(change)
        found[meaning][said].append(member)
    return found


def read_change(change: SchemaChange) -> tuple[Change, str]:
    """What a change is, and the member that it is about. An argument's field stands for its type."""
    words = CHANGE.search(change.description)
    assert words, change.description
    kind, (subject, member, argument, old, new) = change.type.name, words.groups()
    owner = None
    if old == f"{new}!" and kind == "FIELD_CHANGED_KIND":
        owner, old, new = contributors().get((subject, member)), None, None
        kind = "MAY_BE_ABSENT" if owner else "MAY_BE_NULL"
    if argument:
        subject, member = f"{subject}.{member}", argument
    return Change(kind, subject, owner, old, new), member


@cache
def contributors() -> dict[tuple[str, str], str]:
    """Which plugin adds a field to a type that is not its own, by the names of both."""
    return {
        (extension.target.__name__, field_name(declared)): owner
        for owner, extension in INSTALLED.extensions
        for declared in extension.fields
        if owner != "core"
    }


def sentences(meaning: str, language: str) -> Iterator[str]:
    """A line for each type that changed, or for all that changed alike. New operations are told by plugin instead."""
    alike: dict[str, list[str]] = defaultdict(list)
    for change, members in changes()[meaning].items():
        members = [name for name in members if not is_new_operation(change, name)]
        if members and change.kind != "TYPE_ADDED":
            words = pick(language, *SENTENCES[change.kind])
            named = listed(members, language)
            alike[words.format(names=named, owner=change.owner, old=change.old, new=change.new)].append(change.type)
    lines: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for words, types in alike.items():
        lines[tuple(types)].append(words)
    for types, said in sorted(lines.items()):
        most = MOST_NAMED if meaning == "is safe" else len(types)
        more = pick(language, " … ({} types)", "等 {} 个类型").format(len(types)) if len(types) > most else ""
        told = pick(language, "; ", "；").join(said)
        yield pick(language, "- {}: {}.", "- {}：{}。").format(listed(types[:most], language) + more, told)


def listed(names: Iterable[str], language: str) -> str:
    return pick(language, ", ", "、").join(f"`{name}`" for name in names)


def is_new_operation(change: Change, name: str) -> bool:
    """Say whether a change is a field of a root that a page describes."""
    added = change.kind == "FIELD_ADDED" and change.type in {kind.__name__ for kind in ROOTS}
    return added and name in {one.name for one in operations()}


def changes_page(language: str) -> str:
    """The page of what changed since the last release."""
    release = RELEASED.name.removeprefix("schema-").removesuffix(".graphql.xz")
    parts = [
        f"# {pick(language, 'Changes of the schema since', '接口变更：自')} {release}",
        note("changes", language),
        CHANGES[language].format(release=release),
    ]
    for meaning, heads in MEANINGS.items():
        found = changes()[meaning]
        parts.append(f"## {pick(language, *heads)}")
        parts.append(pick(language, "{} changes.", "共 {} 项。").format(sum(map(len, found.values()))))
        if meaning == "is safe":
            types = sum(change.kind == "TYPE_ADDED" for change in found)
            parts += [new_operations(language), pick(language, *NEW_TYPES).format(types)]
        parts.append("\n".join(sentences(meaning, language)))
    return "\n\n".join(parts) + "\n"


def new_operations(language: str) -> str:
    """A table of the new operations by plugin."""
    safe = changes()["is safe"].items()
    new = {name for change, names in safe for name in names if is_new_operation(change, name)}
    rows = []
    for owner in owners():
        if found := [link(one, language) for one in operations() if one.owner == owner and one.name in new]:
            rows.append([f"[{title(owner, language)}]({owner}{ENDS[language]})", len(found), ", ".join(found)])
    return table(pick(language, "page,count,new operations", "页面,数量,新操作").split(","), rows)


def owners() -> list[str]:
    found = dict.fromkeys(one.owner for one in operations())
    return ["core", *sorted(found.keys() - {"core"})]


def pages() -> dict[str, str]:
    """All pages by their file's name."""
    made: dict[str, Callable[[str], str]] = {"README": index, "changes": changes_page}
    for owner in owners():
        made[owner] = lambda language, owner=owner: page(owner, language)  # type: ignore[misc]
    return {name + ENDS[language]: make(language) for name, make in made.items() for language in ENDS}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.iterdir():
        stale.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
