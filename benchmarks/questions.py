"""Questions: what is asked, of whom, and what the answers may cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
from gongzhi_server.errors import Problem

from .county import CODE
from .load import CONNECTIONS, Target, body
from .servers import EVERYBODY

DOCUMENTS = Path(__file__).parent / "documents"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")

PAGE = ({"first": 50},)
MANY = 256
"""Connections for the documents that are mixed."""
TURNS = 10
"""How often their order is repeated until the first request comes again."""
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
    connections: int = CONNECTIONS
    mixed: Sequence[Question] = ()
    """The questions that are asked in turn, each as often as it is here, if there are several."""

    def bodies(self, label: str) -> list[str]:
        """Return what is sent in turn to get one column."""
        if not self.mixed:
            return [body(self.entries[label].text, variables) for variables in self.variables]
        turns = [cycle(question.bodies(label)) for question in self.mixed]
        # By identity: the same question has one turn, however often it stands here.
        of = {id(question): turn for question, turn in zip(self.mixed, turns, strict=True)}
        return [next(of[id(question)]) for _ in range(TURNS) for question in self.mixed]


def same(name: str, servers: Sequence[str] = EVERYBODY) -> dict[str, Entry]:
    """Return the document of a name for every server; PostGraphile has words of its own for the same."""
    special = {
        "postgraphile": Entry("postgraphile", f"{name}.postgraphile"),
        "strawberry": Entry("strawberry", name, FEW[name]),
    }
    return {server: special.get(server, Entry(server, name)) for server in servers}


def questions(numbers: Sequence[str]) -> tuple[Question, ...]:
    """Return what is asked of a county that has cases of these numbers."""
    listed = Question("list", PAGE, same("list"))
    point = Question("point", [{"number": number} for number in numbers], same("point"))
    nested = Question("nested", ({"code": CODE},), same("nested"))
    # Mostly one case by number, some lists, and now and then a whole county.
    asked = [point, point, point, listed] * 8 + [nested]
    return (
        listed,
        point,
        nested,
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
        Question("mixed", (), same("point", ("ours", "postgraphile", "floor")), connections=MANY, mixed=asked),
    )


def agree(question: Question, targets: Mapping[str, Target]) -> None:
    """Raise Problem unless every server gives the same answer."""
    if question.mixed:  # each of them is asked by itself, too
        return
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
