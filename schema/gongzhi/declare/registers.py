"""Registers: all entries together, in which commands look rules, texts and holdings up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from gongzhi.declare.register_entries import (
    ANY_DAY,
    GONE,
    NO_NUMBERS,
    AddressBook,
    Card,
    Check,
    ConsentBook,
    Holding,
    Kpi,
    OfficeHours,
    PrivacyNotice,
    Purpose,
    Statement,
)
from gongzhi.values.errors import Language


@dataclass(frozen=True)
class Registers:
    """The registers of a deployment: the core's entries and its plugins'."""

    cards: tuple[Card, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    notices: tuple[PrivacyNotice, ...] = ()
    holdings: tuple[Holding, ...] = ()
    statements: tuple[Statement, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    """Plugins have purposes; what the core reads, it reads by its own rules. Published as `dataPurposes`."""
    checks: tuple[Check, ...] = ()
    """What would hurt a deployment later; published to whoever may examine it."""
    office_hours: tuple[OfficeHours, ...] = ()
    """When offices are open: of one plugin at most. Not published."""
    consents: tuple[ConsentBook, ...] = ()
    """Where whoever needs consent asks; where there is none, nobody has agreed to anything."""
    address_books: tuple[AddressBook, ...] = ()
    """Where numbers of those without an account are: of one plugin at most. Not published."""
    # Registers do not change once the server has started, and strangers may read them: each text is made once.
    _told: dict[tuple[str, Language], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def card(self, rule: str) -> Card | None:
        """Return the card of a rule in a version, such as `service-tier/1`."""
        return next((one for one in self.cards if one.rule == rule), None)

    def notice(self, purpose: str, recipient: str, day: date) -> PrivacyNotice | None:
        """Return the text in force on a day for a purpose and recipient."""
        found = [one for one in self._about(purpose, recipient) if one.since <= day]
        return max(found, key=lambda one: one.version, default=None)

    def least(self, purpose: str, recipient: str, day: date) -> int:
        """Return the first version of the text to which a consent still counts on a day."""
        renewing = (one.version for one in self._about(purpose, recipient) if one.renew and one.since <= day)
        # Where no version renews, consents to all of them count.
        return max(renewing, default=0)

    def statement(self, kind: str) -> Statement | None:
        """Return who says this kind of statement."""
        return next((one for one in self.statements if one.kind == kind), None)

    def next_opening(self, county: str, at: str) -> str:
        """Return SQL for when a county's offices are open next; both arguments are SQL, too."""
        return next(iter(self.office_hours), ANY_DAY).next_opening.format(county=county, at=at)

    def numbers_of_case(self, case: str) -> str:
        """Return SQL for the keys of the numbers to tell of a case, whose key is SQL, too."""
        return next(iter(self.address_books), NO_NUMBERS).of_case.format(case=case)

    async def find_number(self, call: Any, key: UUID) -> str | None:
        """Return the number with this key, in clear; None if it is there no more."""
        return await next(iter(self.address_books), NO_NUMBERS).find_number(call, key)

    async def is_agreed(self, call: Any, person: Any, purpose: str, recipient: str) -> bool:
        """Tell whether a person agrees now to a purpose and a recipient."""
        for one in self.consents:
            if await one.is_given(call, person, purpose, recipient):
                return True
        return False

    def told(self, what: str, language: Language) -> str:
        """Return a register as JSON, in a language; made once."""
        key = (what, language)
        if key not in self._told:
            self._told[key] = orjson.dumps([*WORDED[what](self, language)]).decode()
        return self._told[key]

    def _about(self, purpose: str, recipient: str) -> Iterator[PrivacyNotice]:
        return (one for one in self.notices if one.purpose == purpose and one.recipient in (None, recipient))


Entries = Iterable[dict[str, Any]]


def list_algorithms(book: Registers, language: Language) -> Entries:
    for card in book.cards:
        said = {name: getattr(card, name).say(language) for name in CARD}
        inputs = [one.say(language) for one in card.inputs]
        yield {"rule": card.rule, "name": card.name, "version": card.version, "since": card.since, **said} | {
            "inputs": inputs,
            "outcomes": card.outcomes,
        }


def list_kpis(book: Registers, language: Language) -> Entries:
    for kpi in book.kpis:
        yield {"name": kpi.name, "version": kpi.version, **{name: getattr(kpi, name).say(language) for name in KPI}}


def list_notices(book: Registers, language: Language) -> Entries:
    for one in book.notices:
        plain = {name: getattr(one, name) for name in ("purpose", "recipient", "version", "since", "months", "consent")}
        yield plain | {name: getattr(one, name).say(language) for name in ("title", "text", "basis")}


def list_retention(book: Registers, language: Language) -> Entries:
    for one in book.holdings:
        # What is deleted has no columns left to be emptied.
        erased = [] if one.erase == GONE else sorted(one.erase)
        yield {
            "table": one.table,
            "what": one.what.say(language),
            "basis": one.basis.say(language),
            "months": one.months,
            "personal": bool(one.person),
            "deleted": one.erase == GONE,
            "anonymised": erased,
        }


def list_statements(book: Registers, language: Language) -> Entries:
    for one in book.statements:
        yield {"kind": one.kind, "description": one.description.say(language)}


CARD = ("purpose", "basis", "formula", "owner", "limits", "contact")
KPI = ("formula", "numerator", "denominator", "unit")
WORDED = {
    "algorithms": list_algorithms,
    "kpis": list_kpis,
    "privacyNotices": list_notices,
    "retention": list_retention,
    "statementKinds": list_statements,
}
