"""What a declaration says, what is wrong with it, what two forms share, and which small numbers are withheld."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi.values.errors import Refusal, Refusals
from gongzhi_forms.declarations import (
    Cell,
    Declaration,
    merge_refusal,
    parse_declaration,
    read_declaration,
    shared_cells,
)
from gongzhi_forms.documents import Taken, compile_document, take_values
from gongzhi_forms.models import CellKind
from graphql import parse

from .conftest import DEMO, cell_of, demo_form, form_of, question_of

PEOPLE = "people(filter: {grid: {within: $grid}}) { counts(by: RESIDENCE) { values count } }"
ASKED = "declaration", "cells", "0", "question"
CASES = "cases(filter: {grid: {within: $grid}}) { counts(by: STATUS) { values count } }"


def declared(text: str) -> Declaration:
    return read_declaration(parse_declaration(text))


def wrong(text: str) -> list[tuple[str, ...]]:
    """The paths of all that is wrong with a declaration."""
    with pytest.raises((Refusal, Refusals)) as caught:
        declared(text)
    return [tuple(one.path) for one in getattr(caught.value, "refusals", [caught.value])]


def figure(name: str, source: str = PEOPLE, **more: Any) -> Cell:
    more = {"where": {"values": name}, "value": "count", "absent": 0} | more
    return Cell(name, name, CellKind.FIGURE, source=source, **more)


def test_the_forms_of_the_demo_are_declared_alike_in_json() -> None:
    import json

    for name in DEMO:
        found = declared(demo_form(name))
        again = read_declaration(parse_declaration(json.dumps(found.text)))
        assert (again.cells, again.layout, again.signers) == (found.cells, found.layout, found.signers)


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = form_of("X", cell_of("a"), signers='["COUNTY", "TOWN"]').replace('period = "MONTH"', 'period = "WEEK"')
    assert wrong(text) == [
        ("declaration", "code"), ("declaration", "period"), ("declaration", "signers"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, path",
    [
        ("code = ", ("declaration",)),
        ('{"code": 1', ("declaration",)),
        ("[" * 9_999, ("declaration",)),
        (form_of("none"), ("declaration", "cells")),
        (form_of("odd", cell_of("a")) + 'colour = "red"\n', ("declaration", "cells", "0")),
        (form_of("name", cell_of("a").replace('name = "a"', 'name = "A b"')), ("declaration", "cells", "0", "name")),
        (form_of("twice", cell_of("a"), cell_of("a")), ("declaration", "cells")),
        (form_of("low", cell_of("a"), level="TOWN", signers='["VILLAGE"]'), ("declaration", "signers")),
        (form_of("rule", cell_of("a").replace("按件计数", "")), ("declaration", "cells", "0", "rule")),
        (form_of("things", cell_of("a") + "things = true\n"), ("declaration", "cells", "0", "things")),
        (form_of("role", question_of("q", "q-1").replace("grid_leader", "")), (*ASKED, "role")),
        (form_of("type", question_of("q", "q-1").replace("WHOLE", "CHOICE")), (*ASKED, "type")),
    ],
)  # fmt: skip
def test_it_is_told_where_it_is_wrong(text: str, path: tuple[str, ...]) -> None:
    assert wrong(text) == [path]


@pytest.mark.parametrize(
    "source",
    [
        "people { nodes { name } }",
        "a: people { totalCount }",
        "people { totalCount } cases { totalCount }",
        "people @skip(if: true) { totalCount }",
        "people(filter: {name: {equals: $name}}) { totalCount }",
        "people { ...f }",
        "} mutation { x",
        "",
    ],
)
def test_a_figure_is_one_field_that_counts(source: str) -> None:
    """No lists, no aliases, nothing beside it, and no variable that a form has no value for."""
    text = form_of("source", cell_of("a"))
    line = next(one for one in text.splitlines() if one.startswith("figure"))
    assert wrong(text.replace(line, f'figure = "{source}"')) == [("declaration", "cells", "0", "figure")]


def test_two_forms_that_ask_the_same_are_told() -> None:
    """However it is spaced; a question is merged where it is put alike, of another level nothing is shared."""
    ours = declared(
        form_of("ours", cell_of("a").replace("{totalCount}", "{  totalCount }"), question_of("q", "q-1", "人数"))
    )
    other = declared(
        form_of("other", cell_of("a"), question_of("asked", "q-1", "人数"), question_of("more", "q-2", "问 题 一"))
    )
    found = list(shared_cells(ours, [("另一报表", other)]))
    assert [(one.name, that.name) for one, _, that in found] == [("a", "a"), ("q", "asked")]
    refusals = [merge_refusal(one, title, that, at) for at, (one, title, that) in enumerate(found)]
    assert refusals[0] and "另一报表" in refusals[0].text.zh and refusals[0].path[-1] == "0" and refusals[1] is None
    # The same question under another code, and the same code with other words.
    for text in (question_of("q", "q-3", "问题一"), question_of("q", "q-1", "户数")):
        [(one, title, that)] = shared_cells(declared(form_of("ours", text)), [("另一报表", other)])
        assert merge_refusal(one, title, that, 0)
    town = declared(form_of("town", cell_of("a"), level="TOWN", signers='["TOWN"]'))
    assert not list(shared_cells(town, [("另一报表", other)]))


def test_all_sources_are_one_operation() -> None:
    """Each source once, with the variables that it takes and no other."""
    cells = [figure("A"), figure("B"), figure("C", CASES), Cell("d", "d", CellKind.QUESTION)]
    document, members, used = compile_document(cells)
    [operation] = parse(document).definitions
    assert len(operation.selection_set.selections) == 2 and used == {"grid"}  # type: ignore[attr-defined]
    assert members == {PEOPLE: "s0", CASES: "s1"}


def counts(**numbers: int) -> dict[str, Any]:
    return {"s0": {"counts": [{"values": [name], "count": number} for name, number in numbers.items()]}}


@pytest.mark.parametrize(
    "source, numbers, withheld",
    [
        (PEOPLE, {"A": 120, "B": 40, "C": 25}, set()),
        (PEOPLE, {"A": 120, "B": 3, "C": 25}, {"B", "C"}),  # one alone follows from the total
        (PEOPLE, {"A": 9, "B": 3, "C": 25}, {"A", "B"}),
        (PEOPLE, {"A": 120, "B": 3}, {"A", "B"}),  # zero tells it last
        (CASES, {"A": 120, "B": 3, "C": 9}, set()),
        (CASES, {"A": 120, "B": 2, "C": 9}, {"B", "C"}),
    ],
)
def test_small_numbers_are_withheld(source: str, numbers: dict[str, int], withheld: set[str]) -> None:
    """Fewer than ten people, fewer than three cases, and what would tell them; zero is about nobody."""
    cells = [figure(name, source) for name in "ABC"]
    found = take_values(cells, counts(**numbers))
    assert {name for name, one in found.items() if one.withheld} == withheld
    assert all(found[name].value is None for name in withheld)
    told = {name: one.value for name, one in found.items() if not one.withheld}
    assert told == {name: numbers.get(name, 0) for name in "ABC" if name not in withheld}


def test_what_is_not_known_to_count_things_may_count_people() -> None:
    assert figure("A", "reviews { totalCount }").least == 10
    assert figure("A", "reviews { totalCount }", things=True).least == 0


def test_what_a_source_withholds_is_withheld() -> None:
    cell = figure(
        "a", "grid(code: $grid) { statistics { reported suppressed } }", where={}, value="reported", absent="无"
    )
    answers = (
        ({"reported": None, "suppressed": ["reported"]}, Taken(withheld=True)),
        ({"reported": None, "suppressed": []}, Taken("无")),
        ({"reported": 2, "suppressed": []}, Taken(2)),
    )
    for answer, taken in answers:
        assert take_values([cell], {"s0": {"statistics": answer}}) == {"a": taken}


def test_a_fact_leads_to_no_person() -> None:
    """What it finds is told by its type, so a path that leads to somebody is empty."""
    fact = Cell("head", "head", CellKind.FACT, source="grid(code: $grid) { name }")
    document, *_ = compile_document([fact])
    assert "__typename" in document
    assert take_values([fact], {"s0": {"__typename": "Grid", "name": "三坪村"}})["head"] == Taken("三坪村")
    assert take_values([fact], {"s0": {"__typename": "Person", "name": "李四"}})["head"] == Taken()
