"""What may stand in the cells of a table of residents."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from gongzhi.core.people.models import Relation
from gongzhi.values.codes import CodeError
from gongzhi.values.errors import Refusal
from gongzhi_server.imports import columns
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 8, 20)


@given(st.dates(date(1900, 1, 1), TODAY))
def test_birth_date_ways(born):
    ways = [
        f"{born:%Y-%m-%d}",
        f"{born:%Y/%m/%d}",
        f"{born.year}.{born.month}.{born.day}",
        f"{born.year}年{born.month}月{born.day}日",
        f"{born:%Y%m%d}",
        f"{born} 00:00:00",
    ]
    assert {columns.birth_date(way, TODAY) for way in ways} == {born}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1990-02-30", "DATE"),
        ("19900230", "DATE"),
        ("1990-13-01", "DATE"),
        ("33000", "DATE"),
        ("1991", "DATE"),
        ("199011", "DATE"),
        (str(TODAY + timedelta(days=1)), "FUTURE"),
        ("1790-01-01", "AGE"),
        ("1990-**-01", "MASKED"),
    ],
)
def test_impossible_date_refused(text, code):
    with pytest.raises(Refusal) as caught:
        columns.birth_date(text, TODAY)
    assert caught.value.code == code
    assert text not in str(caught.value) + caught.value.text.zh


def test_legacy_id_converted():
    assert columns.resident_id("610921900101001", TODAY) == "610921199001010012"


def test_standard_example_accepted():
    assert columns.resident_id("440524188001010014", TODAY) == "440524188001010014"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("610921199001010013", "CHECK_DIGIT"),
        ("61092119900101001", "LENGTH"),
        ("610921199002300011", "DATE"),
        ("6109**********0012", "MASKED"),
        ("6.10921E+17", "NUMBER"),
        ("610921199001010000", "NUMBER"),
        ("610921187001010014", "AGE"),
    ],
)
def test_wrong_id_refused(text, code):
    with pytest.raises((Refusal, CodeError)) as caught:
        columns.resident_id(text, TODAY)
    found = caught.value
    assert code == (found.code if isinstance(found, Refusal) else found.reason)
    assert text not in str(found)


def test_several_phones_read():
    assert columns.read_phones("138 0000 0012、0915-5212345", TODAY) == ["13800000012", "09155212345"]


def test_masked_phone_refused():
    with pytest.raises(CodeError) as caught:
        columns.read_phones("138****0012", TODAY)
    assert caught.value.reason == "MASKED"


@pytest.mark.parametrize(
    ("text", "relation"), [("户主", Relation.HEAD), ("长女", Relation.CHILD), ("grandparent", Relation.GRANDPARENT)]
)
def test_relation_words(text, relation):
    assert columns.word_reader(columns.RELATIONS)(text, TODAY) is relation


def test_unknown_word_lists_words():
    with pytest.raises(Refusal) as caught:
        columns.word_reader(columns.GENDERS)("甲", TODAY)
    assert str(caught.value) == "the word is not known: write one of FEMALE, MALE, UNKNOWN"


def test_needs_are_wishes():
    assert columns.read_needs("走访、接送；走访", TODAY) == ["VISIT", "TRANSPORT"]


@pytest.mark.parametrize("text", ["610921", "610921100"])
def test_coarse_grid_refused(text):
    with pytest.raises(Refusal) as caught:
        columns.read_grid(text, TODAY)
    assert caught.value.code == "COARSE_GRID"
