"""Refusals: what is stored of a refused request, and how an answer is made of what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from gongzhi.declare.entity import Ref
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Command, Problem
from gongzhi.values.errors import Refusal, Refusals, Text
from strawberry.types.base import StrawberryOptional

from .field_labels import field_label
from .payloads import kinds_by_name, restore_payload

STALE = "STALE_VERSION"


class StaleVersion(Refusal):
    """A refusal of what has changed meanwhile, with the rows that the command had found, the last of which it is."""

    def __init__(self, refusal: Refusal, found: Sequence[Ref]) -> None:
        super().__init__(refusal.code, refusal.template.en, refusal.template.zh, refusal.path)
        self.found = tuple(found)


def tell_current(refusal: Refusal, found: Sequence[Ref]) -> Refusal:
    """Return a refusal, that of a stale version with the rows that were found: what is stale is told as it is."""
    return StaleVersion(refusal, found) if refusal.code == STALE else refusal


def refusal_result(command: Command, refusal: Refusal | Refusals) -> dict[str, Any]:
    """Return what is stored of a refused request, and answered to it."""
    several = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
    # A refusal does not know for which input it is said; the label of the field is put in where its path is known.
    said = [(one, one.about(field_label(command.input, one.path))) for one in several]
    errors = [[one.code, text.en, text.zh, list(one.path)] for one, text in said]
    found = refusal.found if isinstance(refusal, StaleVersion) else ()
    return {"errors": errors, **current_field(command.payload, found)}


def current_field(payload: type, found: Sequence[Ref]) -> dict[str, Any]:
    """Return the field of a payload that has what was found last of its type, as it is stored.

    Each replay reads the object anew, with what the viewer may see by then.
    """
    kinds = kinds_by_name(payload).items()
    named = {kind.of_type.__entity__: name for name, kind in kinds if is_one_object(kind)}
    told = (one for one in reversed(found) if one.entity in named)
    return {named[one.entity]: [str(one.key), False] for one in islice(told, 1)}


def is_one_object(kind: Any) -> bool:
    """Say whether a field of a payload has one object that is kept in a table."""
    return isinstance(kind, StrawberryOptional) and hasattr(kind.of_type, "__entity__")


def refusal_codes(result: dict[str, Any]) -> list[str]:
    return [code for code, *_ in result["errors"]]


def restore_answer(command: Command, result: dict[str, Any], viewer: Viewer) -> Any:
    """Build a payload from what is stored of it, in the caller's language."""
    objects = restore_payload(command.payload, result)
    errors = [
        Problem(code=code, message=Text(en, zh).say(viewer.language), path=path)
        for code, en, zh, path in result.get("errors", ())
    ]
    return command.payload(**objects, errors=errors)
