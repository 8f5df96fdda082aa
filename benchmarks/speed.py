"""Speed: the server side by side with its peers, round after round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.status import Status

from .county import CODE
from .load import CONNECTIONS, Found, Target, fire
from .questions import Question, agree
from .servers import Server


@dataclass(frozen=True)
class Pace:
    """How often and how long everybody is measured, in seconds, and how often the slow at most."""

    rounds: int
    seconds: float
    warmup: float
    most: int


FULL = Pace(rounds=5, seconds=4, warmup=2, most=1000)
QUICK = Pace(rounds=1, seconds=1, warmup=0.2, most=4)

Results = dict[str, dict[str, list[Found]]]
"""For each question and column, what every round came to."""


def measure(servers: Mapping[str, Server], asked: Sequence[Question], pace: Pace, status: Status) -> Results:
    """Ask everybody everything. Inside a round the peers take turns, and each round another one begins.

    The first round's warm-up lets every server prepare its statements, and Node's compiler come to rest.
    """
    targets = {name: server.target("county_dispatcher", CODE) for name, server in servers.items()}
    for question in asked:
        agree(question, targets)
    found: Results = {question.name: {label: [] for label in question.entries} for question in asked}
    for at in range(pace.rounds):
        for question in asked:
            for label in rotate(list(question.entries), at):
                status.update(f"round {at + 1} of {pace.rounds}: {question.name}, {label}")
                found[question.name][label].append(once(question, label, targets, pace, at == 0))
    return found


def once(question: Question, label: str, targets: Mapping[str, Target], pace: Pace, first: bool) -> Found:
    """Ask one question of one server, for a time or so many times."""
    entry = question.entries[label]
    target, bodies = targets[entry.server], question.bodies(label)
    if entry.amount:
        amount = min(entry.amount, pace.most)
        return fire(target, bodies, amount=amount, connections=min(amount, CONNECTIONS))
    warmup = pace.warmup if first else 0
    return fire(target, bodies, seconds=pace.seconds, warmup=warmup, connections=question.connections)


def rotate(labels: list[str], by: int) -> list[str]:
    """Rotate the labels, so that each round another one begins."""
    by %= len(labels)
    return labels[by:] + labels[:by]


def rate(rounds: Sequence[Found]) -> float:
    """Return requests per second in the middle round."""
    return statistics.median(found.rate for found in rounds)


def p99(rounds: Sequence[Found]) -> float:
    """Return the milliseconds that all but a hundredth took at most, in the middle round."""
    return statistics.median(found.p99 for found in rounds)


def ratio(ours: Sequence[Found], theirs: Sequence[Found]) -> float:
    """Return how many times as fast ours is, compared inside each round, for rounds differ more than servers do."""
    return statistics.median(
        one.rate / other.rate if other.rate else 0 for one, other in zip(ours, theirs, strict=True)
    )
