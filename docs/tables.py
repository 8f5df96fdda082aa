"""What the pages here take from the code. `python docs/tables.py` writes it into them; a test fails on drift.

A page says where a piece belongs: `<!-- steps: made by docs/tables.py -->`, and `<!-- end -->` after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import typer
from gongzhi import core, roles
from gongzhi.cases import machine
from gongzhi.cases.machine import OPEN, STEPS, Step
from gongzhi.commands import COMMAND, Command
from gongzhi.roots import Mutation
from gongzhi_server import cli
from gongzhi_server.gateway.codes import Code
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.settings import Settings

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


# the life of a case


def diagram() -> str:
    lines = [*map(arrow, [(None, machine.REPORT)]), *(arrow(one) for one in arrows()), *ends()]
    return "\n".join(["```mermaid", "stateDiagram-v2", '    state "any open status (在办)" as OPEN', *lines, "```"])


def arrows() -> Iterator[tuple[str | None, Step]]:
    """Each way of each step; one from every open status is drawn once."""
    for step in STEPS:
        if step.sources == OPEN:
            yield "OPEN", step
        else:
            yield from ((source.value, step) for source in sorted(step.sources))


def arrow(way: tuple[str | None, Step]) -> str:
    source, step = way
    return f"    {source or '[*]'} --> {step.target} : {step.chinese}"


def ends() -> list[str]:
    """Statuses that nothing leads out of."""
    left = {source for step in STEPS for source in step.sources}
    return [f"    {target} --> [*]" for target in sorted({step.target for step in STEPS} - left)]


def steps() -> str:
    return table("event", "step", "from", "to", "mutation", "who", rows=map(described, STEPS))


def described(step: Step) -> Iterator[str]:
    done = [command for command in commands() if step in taken(command)]
    yield code(step.event)
    yield step.chinese
    yield "any open status" if step.sources == OPEN else ", ".join(sorted(step.sources)) or "—"
    yield step.target
    yield ", ".join(code(camel(command.name)) for command in done) or "not yet"
    yield "; ".join(dict.fromkeys(allowed(command) for command in done)) or "—"


def commands() -> Iterator[Command]:
    """The core's mutations, in the order they are declared."""
    for extension in core.EXTENSIONS:
        if extension.target is Mutation:
            yield from (field.metadata[COMMAND] for field in extension.fields)


def taken(command: Command) -> list[Step]:
    """The steps that a command's own text names."""
    named = command.function.__code__.co_names
    return [step for name, step in vars(machine).items() if isinstance(step, Step) and name in named]


def allowed(command: Command) -> str:
    return f"{code(command.requires)}" if command.requires else "see below"


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


# what an operator and a frontend need


def settings() -> str:
    rows = ((code(f.metadata["variable"]), default(f.default), f.metadata["doc"]) for f in fields(Settings))
    return table("variable", "default", "what", rows=rows)


def default(value: object) -> str:
    return "" if value in (None, MISSING) else code(value)


def console() -> str:
    group = typer.main.get_command(cli.app)
    found = [(name, *row) for name, one in group.commands.items() for row in called(one)]  # type: ignore[attr-defined]
    return table("command", "what", rows=((code(f"gongzhi {name}{rest}"), said) for name, rest, said in found))


def called(command: object) -> Iterator[tuple[str, str]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield "", command.help  # type: ignore[attr-defined]
    else:
        yield from ((f" {name}", one.help) for name, one in inner.items())


def limits() -> str:
    return table("limit", "default", "what", rows=((code(f.name), f"{f.default:,}", f.metadata["doc"]) for f in fields(Limits)))


def codes() -> str:
    return table("code", "what happened", rows=((code(one.value), one.description) for one in Code))


def people() -> str:
    return table("role", "角色", "who", rows=((code(one.name), one.title, one.description) for one in roles.ROLES))


def permissions() -> str:
    rows = ((code(one.name), one.description, held(one.roles)) for one in roles.PERMISSIONS)
    return table("permission", "what", "roles", rows=rows)


def held(names: frozenset[str]) -> str:
    return ", ".join(role.name for role in roles.ROLES if role.name in names)


PIECES: dict[str, Callable[[], str]] = {
    piece.__name__: piece
    for piece in (diagram, steps, settings, console, limits, codes, people, permissions)
}

if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.md")):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
