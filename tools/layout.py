"""Layout: figures of how the repository is built, each beside its goal. `tests/test_layout.py` holds them.

.venv/bin/python tools/layout.py
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from operator import itemgetter
from pathlib import Path

import grimp
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "schema" / "gongzhi"
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
}  # fmt: skip
DEFINITION = re.compile(r"^(?:type|input|enum|interface|union|scalar) ", re.MULTILINE)
ABSENT = re.compile(r"\brulings? ?\d+|\bdomain \d+\.\d+")
"""Pages that are not in the repository, as comments once named them."""
SHARED = 5
"""Files that a public name of a module may stand in before it says too little."""
STANDARD = {
    "__init__", "commands", "demo", "enums", "events", "holdings", "models", "notices", "plugin", "registers", "rules",
    "types",
}  # fmt: skip
"""Modules that packages of one distribution have alike: whoever knows one package finds them in the next."""
LAYERS = {"channels", "jobs"}
"""Modules that the contract has twice: what they are in `runtime`, and those that a package of the core brings."""
FIRST_LINE = re.compile(r"[\w`（][^:]{0,100}: \S.*[.!)]")
"""How a module says what it is: a noun, a colon, and a sentence about its purpose."""
NO_PARTICIPLES = {
    "elapsed", "embed", "exceed", "feed", "flatten", "listen", "need", "open", "proceed", "screen", "seed", "speed",
    "token",
}  # fmt: skip
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""The words that a name is made of, in snake or camel case."""
PARTICIPLE = re.compile(r"[a-z]+(?:ed|en)")
SAYS_NOTHING = {
    "at", "by", "do", "done", "felt", "found", "given", "go", "good", "got", "held", "it", "kept", "known", "laid",
    "left", "lent", "lost", "made", "marks", "met", "one", "paid", "part", "put", "read", "said", "sent", "set",
    "shown", "sold", "stood", "sound", "standing", "taken", "told", "under", "what", "within", "worn",
}  # fmt: skip
"""Words that are no name of a function by themselves: they tell neither what is done nor to what."""
PICTURES = {
    "ail", "bell", "courier", "door", "haste", "ink", "lens", "pen", "purse", "shelter", "tap", "till", "tongue",
    "vitals", "witness",
}  # fmt: skip
"""Words that stood for what has a name of its own (a session, a publisher, a rate limiter), and do not come back."""
LONGEST = 45
"""Lines of code, without comments and docstrings, beyond which a function has a second subject."""
THICKEST = 420
"""Lines of code beyond which a module has one."""
VERBS = {"do", "put", "read", "set"}
"""Verbs that are enough for a method."""
PROMISED = {"at", "broken", "held", "known", "told", "within"}
"""Words of the contract that vendors call by these names, and what stands behind them in the server."""
NAMED_OTHERWISE = (".command", "fixture", "property")
"""How decorators end whose functions are no verbs."""
FIELDS = {"embedded", "live", "one", "part"}
"""Words that fields of the schema are declared with: nouns and adjectives by right, as `many` and `column` are."""
DESCRIBES = {"batch", "command", "field", "live", "stream", "strawberry.field", "strawberry.type"}
"""Decorators of functions whose docstring is a description in the GraphQL schema."""
CROWD = 20
"""Python files that lie side by side in a folder, beyond which its docstring says why they do."""
WHY_CROWDED = "side by side"
DIRECTIVE = re.compile(r"#\s*(?:fmt|type|noqa|ruff|pragma)\b")


@dataclass(frozen=True)
class Figure:
    """A figure: what was counted, how much there is now, and how much there may be in the end."""

    name: str
    now: float
    goal: float
    found: tuple[str, ...] = ()
    """What keeps it from its goal."""
    rises: bool = False
    """Whether more is better."""

    @property
    def reached(self) -> bool:
        """Tell whether it is where it is to be."""
        return self.now >= self.goal if self.rises else self.now <= self.goal


def figures() -> list[Figure]:
    """Return all of them, counted anew."""
    return [
        Figure("lines of code of the contract", sum(map(code_lines, sources(CONTRACT))), 11_500),
        Figure("definitions in core.graphql", definitions(), 320),
        listed("packages of the contract in a circle", circle("gongzhi")),
        listed("packages of the server in a circle", circle("gongzhi_server")),
        listed("names of the contract that our plugins use and the reference does not list", undocumented()),
        listed(f"public names in more than {SHARED} files", overloaded(), 12),
        listed("functions whose name says nothing", empty_names()),
        listed("names with a picture in place of the standard word", picture_names()),
        listed(f"functions of more than {LONGEST} lines of code", long_functions()),
        listed(f"modules of more than {THICKEST} lines of code", thick_modules()),
        listed("modules of one distribution with one name", twins()),
        listed("modules without a first line of noun and purpose", unexplained_modules()),
        listed("functions not described in the imperative", descriptive_functions()),
        listed(f"folders of more than {CROWD} files without a reason", crowded_folders()),
        sparsest(),
        least_tested(),
        listed("references to pages that are not here", absent_pages()),
    ]


def listed(name: str, found: list[str], goal: int = 0) -> Figure:
    """Build the figure of a list, whose entries it names."""
    return Figure(name, len(found), goal, tuple(found))


def sources(folder: Path) -> Iterator[Path]:
    """Yield the modules below a folder, without migrations, tests and the template."""
    for path in sorted(folder.rglob("*.py")):
        if not {"migrations", "tests", "_template", ".venv"} & set(path.relative_to(ROOT).parts):
            yield path


def code_lines(path: Path) -> int:
    """Count the lines that hold code; comments, docstrings and blank lines are free, so explaining costs nothing."""
    return len(lines_with_code(path))


def lines_with_code(path: Path) -> frozenset[int]:
    """Return the numbers of the lines that hold code."""
    return read_tokens(path)[0]


@cache  # several figures ask for the same modules
def read_tokens(path: Path) -> tuple[frozenset[int], int]:
    """Return the numbers of the lines that hold code, and how many comments there are that speak to people."""
    words, strings, text = set[int](), set[int](), path.read_text(encoding="utf-8")
    # Strings that stand alone are documentation, of attributes, too.
    for node in nodes_of(parse_module(path)):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            strings |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        for inner in getattr(node, "body", []) if isinstance(getattr(node, "body", []), list) else []:
            if (
                isinstance(inner, ast.Expr)
                and isinstance(inner.value, ast.Constant)
                and isinstance(inner.value.value, str)
            ):
                words |= set(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    held, comments = read_lines(text, strings) or tokenize_lines(text)
    return frozenset(held - words), sum(not DIRECTIVE.match(one) for one in comments)


def read_lines(text: str, strings: set[int]) -> tuple[set[int], list[str]] | None:
    """Return the lines that are no comments, and the comments; None where a sign for one does not begin a line.

    It takes a tenth of the time that tokens take, and most modules are read so. `strings` are the lines with strings.
    """
    held, comments = set(strings), list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        said = line.strip()
        if said.startswith("#") and number not in strings:
            comments.append(said)
        elif "#" in said:
            return None
        elif said:
            held.add(number)
    return held, comments


def tokenize_lines(text: str) -> tuple[set[int], list[str]]:
    """Return the lines that hold code, and the comments."""
    held, comments = set[int](), list[str]()
    # By tokens rather than lines: a statement over several lines,
    # or a string with line breaks, counts each of its lines.
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            held |= set(range(token.start[0], token.end[0] + 1))
        elif token.type == tokenize.COMMENT:
            comments.append(token.string)
    return held, comments


@cache
def parse_module(path: Path) -> ast.Module:
    """Return a module, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(module: ast.Module) -> tuple[ast.AST, ...]:
    """Return all nodes of a module."""
    return tuple(ast.walk(module))


def definitions() -> int:
    """Count the types, inputs, enums, interfaces, unions and scalars that the core alone brings."""
    return len(DEFINITION.findall((ROOT / "schema" / "core.graphql").read_text(encoding="utf-8")))


def packages(distribution: str) -> Mapping[str, set[str]]:
    """Return which packages of a distribution import which."""
    # Imports for types alone make no ring when the program runs.
    graph = grimp.build_graph(distribution, exclude_type_checking_imports=True)
    parent = {"gongzhi": ROOT / "schema", "gongzhi_server": ROOT / "server"}[distribution]

    def package(module: str) -> str:
        return module if (parent / module.replace(".", "/")).is_dir() else module.rpartition(".")[0]

    found: dict[str, set[str]] = {}
    for module in graph.modules:
        if ".migrations" not in module:
            uses = {package(one) for one in graph.find_modules_directly_imported_by(module)}
            # The modules beside the packages are above them all (the application) or below (settings, errors).
            found.setdefault(package(module), set()).update(uses - {package(module), distribution})
    return found


def circle(distribution: str) -> list[str]:
    """Return packages that import each other by way of each other; none, if they lie in layers."""
    try:
        TopologicalSorter(packages(distribution)).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def undocumented() -> list[str]:
    """Return the names of the contract that our plugins use and the vendors' reference does not list."""
    listed = listed_names((ROOT / "docs" / "plugins" / "reference.md").read_text(encoding="utf-8"))
    used = {one for path in sources(ROOT / "plugins") for one in used_names(path)}
    return sorted(f"{module}.{name}" for module, name in used if name not in listed.get(module, ()))


def listed_names(page: str) -> Mapping[str, set[str]]:
    """Return what a page lists of each module that it names.

    A row of a table that begins with modules lists of them what stands in it; any other place all of its section, since
    most sections are about one or two modules.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for section in re.split(r"^## ", page, flags=re.MULTILINE):
        lines = section.splitlines()
        rows = [line for line in lines if line.startswith("| `gongzhi.")]
        rest = "\n".join(line for line in lines if line not in rows)
        for block in (*rows, rest):
            # What an example imports it lists, too.
            code = re.findall(r"```.*?```", block, re.DOTALL)
            names = set(re.findall(r"\w+", " ".join([*re.findall(r"`([^`\n]+)`", block), *code])))
            modules = re.findall(r"`(gongzhi(?:\.\w+)+)", block)
            modules += re.findall(r"^from (gongzhi(?:\.\w+)+) import", block, re.MULTILINE)
            for module in modules:
                found[module] |= names
    return found


def used_names(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what a module uses of the contract, each with where it comes from: by name, or as an attribute."""
    nodes = nodes_of(parse_module(path))
    modules: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "gongzhi":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if is_module(whole):
                    modules[alias.asname or alias.name] = whole
                else:
                    yield node.module or "", alias.name
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr


def is_module(name: str) -> bool:
    """Return whether a dotted name of the contract is a module, and no name of one."""
    place = ROOT / "schema" / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").exists()


def distributions() -> Iterator[Path]:
    """Yield the folders of the contract, the server and the plugins."""
    yield from (CONTRACT, ROOT / "server" / "gongzhi_server")
    yield from (one for one in sorted((ROOT / "plugins").glob("*/gongzhi_*")) if any(sources(one)))


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Yield all modules, parsed."""
    for folder in distributions():
        for path in sources(folder):
            yield path, parse_module(path)


def definitions_of(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the public functions and classes of a module."""
    for one in module.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not one.name.startswith("_"):
            yield one


def decorators(one: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """Return the names of a definition's decorators."""
    return {ast.unparse(by.func if isinstance(by, ast.Call) else by) for by in one.decorator_list}


@cache
def hooks() -> frozenset[str]:
    """Return the names of the hooks, which plugins implement under the same name."""
    text = (CONTRACT / "plugin" / "hooks.py").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^def (\w+)", text, re.MULTILINE))


def overloaded() -> list[str]:
    """Return public functions and classes whose name stands in many files and so says little; hooks are left out."""
    count: Counter[str] = Counter()
    for _, module in modules():
        count.update({one.name for one in definitions_of(module)} - hooks())
    return [f"{name} ({times})" for name, times in count.most_common() if times > SHARED]


def empty_names() -> list[str]:
    """Return functions whose whole name is a participle, or a word that tells neither what is done nor to what.

    Hooks, commands of the schema and of the command line, and fixtures are named by who calls them. Of a method the
    class says a part, so `Cache.put` is enough; a property is read like a value, and named like one.
    """
    return [
        f"{path.relative_to(ROOT)}: {one.name}"
        for path, module in modules()
        for holder, one in functions_of(module)
        if is_empty_name(one.name.removeprefix("_"), method=isinstance(holder, ast.ClassDef))
        if one.name not in hooks() | FIELDS
        if not any(by in DESCRIBES or by.endswith(NAMED_OTHERWISE) for by in decorators(one))
    ]


def picture_names() -> list[str]:
    """Return modules, classes, functions, parameters and variables with a word that says by a picture what it is."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path, module in modules()
        for name in sorted(names_given(path, module))
        if PICTURES & {word.lower() for word in WORD.findall(name)}
    ]


def names_given(path: Path, module: ast.Module) -> set[str]:
    """Return the names that a module gives to itself and to what it defines."""
    names = {path.stem}
    for node in nodes_of(module):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                names.add(name)
    return names


def long_functions() -> list[str]:
    """Return functions in which there is so much code that there are two subjects in it."""
    return [
        f"{path.relative_to(ROOT)}: {one.name} ({length})"
        for path, module in modules()
        for one in nodes_of(module)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := function_length(path, one)) > LONGEST
    ]


def function_length(path: Path, one: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of code of a function, its parameters among them."""
    end = one.end_lineno or one.lineno
    # Few are so long with their comments that they have to be looked at token by token.
    return len(lines_with_code(path) & {*range(one.lineno, end + 1)}) if end - one.lineno >= LONGEST else 0


def thick_modules() -> list[str]:
    """Return modules in which there is so much code that there are two subjects in it."""
    counted = ((path, code_lines(path)) for folder in distributions() for path in sources(folder))
    return [f"{path.relative_to(ROOT)}: {lines}" for path, lines in counted if lines > THICKEST]


def functions_of(module: ast.Module) -> Iterator[tuple[ast.AST, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield the functions of a module and the methods of its classes, each with what holds it."""
    for holder in nodes_of(module):
        for one in holder.body if isinstance(holder, ast.Module | ast.ClassDef) else ():
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                yield holder, one


def is_empty_name(name: str, *, method: bool) -> bool:
    """Return whether a name says nothing."""
    if method and name in VERBS | PROMISED:
        return False
    return name in SAYS_NOTHING or bool(PARTICIPLE.fullmatch(name)) and name not in NO_PARTICIPLES


def twins() -> list[str]:
    """Return modules that have a name in common with another of their distribution, without the standard ones."""
    found = []
    for folder in distributions():
        places: defaultdict[str, list[Path]] = defaultdict(list)
        for path in sources(folder):
            places[path.stem].append(path)
        standard = STANDARD | LAYERS if folder == CONTRACT else STANDARD
        found += [
            ", ".join(str(one.relative_to(ROOT)) for one in paths)
            for name, paths in places.items()
            if len(paths) > 1 and name not in standard
        ]
    return found


def unexplained_modules() -> list[str]:
    """Return modules whose first line is not "Noun: purpose."."""
    return [
        f"{path.relative_to(ROOT)}: {line}"
        for path, module in modules()
        if not FIRST_LINE.fullmatch(line := (ast.get_docstring(module) or "").partition("\n")[0])
    ]


def descriptive_functions() -> list[str]:
    """Return functions whose docstring does not begin with what the function does, as ruff's rule D401 has it.

    Where it is a description of the schema it is a noun by right: of a field.
    """
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=D401", "--output-format=json", "--exit-zero"]
    ruff += ["--exclude=migrations"]
    described = {
        (path, line)
        for path, module in modules()
        for one in nodes_of(module)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and decorators(one) & DESCRIBES
        for line in range(one.lineno, one.body[0].lineno + 1)
    }
    found = json.loads(subprocess.run([*ruff, *distributions()], check=True, capture_output=True).stdout)
    return [
        f"{Path(one['filename']).relative_to(ROOT)}:{one['location']['row']}: {one['message']}"
        for one in found
        if (Path(one["filename"]), one["location"]["row"]) not in described
    ]


def crowded_folders() -> list[str]:
    """Return folders with many modules whose docstring does not say why they lie side by side."""
    count = Counter(path.parent for path, _ in modules())
    return [
        f"{folder.relative_to(ROOT)}: {files}"
        for folder, files in count.items()
        if files > CROWD and WHY_CROWDED not in (folder / "__init__.py").read_text(encoding="utf-8")
    ]


def sparsest() -> Figure:
    """Build the figure of the distribution that says why most seldom."""
    goal = 4
    shares = {folder.name: comment_share(folder) for folder in distributions()}
    below = tuple(f"{name}: {share}" for name, share in sorted(shares.items(), key=itemgetter(1)) if share < goal)
    return Figure("fewest comments per 100 lines of a distribution", min(shares.values()), goal, below, rises=True)


def comment_share(folder: Path) -> float:
    """Count a distribution's comments in 100 lines of code, without those that speak to tools."""
    found = [read_tokens(path) for path in sources(folder)]
    lines = sum(len(held) for held, _ in found)
    return round(100 * sum(comments for _, comments in found) / lines, 1) if lines else 0


def least_tested() -> Figure:
    """Build the figure of the plugin with the fewest tests of its own beside its code."""
    goal = 0.6
    shares = test_shares()
    below = tuple(f"{name}: {share}" for name, share in sorted(shares.items(), key=itemgetter(1)) if share < goal)
    name = "fewest lines of tests per line of code of a plugin"
    return Figure(name, min(shares.values()), goal, below, rises=True)


def test_shares() -> dict[str, float]:
    """Count the lines of each plugin's tests per line of its code, rounded down: almost enough is not enough.

    The demo county is tested as a whole, and views are asked all together, so what a plugin adds to these does not
    count.
    """
    shares = {}
    for plugin in sorted((ROOT / "plugins").iterdir()):
        if code := sum(code_lines(one) for one in sources(plugin) if one.name not in ("demo.py", "views.py")):
            shares[plugin.name] = sum(map(code_lines, (plugin / "tests").rglob("*.py"))) * 100 // code / 100
    return shares


def absent_pages() -> list[str]:
    """Return where a comment or docstring refers to a page that readers do not have."""
    return [
        f"{path.relative_to(ROOT)}: {found}"
        for folder in ("schema", "server", "plugins")
        for path in sources(ROOT / folder)
        for found in ABSENT.findall(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Print the figures, and what is behind those that are not yet what they are to be."""
    table = Table("figure", "now", "goal")
    found = figures()
    for one in found:
        table.add_row(one.name, f"{one.now:,}", f"{one.goal:,}", style="" if one.reached else "yellow")
    console = Console()
    console.print(table)
    if "--long" in sys.argv:
        for one in found:
            for line in () if one.reached else one.found:
                console.print(f"{one.name}: {line}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
