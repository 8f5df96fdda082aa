"""What pages and comments name in backticks is there: modules, files and names, so that a rename leaves no old one."""

from __future__ import annotations

import ast
import builtins
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from .pages import ROOT

HISTORY = {
    *("CHANGELOG.md", "docs/licences.md"),
    *(f"docs/{name}{end}" for name in ("upgrading", "reference/changes") for end in (".md", ".zh-CN.md")),
}
"""What tells of names that were."""
FOREIGN = {
    *("MediaRecorder", "StreamMaxLength", "localStorage", "pg_dump"),  # Of browsers, NATS, databases.
    *("max_slot_wal_keep_size", "hot_standby_feedback", "ignore_startup_parameters"),  # Of PostgreSQL and pgbouncer.
    *(
        "pg_hba.conf",
        "wal_status",
        "connector_and_driver",
        "expand.json.payload",
        "lsn.flush.mode",
    ),  # Of PostgreSQL and Debezium.
    *("gongzhi.events", "gongzhi.message"),  # Topics of Kafka.
    *("gongzhi.plugins", "gongzhi.grams"),  # An entry point, a function of SQL.
    *("hearings.ics", "GONGZHI_RUBBISH_STATION", "RUBBISH_SCORE_DESC"),  # Of plugins made up.
    *("plugin.verb_noun", "reported_at_desc", "DUE_AT"),  # Patterns, and names that are made of others.
}
PROSE = re.compile(r'#.*|(?P<own>^\s*r?)?"""(?:.|\n)*?"""', re.MULTILINE)
"""Comments, and long strings: those that begin a line are docstrings, the others are code."""
TICKED = re.compile(r"`([^`\n]+)`")
WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
PACKAGES = ("schema/", "server/", "plugins/", "clients/python/")
RAISING = re.compile(r"\b[Rr]aises? ((?:`[^`]*`|[^.:;(`]|\.(?=\w))+)")
"""What a docstring says that is raised, up to the end of the sentence."""
LISTED = re.compile(r"(?:^|, | and | or )(?:and |or |an? )?((?:\w+\.)*[A-Z]\w*[a-z]\w*)")
"""The words that are listed in it; codes are capitals throughout, and what follows `for` or `no` is no exception."""


@cache
def sources() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    kept = re.compile(r".*\.(py|md|toml|sql|graphql|yaml|yml|json|txt)|.*Makefile|.*Containerfile")
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in listed.stdout.split() if kept.fullmatch(name)}


@cache
def modules() -> set[str]:
    """Every module as code imports it, and every package."""
    paths = [Path(name).with_suffix("") for name in sources() if name.endswith(".py")]
    inside = [
        path.parts[next((at for at, one in enumerate(path.parts) if one.startswith("gongzhi")), 0) :] for path in paths
    ]
    return {".".join(parts[:end]) for parts in inside for end in range(1, len(parts) + 1)}


@cache
def words() -> set[str]:
    """Every word of code, as it is written there and as GraphQL writes it."""
    files = ((name, text) for name, text in sources().items() if not name.endswith(".md"))
    code = (
        PROSE.sub(lambda one: "" if told(one) else one[0], text) if name[-3:] == ".py" else text for name, text in files
    )
    found = {word for text in code for word in WORD.findall(text)}
    return found | {re.sub(r"_(\w)", lambda one: one[1].upper(), word) for word in found}


def told(found: re.Match[str]) -> bool:
    return found[0].startswith("#") or found["own"] is not None


def prose() -> Iterator[tuple[str, str]]:
    for name, text in sources().items():
        if name.endswith(".py"):
            yield from ((name, one[0]) for one in PROSE.finditer(text) if told(one))
        elif name.endswith(".md") and name not in HISTORY:
            yield name, re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def stands(named: str) -> bool:
    # Subjects of NATS, and modules made up for tests.
    if named in FOREIGN or named.startswith("gongzhi.county.") or re.fullmatch(r"gongzhi\.\w", named):
        return True
    if re.fullmatch(r"gongzhi\w*(\.\w+)+", named):
        first, *rest = named.split(".")
        while rest and f"{first}.{rest[0]}" in modules():
            first = f"{first}.{rest.pop(0)}"
        return first in modules() and "." in first and words().issuperset(rest)
    if re.fullmatch(r"[\w/-]+\.(py|md|sql)", named):
        return any(f"/{name}".endswith(f"/{named}") for name in sources())
    if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*(\(\))?", named, re.ASCII) and re.search(r"_|[a-z][A-Z]|\(|\.", named):
        return words().issuperset(one for one in named.removesuffix("()").split(".") if not one.isdigit())
    return True


def test_what_is_named_is_there() -> None:
    named = {(name, one.strip()) for name, text in prose() for one in TICKED.findall(text)}
    assert [(name, one) for name, one in sorted(named) if not stands(one)] == []


@cache
def modules_of_packages() -> dict[str, ast.Module]:
    return {
        name: ast.parse(text) for name, text in sources().items() if re.match(rf"({'|'.join(PACKAGES)}).*\.py$", name)
    }


@cache
def exceptions() -> set[str]:
    """Every exception of Python and of our packages: a class of them whose bases lead to one, of whichever library."""
    bases: dict[str, set[str]] = {}
    for module in modules_of_packages().values():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).rpartition(".")[2] for base in node.bases)
    found = {name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, BaseException)}
    found |= {"GraphQLError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def is_foreign_exception(name: str, module: ast.Module) -> bool:
    """Return whether a library has this exception: by its whole name, or as the module imports it."""
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }
    whole = name if "." in name else imported.get(name, "")
    try:
        one = pkgutil.resolve_name(whole)
    except (ValueError, ImportError, AttributeError):
        return False
    return isinstance(one, type) and issubclass(one, BaseException)


def raised(text: str) -> list[str]:
    """Return the names of what a docstring says that is raised."""
    return [
        name for phrase in RAISING.findall(" ".join(text.split())) for name in LISTED.findall(TICKED.sub("``", phrase))
    ]


def docstrings(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def test_what_is_said_to_be_raised_is_an_exception() -> None:
    """Whoever catches what a docstring names finds the class by that name."""
    named = {
        (name, one)
        for name, module in modules_of_packages().items()
        for text in docstrings(module)
        for one in raised(text)
        if one not in exceptions() and not is_foreign_exception(one, module)
    }
    assert sorted(named) == []


def test_what_is_raised_is_found_in_sentences() -> None:
    text = "Raises Wrong, Blocked for a PDF or `Some`, and\n    x.Late or Refusal NOT_FOUND; nothing for Earth."
    assert raised(text) == ["Wrong", "Blocked", "x.Late", "Refusal"]
    assert raised("What raises an Alarm is told. Raise Problem for what is no WebM.") == ["Alarm", "Problem"]


MADE_UP = {"JSONResponse", "copy", "placed", "read_hosts"}
"""What examples of the contract take from elsewhere, or have the reader write."""


def examples(text: str) -> Iterator[ast.Module]:
    """Yield the indented blocks of a docstring that are Python; drawings and formulas are not."""
    # An example that is all there is behind the first line has lost its indentation with the docstring's own.
    with suppress(SyntaxError):
        yield ast.parse(text.partition("\n")[2].replace("…", "..."))
        return
    for block in re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text + "\n", re.MULTILINE):
        with suppress(SyntaxError):
            yield ast.parse(re.sub(r"^    ", "", block, flags=re.MULTILINE).replace("…", "..."))


def taken(example: ast.Module) -> set[str]:
    """Return what an example calls, and the classes that it names, without what it makes itself."""
    nodes = list(ast.walk(example))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    classes = {node.id for node in nodes if isinstance(node, ast.Name) and re.match("[A-Z][a-z]", node.id)}
    return (called | classes) - own


def test_examples_of_the_contract_take_what_is_there() -> None:
    """A vendor copies them: what they call is a name of the contract, at the top of a module."""
    contract = {name: module for name, module in modules_of_packages().items() if name.startswith("schema/gongzhi/")}
    there = MADE_UP | vars(builtins).keys()
    for module in contract.values():
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                there.add(node.name)
            elif isinstance(node, ast.Assign):
                there |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("gongzhi"):
                there |= {alias.asname or alias.name for alias in node.names}
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = {
        (name, one)
        for name, module in contract.items()
        for node in ast.walk(module)
        if isinstance(node, described)
        for example in examples(ast.get_docstring(node) or "")
        for one in taken(example) - there
    }
    assert sorted(found) == []
