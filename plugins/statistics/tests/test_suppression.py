"""What is withheld of a line of open data cannot be had back, neither from its total nor from knowing the rule."""

from __future__ import annotations

from itertools import product

import pytest
from gongzhi_statistics.open_data.suppression import LEAST, suppress
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.one_of(st.just(0), st.integers(1, 12), st.integers(1, 400))
LINES = st.dictionaries(st.sampled_from([f"t{at}" for at in range(9)]), NUMBERS, min_size=1)


@given(LINES)
def test_small_numbers_are_not_told_by_the_total(cells: dict[str, int]) -> None:
    line = suppress(cells)
    shown = {code: number for code, number in line.cells.items() if number is not None}
    hidden = [code for code, number in line.cells.items() if number is None]
    assert all(cells[code] == number and (number == 0 or number >= LEAST) for code, number in shown.items())
    assert all(cells[code] > 0 for code in hidden), "zero is about nobody"
    if line.total is None:
        return
    assert line.total == sum(cells.values()) and (line.total == 0 or line.total >= LEAST)
    left = line.total - sum(shown.values())
    # For all that the total tells, each of them may be one that is published, and each but one may be a single case.
    assert not hidden or len(hidden) > 1 and left - (len(hidden) - 1) >= LEAST


@given(LINES)
def test_no_more_goes_along_than_must(cells: dict[str, int]) -> None:
    line = suppress(cells)
    if not any(0 < number < LEAST for number in cells.values()):
        assert line.cells == cells and line.total == sum(cells.values())
    large = [code for code, number in line.cells.items() if number is None and cells[code] >= LEAST]
    # With two large ones among them any small number is safe.
    assert len(large) <= 2 and (line.total is not None or sum(cells.values()) < 2 * LEAST + 8 * len(cells))


@given(LINES, st.randoms())
def test_the_same_line_is_published_alike(cells: dict[str, int], random: object) -> None:
    mixed = list(cells.items())
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert dict(suppress(dict(mixed)).cells) == dict(suppress(cells).cells)


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ((0, 0, 0), (0, 0, 0, 0)),
        ((10, 0, 20), (10, 0, 20, 30)),
        ((9, 30, 20), (None, 30, None, 59)),
        ((9, 9, 40), (None, None, 40, 58)),
        ((1, 1, 12), (None, None, None, 14)),
        ((1, 1, 40), (None, None, None, 42)),
        ((3, 0, 0), (None, 0, 0, None)),
        ((9, 1, 0), (None, None, 0, None)),
    ],
)
def test_lines_by_hand(cells: tuple[int, ...], shown: tuple[int | None, ...]) -> None:
    line = suppress(dict(zip("abc", cells, strict=True)))
    assert (*line.cells.values(), line.total) == shown


def test_every_withheld_number_has_other_values_that_fit() -> None:
    """All small lines there are, tried out: whoever knows what is shown finds several numbers for each withheld one."""
    for cells in product((0, 1, 5, 9, 10, 14), repeat=3):
        line = suppress(dict(zip("abc", cells, strict=True)))
        hidden = [code for code, number in line.cells.items() if number is None]
        if not hidden or line.total is None:
            continue
        left = line.total - sum(number for number in line.cells.values() if number)
        fitting = [some for some in product(range(1, left + 1), repeat=len(hidden)) if sum(some) == left]
        for at in range(len(hidden)):
            values = {some[at] for some in fitting}
            assert min(values) == 1 and max(values) >= LEAST
