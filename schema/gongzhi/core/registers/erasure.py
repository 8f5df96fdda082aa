"""Anonymisation: first find all that is held about a person by the holdings, then change or delete it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from gongzhi.declare.register_entries import GONE, Holding

Fetch = Callable[..., Awaitable[Any]]
"""Runs a statement with parameters, and gives rows with names."""

PEOPLE = "people.person"


async def erase_person(fetch: Fetch, holdings: Iterable[Holding], person: UUID, now: datetime) -> dict[str, int]:
    """Anonymise a person in the open transaction, and return how many rows of each table were touched.

    All rows are found before any is changed, since some are found through others. The person stays as a key that
    facts refer to; the data key goes, and with it every value sealed under it.
    """
    rows = [(one, await find_personal_rows(fetch, one, person)) for one in holdings if one.person]
    counts: dict[str, int] = {}
    for one, keys in rows:
        if keys:
            counts[one.table] = counts.get(one.table, 0) + await clear_rows(fetch, one, keys, person)
    # The secret goes last: what is left of looks is a commitment that is made with it.
    await fetch(
        "update people.person set erased_at=$2, restricted_at=coalesce(restricted_at, $2), look_secret=null, "
        "version=version+1 where id=$1",
        person,
        now,
    )
    return counts


async def find_personal_rows(fetch: Fetch, holding: Holding, person: UUID) -> list[UUID]:
    """Return the keys of the rows that go with a person."""
    others = f" and not ({holding.shared})" if holding.shared else ""
    # Locked, so that nothing of a row changes between finding and anonymising it.
    found = await fetch(f"select t.id from {holding.table} t where ({holding.person}){others} for update of t", person)
    return [row["id"] for row in found]


async def clear_rows(fetch: Fetch, holding: Holding, keys: list[Any], person: UUID | None = None) -> int:
    """Anonymise these rows, as the holding says, and return how many there were."""
    if isinstance(holding.erase, Mapping):
        if holding.erase:
            changed = ", ".join(f'"{column}"={value}' for column, value in holding.erase.items())
            # Only where the statement has a place for it: PostgreSQL refuses a parameter without one.
            whose = [person] if "$2" in changed else []
            await fetch(f"update {holding.table} t set {changed} where t.id=any($1)", keys, *whose)
    else:
        await fetch(f"delete from {holding.table} t where t.id=any($1)", keys)
    return len(keys)


def expired_rows_sql(holding: Holding, limit: str = "") -> str:
    """Return the statement for the rows whose time is over on `$1` and that hold something still."""
    held = "true"
    if holding.table == PEOPLE:
        held = "t.erased_at is null"
    elif holding.erase != GONE:
        assert isinstance(holding.erase, Mapping)
        # What was anonymised already holds nothing more.
        held = " or ".join(f't."{column}" is distinct from {value}' for column, value in holding.erase.items())
    over = f"({holding.since}) < $1::timestamptz - make_interval(months => {holding.months})"
    return f"select t.id from {holding.table} t where {over} and ({held}) {limit}"
