"""Errors: what callers are told when something cannot be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Text:
    """A message in the two languages of the product."""

    en: str
    zh: str

    def say(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en


FIELD = "⟦field⟧"
"""Stands in a refusal's text for the label of the field that its path names."""


class Refusal(Exception):
    """An expected failure: bad input, an illegal step, a stale version.

    In a mutation it becomes an entry of the payload's `errors`, and nothing is written. In a query it is an
    error of the request. `path` names the field of the input at fault. The message never repeats a value
    that could be personal, nor the name of a field: `FIELD` in a text becomes the label that the input declares.
    """

    def __init__(self, code: str, en: str, zh: str, path: Sequence[str] = ()) -> None:
        self.code, self.path, self.template = code, tuple(path), Text(en, zh)
        super().__init__(self.text.en)

    @property
    def text(self) -> Text:
        """What is said where nobody knows the input."""
        return self.about(Text("This", "该项"))

    def about(self, label: Text) -> Text:
        """Return what is said of a field with this label."""
        return Text(self.template.en.replace(FIELD, label.en), self.template.zh.replace(FIELD, label.zh))


class Refusals(Exception):
    """Several refusals at once, so that a form can show all that is wrong with it."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(map(str, refusals)))
        self.refusals = tuple(refusals)


class DeclarationError(TypeError):
    """A type, field or plugin is declared in a way that cannot work. Raised before serving."""
