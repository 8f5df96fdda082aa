"""What the pages tell operators to type does what it says: each command of gongzhi is run, here or where it is named.

Targets of make are run by `.ci/run` at each change or by `.ci/nightly`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from gongzhi_server import cli
from gongzhi_server.testing import SECRET, create_database, drop_database
from typer.testing import CliRunner

from .pages import ROOT
from .test_commands import PLACEHOLDER, TARGETS, calls, command_at

RUN = {
    "--help": "account",
    "asyncapi": '"asyncapi"',
    "audit anchor": "",
    "audit archive": "Nothing is that old",
    "audit verify": "0 mutations",
    "clocks sweep": "reminders sent",
    "credit verify": "loans",
    "explain {query} --role county_dispatcher --grid 610921": "cases",
    "import divisions {divisions} --dry-run": "",
    "import residents {residents} --dry-run": "",
    "keys accept": "",
    "keys rotate": "people moved",
    "keys status": "",
    "labels": '"CaseStatus"',
    "makemigrations people": "Nothing has changed.",
    "migrate": "",
    "migrate --plan": "Nothing is missing.",
    "plugin activate points": "points",
    "plugin list": "points",
    "plugin set dispatch.returns 3 --county 610921": "dispatch.returns is 3 in 1 county",
    "points verify": "",
    "retention run --dry-run": "Nothing was changed",
    "schema --core": "type Query",
    "statistics rebuild": "",
    "token --role county_dispatcher --grid 610921": ".",
}
"""Commands that are run here, and what each prints."""
ELSEWHERE = {
    **dict.fromkeys(
        (f"account {one}" for one in ("add", "grant", "list", "password", "remove-second-factor", "suspend")),
        "accounts/test_console",
    ),
    "account link": "accounts/test_console",
    **dict.fromkeys(("backup", "restore"), "deployment/test_backup"),
    "credit lender-secret": "plugins/credit/tests/test_lending",
    "demo": "demo/test_demo",
    "doctor": "server/test_settings",
    "safety demo": "plugins/safety/tests/test_demo",
    "watch demo": "plugins/watch/tests/test_demo",
    "ties demo": "plugins/ties/tests/test_demo",
    "services demo": "plugins/services/tests/test_demo",
    "documents add": "gateway/test_wiring",
    "events export": "plugins/integrations/tests/webhooks/test_history",
    "devices bridge": "plugins/devices/tests/test_mqtt",
    "devices demo": "plugins/devices/tests/test_demo",
    **dict.fromkeys(("forms declare", "forms demo", "forms verify"), "plugins/forms/tests/test_readme"),
    "jobs list": "events/test_work",
    "jobs redrive": "events/test_work",
    **dict.fromkeys(("support", "top"), "server/test_support"),
    "nats accounts": "plugins/integrations/tests/nats/test_settings",
    "nats verify": "plugins/integrations/tests/nats/test_verification",
    "party digest": "plugins/party/tests/test_demo",
    "party recount": "plugins/party/tests/test_demo",
    "plugin deactivate": "plugins/test_activation",
    "plugin new": "plugins/test_loading",
    "plugin remove": "plugins/test_loading",
    "points counter-key": "plugins/points/tests/test_redeeming",
    "points import": "plugins/points/tests/test_paper",
    "points statement": "plugins/points/tests/test_paper",
    "schema diff": "graphql/test_schema_changes",
    "serve": "server/test_serve",
}
"""The tests that run the others, which need more than a county."""
BY_HAND = {
    "clean": "it removes what the next target would need",
    "format": "`lint` says whether there is anything to format",
    "images": "it needs docker and the registries",
    "lock": "it needs uv, and writes other versions each day",
    "run": "it serves until it is stopped: tests/server/test_serve.py",
}
"""Targets that no CI runs, and why."""


@pytest.fixture(scope="module")
def dsn(postgres: str, small_county: str) -> Iterator[str]:
    """The address of a database with the tables of every plugin and a small county."""
    name = f"typed_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, small_county))
    asyncio.run(drop_database(postgres, name))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What commands read."""
    folder = tmp_path_factory.mktemp("files")
    texts = {
        "query": ("screen.graphql", "{ cases(first: 3) { nodes { number } } }"),
        "divisions": ("divisions.csv", "代码,名称\n610922,石泉县\n"),
        "residents": (
            "residents.csv",
            "户号,地址,网格编码,姓名,身份证号,与户主关系,居住类型\n"
            "H001,村口一号,610921101222-020202,王测试,11010519491231002X,户主,常住\n",
        ),
    }
    for file, text in texts.values():
        (folder / file).write_text(text, encoding="utf-8")
    return {name: folder / file for name, (file, _) in texts.items()}


@pytest.mark.parametrize("line", RUN)
def test_command_runs(line: str, dsn: str, files: dict[str, Path]) -> None:
    environ = {
        "DATABASE_URL": dsn,
        "GONGZHI_MODE": "development",
        "GONGZHI_SECRET": SECRET,
        "GONGZHI_DATA": str(files["query"].parent),
    }
    done = CliRunner().invoke(cli.app, [str(word).format(**files) for word in line.split()], env=environ)
    assert done.exit_code == 0, done.output
    assert RUN[line] in done.output


def path_of(line: str) -> str:
    """The command that a line of a page calls: its groups and its name; none for what is only about a group."""
    path: list[str] = []
    for word in line.split():
        if not hasattr(command_at(*path), "get_command") or word.startswith("-") or PLACEHOLDER.fullmatch(word):
            break
        path.append(word)
    return "" if hasattr(command_at(*path), "get_command") else " ".join(path)


def test_named_commands_are_run() -> None:
    """What a page names is run by a test; whoever names another says by which."""
    # Looked up here and not for parameters, which each process would wait for before its first test.
    for command in sorted({path_of(line) for line, _ in calls("gongzhi")} - {""}):
        if any(line == command or line.startswith(f"{command} ") for line in RUN):
            continue
        assert command in ELSEWHERE, f"run gongzhi {command} in RUN, or say in ELSEWHERE which test does"
        place = ELSEWHERE[command]
        file = ROOT / f"{place}.py" if "/tests/" in place else ROOT / "tests" / f"{place}.py"
        assert re.search(rf"\b{re.escape(command.split()[-1].split('-')[0])}", file.read_text(encoding="utf-8")), file


def run_targets(script: str) -> set[str]:
    """The targets that a script of CI makes, with those that they need."""
    said = (ROOT / ".ci" / script).read_text(encoding="utf-8")
    asked = [
        one
        for line in re.findall(r"(?m)^\s*(?:run )?make ([^#\n|&;]+)", said)
        for one in line.split()
        if one in TARGETS
    ]
    found: set[str] = set()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    while asked:
        target = asked.pop()
        found.add(target)
        [rule] = re.findall(rf"(?m)^{target}:(.*(?:\n\t.*)*)", makefile)
        needed, _, recipe = rule.partition("##")
        words = [*needed.split(), *re.findall(r"\$\(MAKE\) ([a-z-]+)", recipe)]
        asked += [one for one in words if one in TARGETS and one not in found]
    return found


def test_every_target_runs_in_ci() -> None:
    """At each change, at night, or by hand for a reason."""
    run = run_targets("run") | run_targets("nightly")
    assert run & BY_HAND.keys() == set()
    assert run | BY_HAND.keys() == TARGETS.keys() - {"help"}
    assert {"lint", "test"} <= run_targets("run")
