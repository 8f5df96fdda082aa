"""Column bounds: refuses a text that is longer than the column it meets by the name of the input's field."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gongzhi.declare.bounds import Path, field_name, too_long
from strawberry.types.base import has_object_definition
from tortoise.exceptions import ValidationError


@contextmanager
def columns_bound(input: Any) -> Iterator[None]:
    """Let the columns that a command's texts meet bound them, too.

    A code that is longer than any code in its table is found nowhere, but Tortoise raises before it asks. If the text
    it complains of is one of the input's, that is the caller's error, and is refused by the field's name; anything
    else is our fault and is raised as it came.
    """
    try:
        yield
    except ValidationError as error:
        said = str(error)
        for path, text in iterate_texts(input, ()):
            # The command may have taken off the blanks around a text before the column saw it.
            for each in {text, text.strip()}:
                # The text of Tortoise's message is all there is to go by. Should its wording change, the error is
                # raised as it came.
                before, found, most = said.partition(f"Length of '{each}' {len(each)} > ")
                if found and most.isdigit():
                    raise too_long(path, int(most)) from None
        raise


def iterate_texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text of an input with the way to it."""
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        yield path, value
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from iterate_texts(one, (*path, str(at)))
    elif has_object_definition(type(value)):
        for field in type(value).__strawberry_definition__.fields:
            yield from iterate_texts(getattr(value, field.python_name), (*path, field_name(field)))
