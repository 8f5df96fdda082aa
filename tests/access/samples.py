"""Two rows of every type: one where the viewer serves, around one person, and one where they do not, around another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from gongzhi.entity import Entity
from gongzhi_server.testing import TODAY

PERSON = """
select p.id, m.household_id, p.town_id, t.code, g.code
from people.person p
join people.membership m on m.person_id = p.id and m.until is null
join people.household h on h.id = m.household_id
join grids.grid t on t.id = p.town_id
join grids.grid g on g.id = p.grid_id
where p.town_id <> all($1::int[])
  and exists(select from cases.case c where c.town_id = p.town_id and c.series = 'ORDINARY')
order by exists(select from people.phone f where f.person_id = p.id) desc,
  exists(select from people.visit v where v.household_id = m.household_id) desc,
  exists(select from people.liaison l where l.household_id = m.household_id) desc,
  exists(select from people.award a where a.household_id = m.household_id) desc,
  p.resident_id_mask is null, p.id limit 1
"""
UNIT = "select id, code from units.unit where kind = 'COUNTY_DEPARTMENT' order by code offset $1 limit 1"
# Somebody's own case, in the hands of a unit of its own: the small county has no such case by itself.
CASE = """
update cases.case set requester_id = $1, filed_by_id = $1, anonymous = false, status = 'REPLIED', lead_unit_id = $3,
  reply = 'done', replied_at = reported_at, settled_at = reported_at, settled_level = 'TOWN', rating = 4, solved = true,
  rating_comment = 'good'
where id = (select id from cases.case where town_id = $2 and series = 'ORDINARY' order by longitude is null, id limit 1)
returning id, number
"""


@dataclass(frozen=True)
class Around:
    """A person, and what is theirs: the household, a case in hand, the unit that has it, the town."""

    person: Any
    household: Any
    case: Any
    number: str
    lead: int
    unit: str
    area: int
    town: str
    grid: str

    @property
    def named(self) -> Mapping[str, Any]:
        """What columns that point to one of them are called, and what they hold."""
        people = dict.fromkeys(("person_id", "requester_id", "head_id", "visitor_id"), self.person)
        return {**people, "household_id": self.household, "case_id": self.case, "lead_unit_id": self.lead}


MORE = """
with told as (
  insert into notices.notice (id, kind, person_id, grid_id, title_en, title_zh, body_en, body_zh, about, at, read_at)
  values (gen_random_uuid(), 'case.replied', $1, $2, 'Told', '通知', 'It is so.', '如此。', 'Case:1', $3, $3)
)
insert into plugins.activation (id, plugin, grid_id, active, since, until, account)
values (gen_random_uuid(), 'points', $2, true, $3, $3, 'administrator')
"""


# What came from the field about the case, and the town's centre.
FIELD = """
with file as (
  insert into attachments.attachment (id, case_id, kind, media_type, size, thumbnail, county, at)
  values (gen_random_uuid(), $1, 'PHOTO', 'image/jpeg', 1, true, '610921', $3)
), changed as (
  insert into sync.change (id, case_id, field, before, after, occurred_at, at, account, role)
  values (gen_random_uuid(), $1, 'title', 'a', 'b', $3, $3, 'somebody', 'grid_worker')
), met as (
  insert into sync.conflict (id, case_id, field, base, mine, theirs, by, at, occurred_at, received_at, role, kept,
    resolved_at)
  values (gen_random_uuid(), $1, 'title', 'a', 'b', 'c', 'grid_worker', $3, $3, $3, 'grid_worker', 'MINE', $3)
), looked as (
  insert into patrols.patrol (id, grid_id, patroller_id, at, found, case_id, recorded_at)
  values (gen_random_uuid(), $2, $4, $3, 'found', $1, $3)
)
update centers.center set valid_to = null, address = 'there', duty_phone = '09150009999' where grid_id = $2
"""


async def around(connection: asyncpg.Connection[Any], *others: Around) -> Around:
    """Somebody with as much as there is, in a town and with a unit of their own."""
    person, household, area, town, grid = await connection.fetchrow(PERSON, [one.area for one in others])
    lead, unit = await connection.fetchrow(UNIT, len(others))
    case, number = await connection.fetchrow(CASE, person, area, lead)
    await connection.execute(MORE, person, area, TODAY)
    await connection.execute(FIELD, case, area, TODAY, person)
    return Around(person, household, case, number, lead, unit, area, town, grid)


async def sample(connection: asyncpg.Connection[Any], entity: Entity, near: Around) -> Any:
    """The key of a row of this type near somebody: theirs if there is one, else of their town; None for none."""
    meta = entity.model._meta
    table = f'"{meta.schema}"."{meta.db_table}"'
    exact = {
        "people.person": near.person,
        "people.household": near.household,
        "cases.case": near.case,
        "grids.grid": near.area,
        "units.unit": near.lead,
    }
    if key := exact.get(f"{meta.schema}.{meta.db_table}"):
        return key
    columns = {entity.column(name) for name in meta.fields_map if name not in meta.backward_fk_fields}
    theirs = [(name, value) for name, value in near.named.items() if name in columns]
    where = " or ".join(f'"{name}"=${at}' for at, (name, _) in enumerate(theirs, 1)) or "false"
    values = [value for _, value in theirs]
    if "town_id" in columns:
        where = f"({where}) or town_id=${len(values) + 1}"
        values.append(near.area)
    elif entity.through is None:  # a row that lies nowhere is as near as another
        where = "true"
    full = " + ".join(f'("{name}" is not null)::int' for name in sorted(columns))
    order = "".join(f'"{name}" is not distinct from ${at} desc, ' for at, (name, _) in enumerate(theirs, 1))
    sql = f'select "{entity.key}" from {table} where {where} order by {order}({full}) desc, "{entity.key}" limit 1'
    return await connection.fetchval(sql, *values)
