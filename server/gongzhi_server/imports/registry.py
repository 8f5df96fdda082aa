"""Registry: the households and people in a file that the database knows already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.core.people.sealed_values import PHONE as PHONE
from gongzhi.core.people.sealed_values import RESIDENT_ID
from gongzhi.runtime.sealing import KeyRing

from .drafts import RowDraft

STEP = 10_000  # values sent with one query

Namesake = tuple[str, date, int]  # name, birth date, grid
Twin = tuple[UUID, str, date | None]  # household, name, birth date

GRIDS = """
select g.code, g.id, g.county_id, c.code as county from grids.grid g join grids.grid c on c.id = g.county_id
where g.code = any($1::text[]) and g.valid_to is null
"""
HOUSEHOLDS = """
select h.number, h.id, h.head_id, h.address, h.needs, h.grid_id, h.county_id, c.code as county
from people.household h join grids.grid c on c.id = h.county_id where h.number = any($1::text[])
"""
PERSON = """
select p.id, p.name, p.birth_date, p.grid_id, p.resident_id_blind, m.household_id
from people.person p left join people.membership m on m.person_id = p.id and m.until is null
"""
# A resident ID whose ownership is contested identifies nobody until that is settled.
HOLDERS = PERSON + "where p.county_id = $1 and p.resident_id_blind = any($2::bytea[]) and p.contested_at is null"
MEMBERS = PERSON + "where m.household_id = any($1::uuid[])"
NAMESAKES = PERSON + "where p.county_id = $1 and p.name = any($2::text[]) and p.birth_date is not null"


@dataclass(frozen=True, slots=True)
class HomePlace:
    """Where somebody lives: a grid, its county, and the county's six digits."""

    grid_id: int
    county_id: int
    county: str


@dataclass(frozen=True, slots=True)
class KnownHousehold:
    """A household that is registered."""

    id: UUID
    head_id: UUID | None
    address: str
    needs: frozenset[str]
    place: HomePlace


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person who is registered."""

    id: UUID
    name: str
    birth: date | None
    grid_id: int
    blind: bytes | None
    household_id: UUID | None


@dataclass(frozen=True)
class ImportRegistry:
    """The households by number, and people by what a row may tell of them."""

    houses: Mapping[str, KnownHousehold]
    holders: Mapping[bytes, KnownPerson]
    members: Mapping[Twin, KnownPerson]
    namesakes: Mapping[Namesake, KnownPerson]


class RegistryReader:
    """Look-ups of households and people in the database."""

    def __init__(self, connection: asyncpg.Connection[Any], keys: KeyRing) -> None:
        self.connection, self.keys = connection, keys

    async def places(self, drafts: Collection[RowDraft]) -> dict[str, HomePlace]:
        """Find the grids that rows name."""
        codes = sorted({draft.grid for draft in drafts if draft.grid})
        rows = await self.fetch(GRIDS, codes)
        return {row["code"]: HomePlace(row["id"], row["county_id"], row["county"]) for row in rows}

    async def houses(self, drafts: Collection[RowDraft]) -> dict[str, KnownHousehold]:
        """Find the households that rows name."""
        rows = await self.fetch(HOUSEHOLDS, sorted({draft.number for draft in drafts}))
        return {row["number"]: make_house(row) for row in rows}

    async def holders(self, county: HomePlace, drafts: Collection[RowDraft]) -> dict[bytes, KnownPerson]:
        """Find those of a county who have the resident IDs of these rows, by blind index under any key."""
        blinds = [
            blind
            for draft in drafts
            if draft.resident_id
            for blind in self.keys.blinds(county.county, RESIDENT_ID, draft.resident_id)
        ]
        rows = await self.fetch(HOLDERS, blinds, county.county_id)
        return {row["resident_id_blind"]: make_known(row) for row in rows}

    async def members(self, houses: Collection[KnownHousehold]) -> dict[Twin, KnownPerson]:
        """Find the members of these households."""
        rows = await self.fetch(MEMBERS, [house.id for house in houses])
        return {(row["household_id"], row["name"], row["birth_date"]): make_known(row) for row in rows}

    async def namesakes(self, county: HomePlace, drafts: Collection[RowDraft]) -> dict[Namesake, KnownPerson]:
        """Find those of a county who have the name and birth date of one of these rows."""
        births = {(draft.name, draft.birth) for draft in drafts if draft.birth}
        rows = await self.fetch(NAMESAKES, sorted({name for name, _ in births}), county.county_id)
        return {
            (row["name"], row["birth_date"], row["grid_id"]): make_known(row)
            for row in rows
            if (row["name"], row["birth_date"]) in births
        }

    async def fetch(self, query: str, values: list[Any], *before: Any) -> list[Any]:
        """Run a query for many values, some thousands at a time."""
        found: list[Any] = []
        for start in range(0, len(values), STEP):
            found += await self.connection.fetch(query, *before, values[start : start + STEP])
        return found


def make_house(row: Any) -> KnownHousehold:
    """Build a household from its row."""
    place = HomePlace(row["grid_id"], row["county_id"], row["county"])
    return KnownHousehold(row["id"], row["head_id"], row["address"], frozenset(row["needs"]), place)


def make_known(row: Any) -> KnownPerson:
    """Build a person from their row."""
    return KnownPerson(
        row["id"], row["name"], row["birth_date"], row["grid_id"], row["resident_id_blind"], row["household_id"]
    )
