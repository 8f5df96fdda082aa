"""Documents: all sources of a form as one operation, and what its answer says of each cell.

The server plans an operation as one statement under the visibility of whoever asks, so a return is filled by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from gongzhi.runtime.checks import CHINA
from graphql import FieldNode, NameNode, SelectionSetNode, print_ast, visit
from graphql.language import Visitor

from .declarations import CASES, FEW, FEW_CASES, VARIABLES, Cell, field_names, parse_field, variables_of
from .models import CellKind

TYPED = "__typename"
PUBLIC = {
    "Grid", "Unit", "GovernanceCenter", "PartyBranch", "Bulletin", "VillageAffair", "VillageDisclosure",
    "ActivityCalendar", "CreditIndicator", "Channel", "Category",
}  # fmt: skip
"""Types that a fact may lead through: places, offices and what is published. Files of people are none of them."""


@dataclass(frozen=True)
class Taken:
    """What a source says of a cell; `withheld` in place of a number that is too small, or would tell one."""

    value: Any = None
    withheld: bool = False


def period_variables(grid: str, begins: date, ends: date) -> dict[str, str]:
    """Return what the sources of a form are asked with for a place and a period."""
    # Days begin at midnight in China, whatever the zone of the server.
    since, before = (datetime.combine(day, time(), CHINA) for day in (begins, ends + timedelta(days=1)))
    return {
        "grid": grid,
        "from": begins.isoformat(),
        "to": ends.isoformat(),
        "since": since.isoformat(),
        "before": before.isoformat(),
    }


def name_members(cells: Sequence[Cell]) -> dict[str, str]:
    """Return the member that each source has in the answer, by the printed source: cells of one list read it once."""
    sources = dict.fromkeys(cell.source for cell in cells if cell.source is not None)
    return {source: f"s{at}" for at, source in enumerate(sources)}


def compile_document(cells: Sequence[Cell]) -> tuple[str, dict[str, str], set[str]]:
    """Return one operation for all sources, the member that each has in its answer, and the variables it takes."""
    members = name_members(cells)
    # Of cells with one source the first says how it is read.
    kinds = {cell.source: cell.kind for cell in reversed(cells)}
    fields, used = [], set()
    for source, alias in members.items():
        root = parse_field(source)
        used |= variables_of(root)
        # A fact shows its types, so that one that leads to a person is told by what it finds.
        root = visit(root, _Typed()) if kinds[source] is CellKind.FACT else root
        fields.append(print_ast(FieldNode(
            alias=NameNode(value=alias), name=root.name, arguments=root.arguments, selection_set=root.selection_set
        )))  # fmt: skip
    declared = ", ".join(f"${name}: {VARIABLES[name]}" for name in sorted(used))
    head = f"query FormReturn({declared})" if declared else "query FormReturn"
    return f"{head} {{ {' '.join(fields)} }}", members, used


class _Typed(Visitor):
    """Asks each object for the name of its type."""

    def leave_selection_set(self, node: SelectionSetNode, *rest: Any) -> SelectionSetNode:
        typed = FieldNode(name=NameNode(value=TYPED), arguments=(), directives=())
        return SelectionSetNode(selections=(typed, *node.selections))


def describe_source(cell: Cell) -> str | None:
    """Return how to ask for a cell again: its source as an operation, or None for a question."""
    return compile_document([cell])[0] if cell.source else None


def take_values(cells: Sequence[Cell], data: Mapping[str, Any]) -> dict[str, Taken]:
    """Return what the answer says of each cell that has a source, by its name."""
    members = name_members(cells)
    found = {cell.name: take_value(cell, data[members[cell.source]]) for cell in cells if cell.source}
    for source in members:
        withhold_rest([cell for cell in cells if cell.source == source], found)
    return found


def take_value(cell: Cell, answer: Any) -> Taken:
    """Find a cell's value in what its source answers."""
    # Down to a value: through objects by their one field, through lists by what the cell says.
    while isinstance(answer, dict | list):
        if isinstance(answer, list):
            answer = next((one for one in answer if meets(one, cell.where)), None)
            continue
        if cell.kind is CellKind.FACT and answer.get(TYPED) not in PUBLIC:
            return Taken()
        # What an object is told by, and that it withholds, is no value.
        told = {TYPED, "suppressed", *(path.partition(".")[0] for path in cell.where)}
        names = [name for name in answer if name not in told]
        name = cell.value if cell.value in answer else names[0] if len(names) == 1 else None
        # More than one field, and the cell names none of them.
        if name is None:
            return Taken()
        if answer[name] is None and is_suppressed(answer.get("suppressed"), name):
            return Taken(withheld=True)
        answer = answer[name]
    if cell.kind is CellKind.FACT:
        return Taken(answer)
    if type(answer) not in (int, float):
        # A rate of nothing: the form says what stands in its place.
        return Taken(cell.absent if answer is None else None)
    # Before it is kept: what nobody may be told lies in no table.
    return Taken(withheld=True) if 0 < answer < cell.least else Taken(answer)


def meets(item: Any, where: Mapping[str, Any]) -> bool:
    """Tell whether an object of a list is the one that a cell names, as far as it has what the cell says."""
    known = {
        path: wanted for path, wanted in where.items() if isinstance(item, dict) and path.partition(".")[0] in item
    }
    return bool(known) and all(as_text(value_at(item, path)) == str(wanted) for path, wanted in known.items())


def value_at(item: Any, path: str) -> Any:
    for name in path.split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def is_suppressed(said: Any, name: str) -> bool:
    """Tell whether a source says that it withholds this field: of all its object, or by a list of names."""
    return name in said if isinstance(said, list) else said is True


def withhold_rest(group: Sequence[Cell], found: dict[str, Taken]) -> None:
    """Withhold one more cell of a source where what is left of its total would tell those that are withheld.

    One alone follows from the total, and so do two; the smallest other goes along, be it a zero.
    """
    # Of the numbers that the plugin judges; a source of figures withholds by itself.
    hidden = [one for one in group if found[one.name].withheld and one.least]
    told = [one for one in group if type(found[one.name].value) is int]
    if len(hidden) == 1 and told:
        smallest = min(told, key=lambda one: (found[one.name].value == 0, found[one.name].value))
        found[smallest.name] = Taken(withheld=True)


def few_of(cell: Cell) -> int:
    """Return below which number a withheld value lies, as a sheet says it."""
    return FEW_CASES if field_names(cell.source or "") & CASES else FEW


def strange_cells(cells: Sequence[Cell], errors: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Cell, str]]:
    """Yield the cells whose sources could not be read, with what was wrong."""
    members = name_members(cells)
    for error in errors:
        # An error without a path is one of the whole document.
        at = (error.get("path") or [None])[0]
        yield from ((one, error["message"]) for one in cells if one.source and at in (None, members[one.source]))
