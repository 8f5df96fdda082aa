"""Questions: what is asked, of whom, and what the answers may cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from gongzhi_server.errors import Problem

from .county import CODE
from .load import Target, body
from .servers import EVERYBODY

DOCUMENTS = Path(__file__).parent / "documents"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")

PAGE = ({"first": 50},)
FEW = {"list": 64, "point": 500, "nested": 16, "python": 64}
"""How often plain Strawberry is asked. What it had not answered when its time was up would burden the next."""


@dataclass(frozen=True)
class Entry:
    """One column of a question: which server gets which document, for a time or just so many times."""

    server: str
    document: str
    amount: int = 0

    @property
    def text(self) -> str:
        return (DOCUMENTS / f"{self.document}.graphql").read_text()


@dataclass(frozen=True)
class Question:
    """A document with the variables it is sent with in turn, and who is asked. `differ`: who is meant to differ."""

    name: str
    variables: Sequence[Mapping[str, Any]]
    entries: Mapping[str, Entry]
    differ: frozenset[str] = field(default=frozenset())


def same(name: str, servers: Sequence[str] = EVERYBODY) -> dict[str, Entry]:
    """Return the document of a name for every server; PostGraphile has words of its own for the same."""
    special = {
        "postgraphile": Entry("postgraphile", f"{name}.postgraphile"),
        "strawberry": Entry("strawberry", name, FEW[name]),
    }
    return {server: special.get(server, Entry(server, name)) for server in servers}


def questions(numbers: Sequence[str]) -> tuple[Question, ...]:
    """Return what is asked of a county that has cases of these numbers."""
    return (
        Question("list", PAGE, same("list")),
        Question("point", [{"number": number} for number in numbers], same("point")),
        Question("nested", ({"code": CODE},), same("nested")),
        Question(
            "python",
            PAGE,
            {**same("python", ("ours", "strawberry")), "postgraphile": same("list")["postgraphile"]},
            differ=frozenset({"postgraphile"}),
        ),
        *(
            Question(
                name,
                PAGE,
                {"ours": Entry("ours", name), "without": Entry("ours", "list")},
                differ=frozenset({"without"}),
            )
            for name in ("plugin", "counted")
        ),
    )


def agree(question: Question, targets: Mapping[str, Target]) -> None:
    """Raise Problem unless every server gives the same answer."""
    # Servers that answer different things cannot be compared by their speed.
    found = {
        label: _answer(targets[entry.server], entry.text, question.variables[0])
        for label, entry in question.entries.items()
        if label not in question.differ
    }
    ours = found.pop("ours")
    for label, answer in found.items():
        if answer != ours:
            raise Problem(f"{question.name}: {label} answers something else than we do, so they cannot be compared")


def _answer(target: Target, text: str, variables: Mapping[str, Any]) -> Any:
    """Ask a server once. Raises Problem for an answer with errors."""
    headers = {"content-type": "application/json", **target.headers}
    reply = httpx.post(target.url, content=body(text, variables), headers=headers, timeout=60)
    answer = reply.json()
    if not reply.is_success or "errors" in answer:
        raise Problem(f"{target.url} refuses {variables}: {reply.text[:500]}")
    return strip_cursors(answer["data"])


def strip_cursors(value: Any) -> Any:
    """Normalise an answer: no cursors, which everybody writes as they like, and times written one way.

    PostgreSQL leaves out the zeros at the end of a fraction, Python writes six digits or none.
    """
    if isinstance(value, dict):
        return {key: strip_cursors(inner) for key, inner in value.items() if key != "endCursor"}
    if isinstance(value, list):
        return [strip_cursors(inner) for inner in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).isoformat()
    return value
