"""What the pages here take from the code. `python docs/tables.py` writes it into them; a test fails on drift.

A page says where a piece belongs: `<!-- steps: made by docs/tables.py -->`, and `<!-- end -->` after it.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import typer
from gongzhi.core.cases import machine
from gongzhi.core.cases import steps as steps_of_cases
from gongzhi.core.cases.machine import OPEN, STEPS, Step
from gongzhi.declare.events import Event, field_types
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.roles import ROLES
from gongzhi.plugin.settings import DESCRIPTION
from gongzhi.runtime.commands import COMMAND, Command
from gongzhi.values.labels import split_label
from gongzhi_deadlines.clocks.models import Stage
from gongzhi_deadlines.clocks.stages import STARTS, STOPS
from gongzhi_server import cli, gateway
from gongzhi_server.gateway import CloseCode, Rate, Rates
from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.gateway.options import documented_fields
from gongzhi_server.plugins.choices import variable_of
from gongzhi_server.settings import Settings
from gongzhi_server.testing import ESSENTIAL, INSTALLED
from graphql import GraphQLEnumType, GraphQLObjectType, build_schema
from strawberry.types.field import StrawberryField

FOLDER = Path(__file__).parent
PLACE = re.compile(r"(<!-- (\w+): made by docs/tables\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """A page with its pieces made anew."""
    return PLACE.sub(lambda found: f"{found[1]}\n{PIECES[found[2]]()}\n\n{found[3]}", text)


def table(*heads: str, rows: Iterable[Iterable[object]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def code(name: object) -> str:
    return f"`{name}`"


# the plugins of this repository


TITLE = re.compile(r"# (?P<en>.+?) \((?P<zh>.+)\)\n")
"""How the README of a plugin begins."""


def plugins() -> str:
    rows = (
        (f"[{title['en']}]({page})", said, "yes" if always else "no") for page, title, said, always in our_plugins()
    )
    return table("plugin", "what", "always on", rows=rows)


def plugins_zh() -> str:
    rows = ((f"[{title['zh']}]({page})", "是" if on else "否") for page, title, _, on in our_plugins())
    return table("插件", "始终启用", rows=rows)


def our_plugins() -> Iterator[tuple[str, re.Match[str], str, bool]]:
    """The README of each plugin, what it is called there, what it is, and whether it is always on."""
    root = FOLDER.parent
    for one in sorted(INSTALLED.found, key=lambda one: one.name):
        folder = root / "plugins" / one.name
        title = TITLE.match((folder / "README.md").read_text(encoding="utf-8"))
        assert title, f"{folder.name}/README.md does not begin with # Name (中文)"
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        # A description begins with whose it is.
        said = project["description"].partition(": ")[2].rstrip(".")
        yield f"plugins/{one.name}/README.md", title, said, one.always


# the life of a case


def diagram() -> str:
    lines = [*map(arrow, arrows()), *(f"    {target} --> [*]" for target in finals())]
    return "\n".join(["```mermaid", "stateDiagram-v2", '    state "any open status (在办)" as OPEN', *lines, "```"])


def arrows() -> Iterator[tuple[str, Step]]:
    """Each way of each step; what is open to every open status is drawn once."""
    for step in STEPS:
        sources = ["OPEN"] if step.sources == OPEN else [source.value for source in sorted(step.sources)]
        yield from ((source, step) for source in sources or ["[*]"])


def arrow(way: tuple[str, Step]) -> str:
    source, step = way
    return f"    {source} --> {step.target} : {step.chinese}"


def finals() -> list[str]:
    """Statuses that nothing leads out of."""
    left = {source for step in STEPS for source in step.sources}
    return sorted({step.target for step in STEPS} - left)


def steps() -> str:
    return table("event", "步骤", "from", "to", "mutation today", "permission", rows=map(described, STEPS))


def described(step: Step) -> Iterator[str]:
    done = [command for command in commands() if step in taken(command)]
    yield code(step.event)
    yield step.chinese
    yield "any open status" if step.sources == OPEN else ", ".join(sorted(step.sources)) or "—"
    yield step.target
    yield ", ".join(code(camel(command.name)) for command in done) or "**not yet**"
    yield ", ".join(code(command.requires) if command.requires else "none" for command in done) or "—"


def fields_of_mutation() -> Iterator[StrawberryField]:
    """The core's, in the order they are declared."""
    for _, extension in ESSENTIAL.extensions:
        if extension.target is Mutation:
            yield from extension.fields


def commands() -> Iterator[Command]:
    return (field.metadata[COMMAND] for field in fields_of_mutation())


def taken(command: Command) -> list[Step]:
    """The steps that a command names, itself or in what it calls of its own module."""
    called = reached(command.function, {})
    named = {name for function in called.values() for name in function.__code__.co_names}
    return [step for name, step in vars(machine).items() if isinstance(step, Step) and name in named]


def reached(function: Any, found: dict[str, Any]) -> dict[str, Any]:
    """A function, and those of its package that it calls, by name."""
    found[function.__name__] = function
    for name in function.__code__.co_names:
        inner = function.__globals__.get(name)
        if name not in found and package(inner) == package(function) and hasattr(inner, "__code__"):
            reached(inner, found)
    return found


def package(function: Any) -> str:
    """The package a function is of; none for what every step passes through, whatever step it is."""
    module = str(getattr(function, "__module__", ""))
    return "" if module == steps_of_cases.__name__ else module.rpartition(".")[0]


def camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(map(str.title, rest))


# the stages that have deadlines


def stages() -> str:
    def events(found: dict[str, tuple[Stage, ...]], stage: Stage) -> str:
        return ", ".join(code(event) for event, named in found.items() if stage in named)

    descriptions = {one.name: one.description for one in Stage.__strawberry_definition__.values}  # type: ignore[attr-defined]
    return table(
        "stage",
        "what it waits for",
        "starts with",
        "stops with",
        rows=((code(one), descriptions[one], events(STARTS, one), events(STOPS, one)) for one in Stage),
    )


# what an operator and a frontend need


def mutations() -> str:
    rows = ((one.metadata[COMMAND], one.description) for one in fields_of_mutation())
    return table(
        "mutation",
        "what",
        "permission",
        rows=((code(camel(one.name)), said, code(one.requires) if one.requires else "none") for one, said in rows),
    )


def settings() -> str:
    rows = [(code(f.metadata["variable"]), default(f.default), f.metadata["doc"]) for f in fields(Settings)]
    return table("variable", "default", "what", rows=[*rows, *variables(ESSENTIAL)])


def plugin_settings() -> str:
    return table("variable", "default", "what", rows=sorted(variables(INSTALLED).keys() - variables(ESSENTIAL).keys()))


def variables(plugins: Any) -> dict[tuple[str, str, str], None]:
    """The variables by which operators set what plugins leave to them."""
    return {
        (code(variable_of(plugin, f)), default(f.default), f.metadata[DESCRIPTION]): None
        for plugin, declared in plugins.choices
        for f in fields(declared)
    }


def county_settings() -> str:
    return table("setting", "default", "what", "for whom", rows=county_rows(lambda said: said))


def county_settings_zh() -> str:
    return table("设置", "默认", "说明", "谁可设定", rows=county_rows(lambda said: split_label(said).zh))


def county_rows(word: Callable[[str], str]) -> Iterator[tuple[str, str, str, str]]:
    """What each county decides for itself about a plugin; its bounds stand behind the default."""
    for name, (_, one) in sorted(INSTALLED.county_settings.items()):
        bounds = f" ({', '.join(one.options)})" if one.options else ""
        yield code(name), code(one.standard) + bounds, word(one.description), code(one.permission)


def default(value: object) -> str:
    if value is False:
        return code("no")
    if isinstance(value, tuple):
        return ", ".join(map(code, value))
    return "" if value in (None, MISSING) else code(value)


def console() -> str:
    return table("command", "what", rows=lines())


def lines() -> Iterator[tuple[str, str]]:
    """Each command of the command line, with what it does."""
    group = typer.main.get_command(cli.app)
    for name, one in group.commands.items():  # type: ignore[attr-defined]
        yield from ((code(f"gongzhi {name}{rest}"), said) for rest, said in called(one))
    # By name: distributions come in the order in which they were installed, which differs between machines.
    for plugin, errands in sorted(ESSENTIAL.errands.items()):
        for errand in errands:
            if errand.name != "demo":
                yield code(f"gongzhi {errand.group or plugin} {errand.name}"), inspect.getdoc(errand.function) or ""


def called(command: object) -> Iterator[tuple[str, str]]:
    inner = getattr(command, "commands", None)
    if inner is None or command.invoke_without_command:  # type: ignore[attr-defined]
        yield "", command.help  # type: ignore[attr-defined]
    if inner is not None:
        yield from ((f" {name}", one.help) for name, one in inner.items())


def limits() -> str:
    return table(
        "limit", "default", "what", rows=((code(f.name), f"{f.default:,}", f.metadata["doc"]) for f in fields(Limits))
    )


def codes() -> str:
    return table("code", "what happened", rows=((code(one.value), one.description) for one in Code))


def shell() -> str:
    rows = (
        (name, default, doc) for name, default, doc in documented_fields(gateway.GatewaySettings) if name != "limits"
    )
    return table("setting", "default", "what", rows=((code(name), plain(value), doc) for name, value, doc in rows))


def plain(value: object) -> str:
    return "" if value in (None, ()) else code(value)


def rates() -> str:
    rows = ((code(name), spent(value), doc) for name, value, doc in documented_fields(Rates))
    return table("rate", "default", "what", rows=rows)


def spent(value: object) -> str:
    return f"{value.points:,} points in {value.seconds:g} s" if isinstance(value, Rate) else str(value)


def closes() -> str:
    return table(
        "code", "name", "what happened", rows=((int(one), code(one.name), one.description) for one in CloseCode)
    )


def roles() -> str:
    return table("role", "角色", "who", rows=((code(one.name), one.chinese, one.description) for one in ROLES))


def permissions() -> str:
    return table(
        "permission",
        "what",
        "roles",
        rows=((code(one.name), one.description, held(one.roles)) for one in ESSENTIAL.permissions),
    )


def held(names: frozenset[str]) -> str:
    return ", ".join(role.name for role in ROLES if role.name in names)


def events() -> str:
    rows = ((code(one.type), one.version, one.description, carried(one), fed(one)) for one in ESSENTIAL.registry)
    return table("type", "version", "what happened", "data", "may feed points", rows=rows)


def carried(one: type[Event]) -> str:
    return ", ".join(code(camel(name)) for name in field_types(one))


def fed(one: type[Event]) -> str:
    return "yes" if one.feedable else "no"


# the same, for pages in Chinese


def roles_zh() -> str:
    return table("角色", "中文名称", rows=((code(one.name), one.chinese) for one in ROLES))


def permissions_zh() -> str:
    rows = ((code(one.name), split_label(one.description).zh, held_zh(one.roles)) for one in ESSENTIAL.permissions)
    return table("权限", "说明", "角色", rows=rows)


def held_zh(names: frozenset[str]) -> str:
    return "、".join(role.chinese for role in ROLES if role.name in names)


def mutations_zh() -> str:
    rows = ((one.metadata[COMMAND], split_label(one.description or "").zh) for one in fields_of_mutation())
    return table(
        "变更操作",
        "说明",
        "权限",
        rows=((code(camel(one.name)), said, code(one.requires) if one.requires else "无") for one, said in rows),
    )


def console_zh() -> str:
    return table("命令", "说明", rows=((name, split_label(said).zh) for name, said in lines()))


# the glossary


UNSAID = re.compile(r"__|Query$|Mutation$|Subscription$|PageInfo$|\w+(Payload|Connection|Edge|Order|Dimension|Result)$")
"""Types that are no terms of the field: roots, and what every list and mutation has."""
WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
FIRST = re.compile(r"\s*[;:(（]|\. ")
"""What ends the first part of a description."""


def terms() -> str:
    """All types and enums of the schema with its plugins: what they are called in Chinese, in English, and there."""
    sdl = (FOLDER.parent / "schema" / "full.graphql").read_text(encoding="utf-8")
    found = [
        kind
        for name, kind in sorted(build_schema(sdl, no_location=True).type_map.items())
        if isinstance(kind, GraphQLObjectType | GraphQLEnumType) and not UNSAID.match(name)
    ]
    return table("中文", "English", "identifier", "what it is, or its values", rows=map(term, found))


def term(kind: GraphQLObjectType | GraphQLEnumType) -> Iterator[str]:
    yield split_label(kind.description or "").zh
    yield WORD.sub(" ", kind.name).lower()
    yield code(kind.name)
    if isinstance(kind, GraphQLEnumType):
        yield ", ".join(f"{code(name)} {split_label(one.description or '').zh}" for name, one in kind.values.items())
    else:
        yield FIRST.split(" ".join((kind.description or "").split()))[0].rstrip(".")


PIECES: dict[str, Callable[[], str]] = {
    piece.__name__: piece
    for piece in (
        *(diagram, steps, stages, mutations, settings, plugin_settings, county_settings),
        *(console, limits, codes, roles, permissions),
        *(shell, rates, closes, events, terms, plugins),
        *(roles_zh, permissions_zh, mutations_zh, console_zh, plugins_zh, county_settings_zh),
    )
}

if __name__ == "__main__":
    for path in sorted([*FOLDER.rglob("*.md"), *FOLDER.parent.glob("README*.md")]):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
