"""Bars: what our rates must be in relation to others, and the table that says whether they are."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from .speed import Results, p99, rate, ratio


@dataclass(frozen=True)
class Bar:
    """A bar: our rate on a question is to be at least so many times that of another."""

    question: str
    over: str
    least: float


BARS = (
    Bar("list", "postgraphile", 3.2),
    Bar("list", "floor", 0.9),
    Bar("point", "postgraphile", 1.8),
    Bar("point", "floor", 0.75),
    Bar("nested", "postgraphile", 3.0),
    Bar("nested", "floor", 0.9),
    Bar("python", "postgraphile", 1.5),
    Bar("plugin", "without", 0.85),
    Bar("mixed", "postgraphile", 2.5),
)
SLOWEST = {"list": 1.3, "point": 1.3}
"""How many times the floor's 99th percentile ours may be."""


def table(results: Results) -> Table:
    """Build the table, a line for every question and server."""
    made = Table(
        "question", "server", "requests/s", "p99 ms", "ours is", "bar", "", title="16 connections (mixed: 256), medians"
    )
    for column in made.columns[2:6]:
        column.justify = "right"
    for question, columns in results.items():
        for label, rounds in columns.items():
            times = ratio(columns["ours"], rounds)
            shown = "" if label == "ours" else f"{times:.2f} ×"
            made.add_row(
                question,
                label,
                f"{rate(rounds):,.0f}",
                f"{p99(rounds):.0f}",
                shown,
                *judge_ratio(question, label, times),
            )
        made.add_section()
    return made


def judge_ratio(question: str, label: str, times: float) -> tuple[str, str]:
    """Return the bar of a question and server, and whether it was kept; nothing without a bar."""
    for bar in BARS:
        if (bar.question, bar.over) == (question, label):
            return f"≥ {bar.least:.2f} ×", verdict(times >= bar.least)
    return "", ""


def verdict(kept: bool) -> str:
    """Say whether a bar was kept."""
    return "[green]kept[/]" if kept else "[red]MISSED[/]"


def missed_bars(results: Results) -> list[Bar]:
    """Return the bars that were not kept."""
    return [bar for bar in BARS if ratio(results[bar.question]["ours"], results[bar.question][bar.over]) < bar.least]


def missed_tails(results: Results) -> list[tuple[str, float, float]]:
    """Return the questions whose slowest hundredth is too slow: by how much, and by how much it may be."""
    found = [
        (question, p99(results[question]["ours"]) / p99(results[question]["floor"]), most)
        for question, most in SLOWEST.items()
    ]
    return [one for one in found if one[1] > one[2]]


def rates(results: Results) -> dict[str, dict[str, float]]:
    """Return requests per second, as they are written down."""
    return {
        question: {label: round(rate(rounds), 1) for label, rounds in columns.items()}
        for question, columns in results.items()
    }
