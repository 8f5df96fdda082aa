"""Changes: what an import changes in people who are registered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from gongzhi.core.people.models import Gender
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing

from .plan import Update
from .sealed import PHONE, Owner, phone_records, seal_identity

STEP = 10_000  # people looked up with one query
CURRENT = """
select p.id, p.name, p.gender, p.birth_date, p.residence, p.grid_id, p.data_key, p.resident_id_blind,
  array(select f.blind from people.phone f where f.person_id = p.id order by f.rank, f.id) as phones
from people.person p where p.id = any($1::uuid[])
"""
ADD_PHONE = """
insert into people.phone (id, person_id, kind, rank, sealed, mask, blind) values ($1, $2, $3, $4, $5, $6, $7)
"""


@dataclass(frozen=True, slots=True)
class PersonChange:
    """The columns that change, and whether the resident ID is new and the telephone numbers are others."""

    update: Update
    data_key: bytes | None
    columns: Mapping[str, Any]
    identity: bool
    phones: bool


async def compare_updates(
    connection: asyncpg.Connection[Any], keys: KeyRing, updates: Collection[Update]
) -> list[PersonChange]:
    """Tell which updates change anything."""
    by_id = {update.known.id: update for update in updates}
    changes = []
    ids = list(by_id)
    for start in range(0, len(ids), STEP):
        rows = await connection.fetch(CURRENT, ids[start : start + STEP])
        changes += [change for row in rows if (change := compare_row(keys, by_id[row["id"]], row))]
    return changes


def compare_row(keys: KeyRing, update: Update, row: Mapping[str, Any]) -> PersonChange | None:
    """Compare a row of the file with one of the database; empty cells change nothing."""
    draft, place = update.sited.draft, update.sited.place
    told = {
        "name": draft.name,
        "residence": draft.residence,
        "gender": None if draft.gender is Gender.UNKNOWN else draft.gender,
        "birth_date": draft.birth,
        "grid_id": place.grid_id if draft.grid else None,
    }
    columns = {name: value for name, value in told.items() if value is not None and value != row[name]}
    # A resident ID is added, never replaced: another number on file is for an officer to decide.
    named = bool(draft.resident_id) and row["resident_id_blind"] is None
    # Numbers are compared by their blind indexes under every key of the ring: rows may be under an older key.
    blinds = [keys.blinds(place.county, PHONE, number) for number in draft.phones]
    rung = bool(blinds) and not is_same_numbers(blinds, row["phones"])
    return PersonChange(update, row["data_key"], columns, named, rung) if columns or named or rung else None


def is_same_numbers(blinds: list[list[bytes]], known: list[bytes | None]) -> bool:
    """Tell whether these are the same numbers in the same order, whichever key each was made with."""
    return len(blinds) == len(known) and all(one in several for several, one in zip(blinds, known, strict=True))


async def write_changes(connection: asyncpg.Connection[Any], keys: KeyRing, changes: Collection[PersonChange]) -> None:
    """Carry the changes out."""
    for change in changes:
        owner = Owner(change.update.known.id, change.update.sited.place.county, open_data_key(keys, change))
        values = dict(change.columns) | dict(protected_columns(keys, owner, change))
        if values:
            sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 2))
            query = f"update people.person set {sets}, version = version + 1 where id = $1"
            # The names of the columns are ours; values are bound.
            await connection.execute(query, owner.id, *values.values())
        if change.phones:
            # Replaced as a whole, since their rank is their order in the file.
            await connection.execute("delete from people.phone where person_id = $1", owner.id)
            await connection.executemany(ADD_PHONE, phone_records(keys, owner, change.update.sited.draft.phones))


def open_data_key(keys: KeyRing, change: PersonChange) -> bytes:
    """Return the person's data key: a new one for somebody who has none yet."""
    if change.data_key is None:
        return sealing.data_key()
    return keys.unwrap(change.update.sited.place.county, change.data_key)


def protected_columns(keys: KeyRing, owner: Owner, change: PersonChange) -> Iterator[tuple[str, Any]]:
    """Return the protected columns that change."""
    # Somebody without protected values had no key yet.
    if change.data_key is None and (change.identity or change.phones):
        yield "data_key", keys.wrap(owner.county, owner.key)
    if change.identity:
        columns = "resident_id_sealed", "resident_id_mask", "resident_id_blind"
        yield from zip(columns, seal_identity(keys, owner, change.update.sited.draft.resident_id), strict=True)
