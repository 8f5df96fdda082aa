"""Calls: what a hotline tells of cases that people who are not on file asked for by telephone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes

from . import lives
from .cases import DemoCase
from .chance import uuid7
from .grids import CODE
from .names import SURNAMES

HOTLINE = "HOTLINE_12345"
TABLES = {
    "intake.entry": ("id", "case_id", "source", "number", "caller", "called_at", "recording"),
    "contacts.contact": (
        "id", "case_id", "grid_id", "data_key", "sealed", "blind", "mask", "tries", "verified_at",
    ),
}  # fmt: skip
"""The tables and their columns."""
PHONE = 19_995_000_000
"""Numbers of callers count up from here."""
SOURCE = "demo.hotline"


def call_rows(random: Random, cases: Iterable[DemoCase], keys: KeyRing) -> dict[str, list[tuple[Any, ...]]]:
    """Build the rows of both tables: the calls, and the numbers to call back."""
    made: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    for at, case in enumerate(unfiled_calls(cases), 1):
        # Called some minutes before the case was written down.
        reported = case.last(lives.REPORT)
        called = reported - timedelta(minutes=random.randint(3, 20))
        caller = SURNAMES.draw(random) + random.choice(("先生", "女士"))
        entry, contact = uuid7(random, reported), uuid7(random, reported)
        number, key = str(PHONE + at), sealing.data_key()
        made["intake.entry"].append(
            (entry, case.id, SOURCE, f"{reported:%Y%m%d}{at:05}", caller, called, f"rec-{reported:%Y%m%d}-{at:05}")
        )
        made["contacts.contact"].append(
            (
                contact,
                case.id,
                case.asker.grid.id,
                keys.wrap(CODE, key),
                sealing.seal_value(key, f"contacts.contact.number:{contact}", number),
                keys.blind(CODE, "contact", number),
                codes.mask_phone(number),
                0,
                reported,
            )
        )
    return made


def unfiled_calls(cases: Iterable[DemoCase]) -> Iterator[DemoCase]:
    """Yield the cases of callers who gave a name and are not on file."""
    for case in cases:
        asker = case.asker
        if asker.channel == HOTLINE and asker.person is None and not asker.anonymous:
            yield case
