"""Records: the rows that people, households and their care make, protected values sealed, masked and blind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.people.models import PhoneKind
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes

from gongzhi_server.imports.registry import PHONE
from gongzhi_server.imports.sealed import Owner, seal_identity

from . import county_time
from .care import Care, Post
from .chance import uuid7
from .grids import CODE, SINCE
from .people import CENSUS, DemoHousehold

PEACEFUL = "PEACEFUL_FAMILY"

PERSON = (
    "id", "grid_id", "name", "gender", "birth_date", "residence", "needs", "data_key", "resident_id_sealed",
    "resident_id_mask", "resident_id_blind", "created_at", "version",
)  # fmt: skip
PHONES = "id", "person_id", "kind", "rank", "sealed", "mask", "blind"
HOUSEHOLD = (
    "id", "grid_id", "number", "address", "head_id", "needs", "income_band", "income_confirmed_on", "tier",
    "visit_due_on", "created_at", "version",
)  # fmt: skip
MEMBERSHIP = "id", "household_id", "person_id", "relation", "since"
AWARD = "id", "household_id", "kind", "year"
TIER = "id", "household_id", "tier", "rule", "inputs", "reasons", "decided_at", "review_on"
LIAISON = "id", "line", "person_id", "household_id", "since"
VISIT = "id", "grid_id", "household_id", "visitor_id", "at", "note", "recorded_at", "account"
POST = "id", "grid_id", "duty", "person_id", "duty_phone", "since"

Rows = Iterator[tuple[Any, ...]]


class PersonSealer:
    """Seals what is protected. It keeps each data key just until the person's telephone is written."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys
        self.owners: dict[UUID, Owner] = {}

    def persons(self, cares: Iterable[Care]) -> Rows:
        """Yield the rows of `people.person`."""
        for care in cares:
            for person, _ in care.household.members:
                owner = Owner(person.id, CODE, sealing.data_key())
                needs = care.needs if person is care.needy else ()
                wrapped = self.keys.wrap(CODE, owner.key)
                if person.phone:
                    self.owners[person.id] = owner
                yield (
                    person.id, person.grid.id, person.name, person.gender, person.birth, person.residence, needs,
                    wrapped, *seal_identity(self.keys, owner, person.resident_id), person.created, 1,
                )  # fmt: skip

    def phones(self, random: Random, households: Iterable[DemoHousehold]) -> Rows:
        """Yield the rows of `people.phone`, and forget each data key with it."""
        for household in households:
            for person, _ in household.members:
                if person.phone:
                    key, owner = uuid7(random, person.created), self.owners.pop(person.id)
                    sealed = sealing.seal_value(owner.key, f"people.phone.number:{key}", person.phone)
                    mask, blind = codes.mask_phone(person.phone), self.keys.blind(CODE, PHONE, person.phone)
                    yield key, person.id, PhoneKind.MOBILE, 1, sealed, mask, blind


def household_rows(cares: Iterable[Care]) -> Rows:
    """Yield the rows of `people.household`."""
    for care in cares:
        home = care.household
        yield (
            home.id, home.grid.id, home.number, home.address, home.head.id, care.needs, care.income, care.confirmed,
            care.decision.tier, care.due, home.created, 1,
        )  # fmt: skip


def membership_rows(random: Random, households: Iterable[DemoHousehold]) -> Rows:
    """Yield the rows of `people.membership`."""
    for household in households:
        for person, relation in household.members:
            since = max(person.birth, SINCE)
            yield uuid7(random, person.created), household.id, person.id, relation, since


def award_rows(random: Random, cares: Iterable[Care]) -> Rows:
    """Yield the rows of `people.award`."""
    for care in cares:
        for year in care.awards:
            yield uuid7(random, care.household.created), care.household.id, PEACEFUL, year


def tier_rows(random: Random, cares: Iterable[Care]) -> Rows:
    """Yield the rows of `people.tier`, with the inputs and reasons of each decision."""
    for care in cares:
        decided, decision = county_time.to_utc(care.decided), care.decision
        inputs = orjson.dumps(care.inputs.json).decode()
        reasons = orjson.dumps([reason.json for reason in decision.reasons]).decode()
        yield (
            uuid7(random, decided), care.household.id, decision.tier, decision.rule, inputs, reasons, decided,
            decision.review_on,
        )  # fmt: skip


def liaison_rows(random: Random, cares: Iterable[Care]) -> Rows:
    """Yield the rows of `people.liaison`."""
    for care in cares:
        if care.helper:
            line, helper = care.helper
            decided = county_time.to_utc(care.decided)
            yield uuid7(random, decided), line, helper.id, care.household.id, county_time.day_at(care.decided)


def visit_rows(random: Random, cares: Iterable[Care]) -> Rows:
    """Yield the rows of `people.visit`, written down some minutes after each."""
    for care in cares:
        for visit in care.visits:
            at, home = county_time.to_utc(visit.at), care.household
            written = county_time.to_utc(visit.at + random.randrange(10, 90) * county_time.MINUTE)
            account = f"demo.person.{visit.visitor.id}"
            yield uuid7(random, at), home.grid.id, home.id, visit.visitor.id, at, visit.note, written, account


def post_rows(random: Random, held: Iterable[Post]) -> Rows:
    """Yield the rows of `people.post`."""
    for post in held:
        yield uuid7(random, CENSUS[0]), post.grid.id, post.duty, post.person.id, post.phone, SINCE
