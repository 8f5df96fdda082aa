"""Refusals: what is stored of a refused request, and how an answer is made of what is stored."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Command, Problem
from gongzhi.values.errors import Refusal, Refusals, Text

from .field_labels import field_label
from .payloads import restore_payload


def refusal_result(command: Command, refusal: Refusal | Refusals) -> dict[str, Any]:
    """Return what is stored of a refused request, and answered to it."""
    several = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
    # A refusal does not know for which input it is said; the label of the field is put in where its path is known.
    said = [(one, one.about(field_label(command.input, one.path))) for one in several]
    return {"errors": [[one.code, text.en, text.zh, list(one.path)] for one, text in said]}


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
