"""Facts: what the county has on file of somebody, found where it is kept and copied nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from gongzhi.declare.sql import Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.commands import Call

from .models import Fact


class Source(StrEnum):
    """Where a fact is on file."""

    PERSON = "PERSON"
    TELEPHONES = "TELEPHONES"
    GRID = "GRID"
    HOUSEHOLD = "HOUSEHOLD"


HOME = (
    "(select {value} from people.membership m join people.household h on h.id=m.household_id "
    "where m.person_id={{0}} and m.since<={{1}} and (m.until is null or m.until>{{1}}) order by m.since desc limit 1)"
)
# Masks where the value is protected: who needs more asks `reveal`, which says for what.
VALUES: dict[Fact, tuple[Source, str]] = {
    Fact.IDENTITY: (
        Source.PERSON,
        "(select p.name||' '||p.resident_id_mask from people.person p "
        "where p.id={0} and p.resident_id_mask is not null)",
    ),
    Fact.BIRTH: (Source.PERSON, "(select p.birth_date::text from people.person p where p.id={0})"),
    Fact.PHONE: (
        Source.TELEPHONES,
        "(select k.mask from people.phone k where k.person_id={0} order by k.rank, k.id limit 1)",
    ),
    Fact.RESIDENCE: (
        Source.GRID,
        "(select g.name from people.person p join grids.grid g on g.id=p.village_id where p.id={0})",
    ),
    Fact.ADDRESS: (Source.HOUSEHOLD, HOME.format(value="h.address")),
    Fact.HOUSEHOLD: (Source.HOUSEHOLD, HOME.format(value="h.number")),
}
"""Where each fact is on file, and SQL for it as it is shown: of the person `{0}`, on the day `{1}`."""
SOURCES = "case {0} " + " ".join(f"when '{fact}' then '{source}'" for fact, (source, _) in VALUES.items()) + " end"
FOUND = "select f.fact from unnest($3::text[]) f (fact) where (case f.fact {cases} end) is not null".format(
    cases=" ".join(f"when '{fact}' then {sql.format('$1::uuid', '$2::date')}" for fact, (_, sql) in VALUES.items())
)


def fact_of(fact: Any, person: Any, viewer: ViewerScope) -> Sql:
    """Return what is on file of a person about a fact, both columns, as it is shown."""
    # Places are renumbered: the fact comes first.
    cases = " ".join(f"when '{name}' then {sql.format('{1}', '{2}')}" for name, (_, sql) in VALUES.items())
    return Sql(f"(case {{0}} {cases} end)", fact, person, viewer.today)


async def find_facts(call: Call, person: UUID, day: date, facts: Iterable[Fact]) -> set[Fact]:
    """Return which of these facts are on file of a person."""
    # As texts, so that the statement is the same for every matter.
    wanted = [one.value for one in facts]
    return {Fact(row["fact"]) for row in await call.fetch(FOUND, person, day, wanted)} if wanted else set()
