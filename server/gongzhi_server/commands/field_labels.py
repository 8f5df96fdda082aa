"""Field labels: what people read in a refusal in place of the name of an input's field, in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gongzhi.values.errors import Text
from gongzhi.values.labels import split_label
from strawberry.types.base import StrawberryContainer
from strawberry.utils.str_converters import to_camel_case

UNNAMED = Text("This", "该项")
"""The label of a field that nobody declares."""
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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
        found = name_text(name, fields[name].description)
        input = unwrap_type(fields[name].type)
    return found


def split_words(name: str) -> str:
    """Return a name of the schema as words: dueAt is "Due at"."""
    words = WORD.sub(" ", name).lower()
    return words[0].upper() + words[1:]


def name_text(name: str, description: str | None) -> Text:
    """Return the labels of a type or a field: in English its name as words, for what describes it is a sentence."""
    english = split_words(name)
    return Text(english, described_text(english, description).zh)


def described_text(name: str, description: str | None) -> Text:
    """Return the labels that a description holds, or else the name: vendors need not write Chinese."""
    try:
        return split_label(description or "")
    except ValueError:
        return Text(name, name)


def unwrap_type(kind: Any) -> Any:
    """Return a type without what makes it optional or a list."""
    while isinstance(kind, StrawberryContainer):
        kind = kind.of_type
    return kind
