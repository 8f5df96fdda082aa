"""Choice of advisers: on the panel here, on duty if possible, free, and in no conflict with anybody in the matter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gongzhi.core.cases.models import SettlementLevel
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Refusal

from ..models import AdviserKind, SeatRole, SeatRow

LEVELS = (SettlementLevel.VILLAGE, SettlementLevel.TOWN, SettlementLevel.COUNTY)
"""From below: what can be settled in the village is settled there (小事不出村)."""

# A person who is null is nobody's kin, hence `coalesce`. Households of today only: whoever moved out is no family any
# more.
CONFLICT = """
(coalesce(a.person_id=any($1::uuid[]),false)
 or exists(select from legal.conflict c where c.adviser_id=a.id and c.person_id=any($1)
  and (c.until is null or c.until>$2::date))
 or exists(select from people.membership m join people.membership o on o.household_id=m.household_id
  where m.person_id=a.person_id and o.person_id=any($1)
  and (m.until is null or m.until>$2) and (o.until is null or o.until>$2)))
"""
"""That adviser `a` must keep away from these people: it is they, their household, or somebody they declared."""

# Raw SQL: level, duty, load and conflicts are one question, and each place asks it of the whole panel.
FOUND = f"""
select * from (
 select a.id, a.account, g.kind as level, array_position($4::text[], g.kind::text) place, a.capacity,
  exists(select from legal.shift s where s.adviser_id=a.id and s.starts_at<=$6 and s.ends_at>$6) duty,
  (select count(*) from legal.seat s join legal.matter m on m.id=s.matter_id
   where s.account=a.account and s.left_at is null and m.closed_at is null) busy
 from legal.adviser a join legal.serves v on v.adviser_id=a.id join grids.grid g on g.id=v.grid_id
 where v.grid_id=any($3::int[]) and a.kind=any($5::text[]) and a.joined_on<=$2::date
  and (a.left_on is null or a.left_on>$2) and not a.account=any($7::text[]) and not {CONFLICT}
) f where f.busy<f.capacity and f.place is not null order by f.place, f.duty desc, f.busy, f.id limit 1
"""
# In one order, so that two who look for somebody never wait for each other in a circle.
LOCKED = """
select a.id from legal.adviser a where a.left_on is null and a.kind=any($2::text[])
 and exists(select from legal.serves v where v.adviser_id=a.id and v.grid_id=any($1::int[]))
order by a.id for no key update
"""
# The lowest level at which the adviser serves the place.
LEVEL = """
select g.kind as level from legal.serves v join grids.grid g on g.id=v.grid_id
where v.adviser_id=$1 and v.grid_id=any($2::int[]) order by array_position($3::text[], g.kind::text) limit 1
"""


@dataclass(frozen=True)
class Candidate:
    """An adviser for a matter, and the level at which they serve it."""

    id: UUID
    account: str
    level: SettlementLevel


async def find_candidate(
    call: Call,
    place: Any,
    kinds: Collection[AdviserKind],
    people: Collection[UUID],
    *,
    levels: Sequence[SettlementLevel] = LEVELS,
    without: Collection[str] = (),
) -> Candidate | None:
    """Find whom a located row's grid offers: the lowest level first, then on duty, then the least busy."""
    wanted = [one.value for one in kinds]
    grids, named = surrounding_grids(place), [one.value for one in levels]
    # Locked before matters are counted: of two who ask at once the second sees what the first gave whom, so that
    # nobody gets more than they take, nor anything after they have left.
    await call.fetch(LOCKED, grids, wanted)
    rows = await call.fetch(FOUND, list(people), today(call), grids, named, wanted, call.now, list(without))
    return Candidate(rows[0]["id"], rows[0]["account"], SettlementLevel(rows[0]["level"])) if rows else None


def surrounding_grids(place: Any) -> list[int]:
    """Return the village, town and county of a located row."""
    return [one for one in (place.village_id, place.town_id, place.county_id) if one is not None]


def nobody_free(path: str) -> Refusal:
    return Refusal(
        "NOBODY_FREE",
        "Nobody on the legal panel here is free for this. Tell the judicial office, which keeps the panel.",
        "本地法律顾问、调解员均无法承办，请联系司法所调整名单。",
        (path,),
    )


def conflict_of_interest(*path: str) -> Refusal:
    return Refusal(
        "CONFLICT_OF_INTEREST",
        "They must keep out of this: somebody in it is their family, or they declared a conflict. Choose another.",
        "该人员与当事人有利害关系，应当回避，请另选他人。",
        path,
    )


async def require_disinterested(call: Call, adviser: UUID, people: Collection[UUID], *path: str) -> None:
    """Refuse an adviser who is in conflict with one of these people."""
    text = f"select from legal.adviser a where a.id=$3 and {CONFLICT}"
    if await call.fetch(text, list(people), today(call), adviser):
        raise conflict_of_interest(*path)


async def level_of(call: Call, adviser: UUID, place: Any, *path: str) -> SettlementLevel:
    """Return the level at which an adviser serves a place. Raises Refusal for one who does not."""
    rows = await call.fetch(LEVEL, adviser, surrounding_grids(place), [one.value for one in LEVELS])
    if not rows:
        raise Refusal("SERVES_ELSEWHERE", "They do not serve this place.", "该人员不服务于此地。", path)
    return SettlementLevel(rows[0]["level"])


async def give_seat(call: Call, matter: UUID, role: SeatRole, **whose: Any) -> None:
    """Give a person, account or unit a seat at a matter, unless it has one."""
    if not await SeatRow.exists(matter_id=matter, left_at=None, **whose):
        await SeatRow.create(matter_id=matter, role=role, since=call.now, **whose)


async def take_seat(call: Call, matter: UUID, **whose: Any) -> None:
    """Take a seat away: from now on its holder sees nothing of the matter."""
    # Kept with its end and not deleted: that somebody sat there is part of the file.
    await SeatRow.filter(matter_id=matter, left_at=None, **whose).update(left_at=call.now)
