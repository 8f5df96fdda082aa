"""Labels: what people read in place of the names that programs use, in both languages.

They come from where a thing is declared. A description reads "Given to a unit (已派单)."; the words before the brackets
are its English label, up to the first comma or semicolon, those inside are its Chinese one.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from typing import Any

from strawberry.types.base import StrawberryContainer
from strawberry.utils.str_converters import to_camel_case

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


UNNAMED = Text("This", "该项")
"""The label of a field that nobody declares."""
WORD = re.compile(r"(?=[A-Z])")


def field_label(input: type | None, path: Sequence[str]) -> Text:
    """Return the labels of the field of an input that a path leads to.

    In English it is the field's name as words, in Chinese what its description has in brackets.
    """
    found = UNNAMED
    # A place in a list has no label of its own: the list's stands for it.
    for name in (one for one in path if not one.isdecimal()):
        definition: Any = getattr(input, "__strawberry_definition__", None)
        fields = {to_camel_case(one.python_name): one for one in definition.fields} if definition else {}
        if name not in fields:
            return UNNAMED
        words = WORD.sub(" ", name).lower()
        found = Text(words[0].upper() + words[1:], split_label(fields[name].description).zh)
        input = unwrap_type(fields[name].type)
    return found


def unwrap_type(kind: Any) -> Any:
    """Return a type without what makes it optional or a list."""
    while isinstance(kind, StrawberryContainer):
        kind = kind.of_type
    return kind
