"""Labels: what people read in place of the names that programs use, in both languages.

They come from where a thing is declared. A description reads "Given to a unit (已派单)."; the words before the brackets
are its English label, up to the first comma or semicolon, those inside are its Chinese one.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import Any

from gongzhi.values.errors import Text

LABELLED = re.compile(r"(?P<en>[^,;:(（]+).*[(（](?P<zh>[^()（）]*[\u4e00-\u9fff][^()（）]*)[)）]", re.DOTALL)


def split_label(description: str) -> Text:
    """Return the labels that a description holds. Raises ValueError for one without a Chinese label in brackets."""
    found = LABELLED.match(description)
    if found is None:
        raise ValueError(f"no label in {description!r}: it should have one in brackets: (中文)")
    return Text(found["en"].strip().rstrip("."), found["zh"].strip())


def label_of(value: enum.Enum) -> Text:
    """Return the labels of a value of an enum that the schema has. Raises KeyError for one without a description."""
    definition: Any = type(value).__strawberry_definition__  # type: ignore[attr-defined]
    descriptions = {one.name: one.description for one in definition.values}
    found = split_label(descriptions[value.name])
    return Text(found.en[0].lower() + found.en[1:], found.zh)


def join_labels(values: Iterable[enum.Enum]) -> Text:
    """Return the labels of several values, in the order of their enum."""
    found = [label_of(value) for value in sorted(values, key=member_index)]
    return Text(" or ".join(one.en for one in found), "、".join(one.zh for one in found))


def member_index(value: enum.Enum) -> int:
    """Return which of the values of its enum it is."""
    return list(type(value).__members__).index(value.name)
