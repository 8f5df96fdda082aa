"""The parts of which returns are made: periods, what sources are asked with, what they answer, and cells of a sheet."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from gongzhi.values.errors import Refusal
from gongzhi_forms.declarations import Cell, Question, check_marks, plain_text, read_layout
from gongzhi_forms.documents import Taken, describe_source, few_of, period_variables, strange_cells, take_value
from gongzhi_forms.models import CellKind, Rhythm, write_value
from gongzhi_forms.periods import period_of
from gongzhi_forms.workbooks import Sheet, find_marks, readable, write_workbook

LEVELS = "grid(code: $grid) { statistics(from: $from, to: $to) { byLevelAndCategory { levels { level settled } } } }"
ANSWERED = [
    {
        "category": {"code": "dispute"},
        "levels": [
            {"level": "GRID", "settled": 7, "suppressed": False},
            {"level": "TOWN", "settled": None, "suppressed": True},
        ],
    },
    {"category": {"code": "roads"}, "levels": [{"level": "GRID", "settled": 70, "suppressed": False}]},
]


def figure(source: str, **more: Any) -> Cell:
    return Cell("a", "甲", CellKind.FIGURE, source=source, **more)


@pytest.mark.parametrize(
    "rhythm, day, first, last",
    [
        (Rhythm.MONTH, "2028-02-14", "2028-02-01", "2028-02-29"),
        (Rhythm.MONTH, "2026-12-31", "2026-12-01", "2026-12-31"),
        (Rhythm.QUARTER, "2026-06-30", "2026-04-01", "2026-06-30"),
        (Rhythm.QUARTER, "2026-10-01", "2026-10-01", "2026-12-31"),
        (Rhythm.YEAR, "2026-03-03", "2026-01-01", "2026-12-31"),
        (Rhythm.ONCE, "2026-03-03", "2026-03-03", "2026-03-03"),
    ],
)
def test_periods_are_those_of_the_calendar(rhythm: Rhythm, day: str, first: str, last: str) -> None:
    found = period_of(rhythm, date.fromisoformat(day))
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_sources_are_asked_with_days_of_china() -> None:
    """The moments of a period lie at midnight in China, the last one behind its last day."""
    found = period_variables("610921", date(2026, 6, 1), date(2026, 6, 30))
    assert found == {
        "grid": "610921",
        "from": "2026-06-01",
        "to": "2026-06-30",
        "since": "2026-06-01T00:00:00+08:00",
        "before": "2026-07-01T00:00:00+08:00",
    }


@pytest.mark.parametrize(
    "where, value, taken",
    [
        ({"category.code": "dispute", "level": "GRID"}, "settled", Taken(7)),
        ({"category.code": "dispute", "level": "TOWN"}, "settled", Taken(withheld=True)),
        ({"category.code": "roads", "level": "TOWN"}, "settled", Taken(0)),
        ({"category.code": "water", "level": "GRID"}, "settled", Taken(0)),
        ({"category.code": "roads", "level": "GRID"}, "level", Taken()),
    ],
)
def test_a_value_is_found_in_lists_of_lists(where: dict[str, str], value: str, taken: Taken) -> None:
    """By what each object has of what the cell says; what is no number is no figure."""
    cell = figure(LEVELS, where=where, value=value, absent=0)
    assert take_value(cell, {"statistics": {"byLevelAndCategory": ANSWERED}}) == taken


def test_an_object_with_several_values_gives_none_unless_one_is_named() -> None:
    answer = {"statistics": {"reported": 8, "completed": 5}}
    assert take_value(figure("grid(code: $grid) { statistics { reported completed } }"), answer) == Taken()
    cell = figure("grid(code: $grid) { statistics { reported completed } }", value="completed")
    assert take_value(cell, answer) == Taken(5)


def test_errors_name_the_cells_whose_sources_they_are() -> None:
    """By the member of the answer; one that has no path is of all of them."""
    cells = [figure("cases { totalCount }"), figure("people { totalCount }"), Cell("q", "问", CellKind.QUESTION)]
    assert [one.source for one, _ in strange_cells(cells, [{"path": ["s1"], "message": "x"}])] == [
        "people { totalCount }"
    ]
    assert len(list(strange_cells(cells, [{"message": "x"}]))) == 2


def test_a_source_is_told_as_it_was_asked() -> None:
    assert describe_source(Cell("q", "问", CellKind.QUESTION)) is None
    told = describe_source(figure(LEVELS)) or ""
    assert told.startswith("query FormReturn($from: Date!, $grid: String!, $to: Date!) { s0: grid(code: $grid)")


def test_words_are_compared_by_what_they_say() -> None:
    assert plain_text("外村 志愿者（人次）") == plain_text("外村志愿者(人次)") != plain_text("外村志愿者")
    assert (few_of(figure("cases { totalCount }")), few_of(figure("people { totalCount }"))) == (3, 10)
    assert write_value(None) is None and write_value("无") == '"无"' and write_value(0) == "0"


def test_a_question_says_what_it_takes() -> None:
    whole = Question("q-1", "WHOLE", "grid_leader", least=0, most=9)
    assert whole.describe() == ("a whole number ≥ 0 ≤ 9", "整数≥ 0 ≤ 9")
    assert Question("q-2", "CHOICE", "grid_leader", choices=("甲", "乙")).describe()[1] == "以下之一：甲、乙"


def test_a_sheet_has_a_place_for_each_cell() -> None:
    """A line each where none is declared; else each once at least, and no other."""
    cells = [figure("cases { totalCount }", unit="件")]
    assert read_layout(None, cells) == (("甲", "{a}", "件"),)
    assert read_layout([["{grid}", "合计 {a} 件"]], cells) == (("{grid}", "合计 {a} 件"),)
    for layout in ([], [["甲"]], [["{a}", "{b}"]], "甲", [["{a}"] * 31]):
        with pytest.raises(Refusal) as caught:
            read_layout(layout, cells)
        assert caught.value.path == ("declaration", "layout")
    check_marks({"a", "period"}, cells)


def test_values_take_the_place_of_their_names() -> None:
    """Numbers stay numbers where they stand alone; in a text all are texts, and none becomes a formula."""
    rows = (("{a}", "{b}", "{a} 件，{b}", "{c}", "{d}", "无"),)
    values = {"a": 12, "b": "=1+1", "c": None, "d": True}
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(Sheet(rows, None, values, {"下载人": "=x\x07 & y"}))))
    page, about = book.worksheets
    assert [cell.value for cell in page[1]] == [12, "=1+1", "12 件，=1+1", "—", "是", "无"]
    assert page["B1"].data_type == "s" and [cell.value for cell in about[1]] == ["下载人", "=x  & y"]
    assert "&&" not in str(page.oddFooter.center.text) or "& y" in str(page.oddFooter.center.text)
    assert [readable(one) for one in (None, False, 3.5)] == ["—", "否", "3.5"]


def test_names_are_found_in_texts_and_not_in_formulas() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B2"], book.active["C3"] = "{a} 与 {b}", '=CONCAT("{c}")', 7  # type: ignore[index]
    out = io.BytesIO()
    book.save(out)
    assert find_marks(out.getvalue()) == {"a", "b"}
