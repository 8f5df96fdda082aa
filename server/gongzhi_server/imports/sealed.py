"""Sealed records: protected values of people (`gongzhi.core.people.sealed_values`), to be copied into tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from gongzhi.core.people import sealed_values
from gongzhi.core.people.models import PhoneKind
from gongzhi.core.people.sealed_values import PHONE, RESIDENT_ID, Owner
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes
from uuid6 import uuid7

__all__ = ["PHONE", "RESIDENT_ID", "Owner", "seal_identity", "new_id", "phone_records"]


def new_id() -> UUID:
    """Make a key that sorts by the time it was made."""
    return UUID(int=uuid7().int)


def seal_identity(keys: KeyRing, owner: Owner, number: str | None) -> tuple[bytes | None, str | None, bytes | None]:
    """Return a resident ID sealed, masked and blind."""
    columns = sealed_values.seal_resident_id(keys, owner, number)
    return columns["resident_id_sealed"], columns["resident_id_mask"], columns["resident_id_blind"]


def phone_records(keys: KeyRing, owner: Owner, numbers: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the records of somebody's telephone numbers: id, person, kind, rank, sealed, mask and blind.

    `gongzhi.core.people.sealed_values.seal_phones` makes the same as models, which need Tortoise to know them.
    """
    for rank, number in enumerate(numbers, 1):
        phone = new_id()
        kind = PhoneKind.MOBILE if number.startswith("1") else PhoneKind.LANDLINE
        closed = sealing.seal_value(owner.key, f"people.phone.number:{phone}", number)
        yield phone, owner.id, kind, rank, closed, codes.mask_phone(number), keys.blind(owner.county, PHONE, number)
