"""Declarations: a form as data, read from TOML or JSON, and what is wrong with it.

Each cell has its source: a `fact` or `figure`, which is a field of the schema's Query, or a `question`; a fact or
figure with a question is asked only where the source knows nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gongzhi.runtime.checks import check_short_code, check_text, input_form, invalid_input
from gongzhi.values.errors import FIELD, Refusal
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse, print_ast, visit
from graphql.language import Visitor

from .models import DUE_DAYS, CellKind, Level, Rhythm

# Bounds of what an office writes by hand: a form beyond them is several forms.
LONGEST = 60_000
CELLS, ROWS, COLUMNS = 200, 200, 30
NAME = re.compile(r"[a-z][a-z0-9_]{0,23}", re.ASCII)
# The same name as in the declaration, so that a sheet is checked against the cells.
MARK = re.compile(r"\{([a-z][a-z0-9_]{0,23})\}")
"""Where a sheet has the value of a cell."""
# Days for what counts by days, moments for what compares moments: no source adds to a date itself.
VARIABLES = {"grid": "String!", "from": "Date!", "to": "Date!", "since": "DateTime!", "before": "DateTime!"}
"""What sources are asked with: the place, the first and the last day, the moments between which the period lies."""
FORM = {"code", "title", "asker", "basis", "period", "level", "signers", "due_days", "cells", "layout"}
CELL = {"name", "title", "unit", "fact", "figure", "question", "where", "value", "absent", "things", "rule", "rows"}
QUESTION = {"code", "type", "least", "most", "choices", "role"}
LEVELS = tuple(Level)
"""From below upwards."""
# By what a source names: which rows it counts decides from what number on it may be told.
PEOPLE = {"people", "person", "households", "household", "members", "membership", "me", "visits"}
CASES = {"cases", "case"}
GUARDED = {"statistics", "headcounts", "mediationFigures"}
"""Sources that withhold small numbers themselves."""
FEW, FEW_CASES = 10, 3
"""The smallest numbers of persons and of cases that are told, as in all figures; zero is about nobody."""
# What a figure lists would be rows of people in a table of numbers.
LISTS = {"nodes", "edges", "node"}


@dataclass(frozen=True)
class Question:
    """What is asked where nobody knows: its type, its bounds, and the role that can know it."""

    code: str
    type: str
    role: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: Any, *path: str) -> Any:
        """Return an answer of the question's type and within its bounds. Raises Refusal."""
        # By exact types: true is a whole number in Python, and no answer to one.
        fits = {
            "WHOLE": type(value) is int,
            "DECIMAL": type(value) in (int, float),
            "TEXT": type(value) is str and 0 < len(value.strip()) <= 200,
            "YES_NO": type(value) is bool,
            "CHOICE": value in self.choices,
        }[self.type]
        if not fits or (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            raise invalid_input(f"{FIELD} must be {self.describe()[0]}.", f"{FIELD}应为{self.describe()[1]}。", *path)
        return value

    def describe(self) -> tuple[str, str]:
        """Return what an answer must be, in English and in Chinese."""
        en, zh = TYPES[self.type]
        bounds = " ".join(
            f"{sign} {bound:g}" for sign, bound in (("≥", self.least), ("≤", self.most)) if bound is not None
        )
        listed = "、".join(self.choices)
        return " ".join(filter(None, (en, bounds, listed))), "".join(filter(None, (zh, bounds, listed)))


TYPES = {
    "WHOLE": ("a whole number", "整数"),
    "DECIMAL": ("a number", "数值"),
    "TEXT": ("a text of 200 characters at most", "不超过 200 字的文字"),
    "YES_NO": ("true or false", "是或否"),
    "CHOICE": ("one of", "以下之一："),
}


@dataclass(frozen=True)
class Cell:
    """A cell: what it is called, and where its value comes from."""

    name: str
    title: str
    kind: CellKind
    unit: str | None = None
    source: str | None = None
    """The field of Query, printed; None for a question alone."""
    where: Mapping[str, Any] = field(default_factory=dict)
    """Which object of a list has the value."""
    value: str | None = None
    """Which field of an object is the value."""
    absent: float | str | None = None
    """What stands there where the source has no such number: 0 where none was counted, a word for a rate of nothing."""
    things: bool = False
    """That neither people nor cases are counted."""
    rule: str | None = None
    rows: str | None = None
    # Beside a source: what is asked where that knows nothing.
    question: Question | None = None

    @property
    def least(self) -> int:
        """The smallest number above zero that is told."""
        found = field_names(self.source or "")
        if found & PEOPLE:
            return FEW
        if found & CASES:
            return FEW_CASES
        # What is not known to count something else may count people.
        return 0 if self.things or found & GUARDED or self.kind is not CellKind.FIGURE else FEW

    @property
    def key(self) -> str:
        """What tells whether two cells want to know the same."""
        # By its words, for two offices give one question two codes.
        if self.source is None:
            return f"?{plain_text(self.title)}"
        return json.dumps([self.source, self.where, self.value], sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Declaration:
    """A form as it was declared."""

    code: str
    title: str
    asker: str
    basis: str
    rhythm: Rhythm
    level: Level
    signers: tuple[Level, ...]
    due_days: int
    cells: tuple[Cell, ...]
    layout: tuple[tuple[str, ...], ...]
    text: Mapping[str, Any]
    """The whole of it, as it is kept."""


def parse_declaration(text: str) -> dict[str, Any]:
    """Return what a TOML or JSON text says. Raises Refusal."""
    if len(text) > LONGEST:
        raise invalid_input(f"It has {LONGEST} characters at most.", f"不超过 {LONGEST} 个字符。", "declaration")
    # Empty TOML is a table without keys: what it lacks would be told at places that nobody has written.
    if not text.strip():
        raise invalid_input("Describe the form, in TOML or JSON.", "请以 TOML 或 JSON 描述报表。", "declaration")
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    # Deep nesting ends in a RecursionError, which is no fault of ours.
    except (ValueError, RecursionError) as error:
        raise invalid_input(
            f"This is neither TOML nor JSON: {error}.", f"不是有效的 TOML 或 JSON：{error}。", "declaration"
        ) from None
    return dict(found)


def read_declaration(given: Mapping[str, Any]) -> Declaration:
    """Return the form that was declared. Raises Refusals, which say at once all that is wrong and where."""
    with input_form() as read:
        read(refuse_unknown, given, FORM, "declaration")
        code = read(check_short_code, str(given.get("code", "")), "declaration", "code")
        title = read(read_text, given, "title", 100)
        asker = read(read_text, given, "asker", 40)
        basis = read(read_text, given, "basis", 300)
        rhythm = read(read_choice, given, "period", Rhythm)
        level = read(read_choice, given, "level", Level)
        signers = read(read_signers, given)
        due_days = read(read_number, given.get("due_days", DUE_DAYS), 0, 90, "declaration", "due_days")
        cells = tuple(read(read_cell, one, at) for at, one in enumerate(read(read_cells, given) or ()))
    # What needs several cells comes once each of them is read.
    names = [one.name for one in cells]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise invalid_input(f"Two cells are called {doubled}.", f"指标名 {doubled} 重复。", "declaration", "cells")
    if level not in signers[:1] and LEVELS.index(signers[0]) < LEVELS.index(level):
        raise invalid_input("Who signs first lies below the place.", "首签层级低于填报层级。", "declaration", "signers")
    layout = read_layout(given.get("layout"), cells)
    return Declaration(code, title, asker, basis, rhythm, level, signers, due_days, cells, layout, given)


def refuse_unknown(given: Any, known: set[str], *path: str) -> None:
    """Refuse what is no table, and names that mean nothing: a slip of the pen would be overlooked."""
    if not isinstance(given, Mapping):
        raise invalid_input("This must be a table.", "此处应为表。", *path)
    # What is known is named: a slip is put right by looking at the right word.
    if strange := sorted(set(given) - known):
        names = ", ".join(strange)
        raise invalid_input(f"Unknown: {names}. Known are {', '.join(sorted(known))}.", f"未知项：{names}。", *path)


def read_text(given: Mapping[str, Any], name: str, longest: int, *path: str) -> str:
    return check_text(str(given.get(name) or ""), longest, *(path or ("declaration",)), name)


def read_choice(given: Mapping[str, Any], name: str, choices: Any) -> Any:
    try:
        return choices(given.get(name))
    except ValueError:
        listed = ", ".join(choices)
        raise invalid_input(f"One of {listed}.", f"应为以下之一：{listed}。", "declaration", name) from None


def read_number(value: Any, least: float, most: float, *path: str) -> Any:
    if type(value) not in (int, float) or not least <= value <= most:
        raise invalid_input(f"A number from {least} to {most}.", f"应为 {least} 至 {most} 的数。", *path)
    return value


def read_signers(given: Mapping[str, Any]) -> tuple[Level, ...]:
    """Return the levels that sign, from below upwards, each once."""
    # From below upwards: a county that signs before its town has nothing to rely on.
    found = given.get("signers") or []
    if not isinstance(found, list) or not found or [one for one in LEVELS if one in found] != found:
        listed = ", ".join(LEVELS)
        raise invalid_input(
            f"Some of {listed}, in this order.", f"应为 {listed} 中的若干级，自下而上。", "declaration", "signers"
        )
    return tuple(map(Level, found))


def read_cells(given: Mapping[str, Any]) -> Sequence[Any]:
    cells = given.get("cells")
    if not isinstance(cells, list) or not 1 <= len(cells) <= CELLS:
        raise invalid_input(f"A form has 1 to {CELLS} cells.", f"应有 1 至 {CELLS} 个指标。", "declaration", "cells")
    return cells


def read_cell(given: Any, at: int) -> Cell:
    """Return a cell. Raises Refusal at its place in the list."""
    path = "declaration", "cells", str(at)
    refuse_unknown(given, CELL, *path)
    name = str(given.get("name", ""))
    if not NAME.fullmatch(name):
        raise invalid_input(
            "Lower-case letters, digits and underscores, 24 at most.",
            "应为小写字母、数字和下划线，最多 24 个。",
            *path,
            "name",
        )
    title = read_text(given, "title", 60, *path)
    question = read_question(given["question"], *path, "question") if "question" in given else None
    sources = [one for one in ("fact", "figure") if one in given]
    if len(sources) > 1 or not (sources or question):
        raise invalid_input("A cell has a fact, a figure or a question.", "每个指标须有事实、统计数或问题之一。", *path)
    if not sources:
        return Cell(name, title, CellKind.QUESTION, given.get("unit"), question=question)
    kind = CellKind(sources[0].upper())
    cell = Cell(
        name,
        title,
        kind,
        given.get("unit"),
        read_source(given[sources[0]], kind, *path, sources[0]),
        {str(one): value for one, value in dict(given.get("where") or {}).items()},
        given.get("value"),
        given.get("absent"),
        given.get("things") is True,
        # A number without its formula and its rows cannot be contested.
        read_text(given, "rule", 300, *path) if kind is CellKind.FIGURE else given.get("rule"),
        read_source(given.get("rows"), CellKind.FACT, *path, "rows") if "rows" in given else None,
        question,
    )
    if cell.things and cell.least:
        raise invalid_input("It counts people or cases.", "该指标统计的是人员或诉求，不能标为实物。", *path, "things")
    return cell


def read_question(given: Any, *path: str) -> Question:
    """Return a question. Raises Refusal."""
    refuse_unknown(given, QUESTION, *path)
    # Choices without a type that takes them would be dropped in silence.
    type, choices = given.get("type"), given.get("choices", [])
    if type not in TYPES or (type == "CHOICE") != bool(choices):
        raise invalid_input(
            f"{FIELD} is none of the types that the page of forms lists, or choices are given where there are none.",
            f"{FIELD}不在一表通说明所列类型之内，或非选择题填写了选项。",
            *path,
            "type",
        )
    least, most = (
        None if given.get(one) is None else read_number(given[one], -1e15, 1e15, *path, one)
        for one in ("least", "most")
    )
    code = check_short_code(str(given.get("code", "")), *path, "code")
    return Question(code, type, read_text(given, "role", 60, *path), least, most, tuple(map(str, choices)))


def read_source(given: Any, kind: CellKind, *path: str) -> str:
    """Return a field of Query, printed anew, so that the same is always written alike. Raises Refusal."""
    try:
        root = parse_field(str(given or ""))
    except GraphQLError as error:
        said = error.message
        raise invalid_input(f"This is no field of Query: {said}", f"不是 Query 的字段：{said}", *path) from None
    # Of the whole tree: what counts may stand below what does not.
    names = field_names(print_ast(root))
    if kind is CellKind.FIGURE and names & LISTS:
        raise invalid_input("A figure counts rows and does not list them.", "统计数只计数，不列出记录。", *path)
    if strange := sorted(variables_of(root) - set(VARIABLES)):
        listed, known = ", ".join(strange), ", ".join(VARIABLES)
        raise invalid_input(f"Unknown: ${listed}. Known are {known}.", f"未知变量：{listed}；可用 {known}。", *path)
    return print_ast(root)


def parse_field(text: str) -> FieldNode:
    """Return the one field that a text is, which has no alias. Raises GraphQLError."""
    # Braces around it: text that closes them early is two definitions, and refused below.
    definitions = parse(f"{{ {text} }}", max_tokens=500).definitions
    match definitions:
        # An alias would have the same thing written in two ways.
        case (OperationDefinitionNode(selection_set=selected),) if len(selected.selections) == 1:
            root = selected.selections[0]
            if isinstance(root, FieldNode) and root.alias is None and "..." not in text and "@" not in text:
                return root
    raise GraphQLError("one field, without alias, fragment and directive")


def field_names(text: str) -> set[str]:
    """Return the names of all fields of a source."""
    found: set[str] = set()
    if text:
        visit(parse_field(text), _Collector(found, "field"))
    return found


def variables_of(root: FieldNode) -> set[str]:
    found: set[str] = set()
    visit(root, _Collector(found, "variable"))
    return found


class _Collector(Visitor):
    """Collects the names of the nodes of a kind."""

    def __init__(self, found: set[str], kind: str) -> None:
        super().__init__()
        self.found, self.kind = found, kind

    def enter(self, node: Any, *rest: Any) -> None:
        if node.kind == self.kind:
            self.found.add(node.name.value)


def read_layout(given: Any, cells: Sequence[Cell]) -> tuple[tuple[str, ...], ...]:
    """Return the rows of the sheet; a line for each cell where none are declared. Raises Refusal."""
    # A form without a sheet is a list of its cells, which is what most offices draw.
    if given is None:
        return tuple((one.title, f"{{{one.name}}}", one.unit or "") for one in cells)
    rows = given if isinstance(given, list) else []
    if not 1 <= len(rows) <= ROWS or not all(isinstance(row, list) and len(row) <= COLUMNS for row in rows):
        raise invalid_input(
            f"A list of 1 to {ROWS} rows of {COLUMNS} texts at most.", "应为行的列表。", "declaration", "layout"
        )
    texts = tuple(tuple(map(str, row)) for row in rows)
    check_marks({mark for row in texts for one in row for mark in MARK.findall(one)}, cells, "declaration", "layout")
    return texts


def check_marks(marks: set[str], cells: Sequence[Cell], *path: str) -> None:
    """Refuse a sheet unless it has a place for each cell, and names no other. Raises Refusal."""
    # Both ways: a value without a place is as wrong as a place without a value.
    names = {one.name for one in cells} | {"grid", "period"}
    if strange := sorted(marks - names):
        raise invalid_input(f"There is no cell {', '.join(strange)}.", f"没有指标 {'、'.join(strange)}。", *path)
    if missing := sorted({one.name for one in cells} - marks):
        raise invalid_input(f"There is no place for {', '.join(missing)}.", f"缺少指标 {'、'.join(missing)}。", *path)


def plain_text(text: str) -> str:
    """Return a text as far as it says something: without spaces, signs and the width of letters."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).lower() if one.isalnum())


def shared_cells(ours: Declaration, others: Sequence[tuple[str, Declaration]]) -> Iterator[tuple[Cell, str, Cell]]:
    """Yield our cells that another form asks for as well, with its title and its cell, of the same level and rhythm."""
    for title, other in others:
        # A village's month and a county's year are two numbers, though their source is one.
        if (other.level, other.rhythm) == (ours.level, ours.rhythm):
            for cell in ours.cells:
                yield from ((cell, title, one) for one in other.cells if asks_the_same(cell, one))


def asks_the_same(ours: Cell, other: Cell) -> bool:
    # By code first: the same code in other words would mix two answers.
    if ours.question and other.question and ours.question.code == other.question.code:
        return True
    return ours.key == other.key


def merge_refusal(cell: Cell, title: str, other: Cell, at: int) -> Refusal | None:
    """Return why a cell that another form asks for is refused; None where the two are merged.

    A question is merged with one of the same code that is put the same way: one answer serves both. All else is asked
    for once, by the form that has it.
    """
    if cell.kind is CellKind.QUESTION and (cell.question, cell.title) == (other.question, other.title):
        return None
    return Refusal(
        "DUPLICATE",
        f"“{title}” has this already, as “{other.title}”: leave it out, or put the question as there.",
        f"《{title}》已有此项（{other.title}）：请删去，或采用相同的问题。",
        ("declaration", "cells", str(at)),
    )
