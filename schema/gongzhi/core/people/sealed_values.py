"""Sealed values: people's protected values as the tables hold them, sealed, masked, and with a blind index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from uuid6 import uuid7

from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes

from .models import PersonRow, PhoneKind, PhoneRow

RESIDENT_ID = "resident_id"  # the fields that blind indexes are made for
PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose values they are: a person, the county's six digits, and the person's data key."""

    id: UUID
    county: str
    key: bytes = field(repr=False)


def ensure_owner(keys: KeyRing, county: str, person: PersonRow) -> Owner:
    """Return the owner of a person's values; somebody without a data key is given one, wrapped."""
    if person.data_key:
        return Owner(person.id, county, keys.unwrap(county, person.data_key))
    made = Owner(person.id, county, sealing.data_key())
    person.data_key = keys.wrap(county, made.key)
    return made


def find_owner(keys: KeyRing, county: str, person: PersonRow) -> Owner | None:
    """Return the owner of a person's values; None for somebody who has none, or whose key has been destroyed."""
    return Owner(person.id, county, keys.unwrap(county, person.data_key)) if person.data_key else None


def read_identity(owner: Owner, person: PersonRow) -> str | None:
    """Return the resident ID in clear."""
    value = person.resident_id_sealed
    # The context binds a value to its place: copied into another row it does not open.
    return sealing.open_value(owner.key, f"people.person.resident_id:{owner.id}", value) if value else None


def read_phone(owner: Owner, phone: PhoneRow) -> str | None:
    """Return the number in clear."""
    return sealing.open_value(owner.key, f"people.phone.number:{phone.id}", phone.sealed) if phone.sealed else None


def seal_resident_id(keys: KeyRing, owner: Owner, number: str | None) -> dict[str, Any]:
    """Return the columns of a resident ID."""
    return {
        "resident_id_sealed": number and sealing.seal_value(owner.key, f"people.person.resident_id:{owner.id}", number),
        "resident_id_mask": number and codes.mask_resident_id(number),
        "resident_id_blind": number and keys.blind(owner.county, RESIDENT_ID, number),
    }


def seal_phones(keys: KeyRing, owner: Owner, numbers: Iterable[str]) -> list[PhoneRow]:
    """Return the rows of telephone numbers, the first to be tried first."""
    return [seal_phone(keys, owner, rank, number) for rank, number in enumerate(numbers, 1)]


def seal_phone(keys: KeyRing, owner: Owner, rank: int, number: str) -> PhoneRow:
    # Made here, since the value is sealed for the row that it will lie in.
    key = uuid7()
    return PhoneRow(
        id=key,
        person_id=owner.id,
        kind=PhoneKind.MOBILE if number.startswith("1") else PhoneKind.LANDLINE,
        rank=rank,
        sealed=sealing.seal_value(owner.key, f"people.phone.number:{key}", number),
        mask=codes.mask_phone(number),
        blind=keys.blind(owner.county, PHONE, number),
    )
