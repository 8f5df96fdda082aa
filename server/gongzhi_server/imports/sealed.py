"""Protected values of people as the tables hold them: sealed, masked, and blind to be looked up by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gongzhi import codes, sealing
from gongzhi.people.models import PhoneKind
from gongzhi.sealing import KeyRing
from uuid6 import uuid7

from .registry import PHONE, RESIDENT_ID


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose values they are: a person, the county's six digits, and the person's data key."""

    id: UUID
    county: str
    key: bytes = field(repr=False)


def new() -> UUID:
    """Make a key that sorts by the time it was made."""
    return UUID(int=uuid7().int)


def identity(keys: KeyRing, owner: Owner, number: str | None) -> tuple[bytes | None, str | None, bytes | None]:
    """Return a resident ID sealed, masked and blind."""
    if number is None:
        return None, None, None
    sealed = sealing.seal(owner.key, f"people.person.resident_id:{owner.id}", number)
    return sealed, codes.mask_resident_id(number), keys.blind(owner.county, RESIDENT_ID, number)


def phones(keys: KeyRing, owner: Owner, numbers: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of somebody's telephone numbers: id, person, kind, rank, sealed, mask and blind."""
    for rank, number in enumerate(numbers, 1):
        phone = new()
        kind = PhoneKind.MOBILE if number.startswith("1") else PhoneKind.LANDLINE
        sealed = sealing.seal(owner.key, f"people.phone.number:{phone}", number)
        blind = keys.blind(owner.county, PHONE, number)
        yield phone, owner.id, kind, rank, sealed, codes.mask_phone(number), blind
