"""Case numbers: takes them apart, which nothing but tests does."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from gongzhi.values.codes import Series
from stdnum import luhn

SEALED = 900_000


class CaseNumber(NamedTuple):
    """The parts of a case number; `sequence` counts from 1 within county, day and series."""

    text: str
    county: str
    day: date
    sequence: int
    series: Series


def read_case_number(number: str) -> CaseNumber:
    """Return the parts of a case number, whose check digit is right."""
    assert len(number) == 21 and luhn.is_valid(number)
    day, printed = date(int(number[6:10]), int(number[10:12]), int(number[12:14])), int(number[14:20])
    series = Series.SEALED if printed > SEALED else Series.ORDINARY
    return CaseNumber(number, number[:6], day, printed % SEALED, series)
