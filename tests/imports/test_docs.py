"""The page about imports names everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gongzhi_server.imports import columns, texts
from gongzhi_server.imports.divisions import COLUMNS as DIVISIONS

PAGE = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
COLUMNS = (*columns.COLUMNS, *DIVISIONS)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_column_is_documented(column):
    row = f"| `{column.name}` | {', '.join(column.aliases)} |"
    assert row in PAGE


@pytest.mark.parametrize("vocabulary", ["RELATIONS", "GENDERS", "RESIDENCES", "NEEDS"])
def test_words_are_documented(vocabulary):
    for word, value in getattr(columns, vocabulary).items():
        assert re.search(rf"{value}( [^·|]+)? ", PAGE), value
        assert re.search(rf"(?i)[ ]{word}[ ]", PAGE), word


def test_codes_are_documented():
    told = set(re.findall(r"`([A-Z][A-Z_0-9]+)`", PAGE.split("## What a report says")[1]))
    assert told == set(texts.TEXTS) | set(texts.REASONS)
