"""Protected columns: where the tables hold people's protected values, read only by who says why."""

from __future__ import annotations

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.sealing import KeyRing

from . import sealed_values
from .models import PersonRow, PhoneRow

RESIDENT_ID, PHONE, PHONES = "Person.residentId", "Person.phone", "Person.phones"


async def reveal_field(keys: KeyRing, person: PersonRow, field: str) -> list[str]:
    """Return the values of a protected field in clear, none for who has none. Raises KeyError for another field."""
    county = await GridRow.get(id=person.county_id)
    owner = sealed_values.find_owner(keys, county.code, person)
    if owner is None:
        return []
    if field == RESIDENT_ID:
        number = sealed_values.read_identity(owner, person)
        return [number] if number else []
    # `phone` is the first of `phones`.
    most = {PHONE: 1, PHONES: None}[field]
    phones = await PhoneRow.filter(person_id=person.id).order_by("rank", "id")
    return [number for phone in phones[:most] if (number := sealed_values.read_phone(owner, phone))]
