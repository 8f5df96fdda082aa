"""What the pages tell readers to type is there: targets of make, commands of gongzhi, scripts, paths."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from gongzhi_server import cli

from .pages import ALL, ROOT, blocks, tokens

CALL = re.compile(r"(?:^|\$\()(?:\w+=\S+ )*(?:\.venv/bin/)?(gongzhi|make|python) ([^#\n)|>]+)")
TARGET = re.compile(r"(?m)^([a-z][a-z-]*):[^=#\n]*(?:## (.+))?$")
TARGETS = dict(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
PLACEHOLDER = re.compile(r"[A-Z][A-Z\d]*|.*…|<.*>")
"""A word that stands for another, such as NAME."""


def typed(page: str) -> Iterator[str]:
    """What a page shows to be typed: the lines of its shell blocks, and its inline code."""
    yield from (line for block in blocks(page) if block.info == "sh" for line in block.text.splitlines())
    yield from (one.content for token in tokens(page) for one in token.children or () if one.type == "code_inline")


def calls(program: str) -> list[tuple[str, str]]:
    """Each different call of a program, with the first page that shows it."""
    found: dict[str, str] = {}
    for page in ALL:
        for line in typed(page):
            for name, rest in CALL.findall(line):
                if name == program:
                    found.setdefault(rest.strip(), page)
    return sorted(found.items())


@cache
def command_at(*path: str) -> Any:
    """The command or group of gongzhi that these words name, or None. To look those of plugins up takes long."""
    if not path:
        return typer.main.get_command(cli.app)
    group = command_at(*path[:-1])
    return group.get_command(group.context_class(group), path[-1])


@pytest.mark.parametrize(("line", "page"), calls("make"))
def test_targets_exist(line: str, page: str) -> None:
    named = [word for word in line.split() if "=" not in word and not PLACEHOLDER.fullmatch(word)]
    assert [one for one in named if one not in TARGETS] == [], f"{page}: make {line}"


@pytest.mark.parametrize(("line", "page"), calls("gongzhi"))
def test_commands_exist(line: str, page: str) -> None:
    """Each names a command and options that there are, those of plugins among them."""
    path: list[str] = []
    command = command_at()
    for word in shlex.split(line):
        if hasattr(command, "get_command") and not PLACEHOLDER.fullmatch(word) and word != "--help":
            path.append(word)
            command = command_at(*path)
            assert command is not None, f"{page}: gongzhi {line}: there is no {word}"
        elif word.startswith("--") and word != "--help":
            known = {option for parameter in command.params for option in parameter.opts}
            assert word.partition("=")[0] in known, f"{page}: gongzhi {line}: there is no {word}"


@pytest.mark.parametrize(("line", "page"), calls("python"))
def test_scripts_exist(line: str, page: str) -> None:
    option, *rest = line.split()
    path = f"{rest[0].replace('.', '/')}" if option == "-m" else option
    assert option == "-c" or any((ROOT / one).exists() for one in (path, f"{path}.py")), f"{page}: python {line}"


@pytest.mark.parametrize("target", TARGETS)
def test_target_is_explained_and_can_start(target: str) -> None:
    """`make help` lists it, and what its recipe runs is there."""
    assert TARGETS[target], f"say after ## what make {target} does"
    done = subprocess.run(["make", "-n", target, "NAME=people"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for path in re.findall(r"(?<![\w./])((?:docs|releasing|tests|plugins)/[\w./-]+\.py)", done.stdout):
        assert (ROOT / path).exists(), f"make {target} runs {path}"


def test_help_lists_every_target() -> None:
    printed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in printed.splitlines()] == list(TARGETS)


def test_ci_calls_targets() -> None:
    called = re.findall(r"(?m)^make (\S+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert {"lint", "test"} <= set(called) <= set(TARGETS)


def test_hooks_before_a_commit_are_those_of_lint() -> None:
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    lint = subprocess.run(["make", "-n", "lint"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for hook in repository["hooks"]:
        assert hook["entry"].removesuffix(" --force-exclude") in lint.splitlines(), hook["id"]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/README.md"])
def test_paths_exist(page: str) -> None:
    """Each path in inline code is there; a word in angle brackets stands for any name."""
    inline = (one.content for token in tokens(page) for one in token.children or () if one.type == "code_inline")
    paths = [one.rstrip("/") for one in inline if re.fullmatch(r"[\w.<>-]+(/[\w.<>*-]*)+", one)]
    assert [one for one in paths if not list(ROOT.glob(re.sub(r"<\w+>", "*", one)))] == []
    assert page != "CONTRIBUTING.md" or len(paths) > 15


def test_programs_are_found() -> None:
    """The pattern sees calls in blocks, in inline code and inside of a substitution."""
    assert CALL.findall("TOKEN=$(.venv/bin/gongzhi token --role x)") == [("gongzhi", "token --role x")]
    assert {Path(page).name for _, page in calls("make")} >= {"README.md"} and len(calls("gongzhi")) > 60
