"""Demo: the demo county's invented dispatch directory and list of duties, and the work orders of its cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gongzhi.core.units.models import UnitKind
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values.codes import Kind

from .directory.matching import entry_weight

DIRECTORY = {
    "utilities.electricity": ("GDGS", "YJJ"),
    "utilities.water": ("SLJ", "ZLSGS"),
    "utilities.network": ("ZZZX",),
    "roads.surface": ("JTJ",),
    "roads.lighting": ("ZJJ",),
    "land": ("ZRJ", "NYJ"),
    "environment": ("CGJ",),
    "environment.pollution": ("HBJ",),
    "agriculture.disaster": ("NYJ", "YJJ"),
    "agriculture.subsidy": ("NYJ",),
    "welfare": ("MZJ", "RSJ"),
    "education": ("JYJ",),
    "safety": ("YJJ",),
    "dispute": ("SFJ",),
    "dispute.labor": ("RSJ", "SFJ"),
    "dispute.medical": ("WJJ", "SFJ"),
    "platform": ("XFJ",),
    "utilities": ("ZZZX",),
    "roads": ("JTJ",),
    "agriculture": ("NYJ",),
    "health": ("WJJ",),
    "village_affairs": ("MZJ",),
    "paperwork": ("SPJ",),
    "other": ("ZZZX",),
}
"""By subject the department that answers for it, and those that help."""
TOWNS = "environment.garbage", "dispute.neighbor"
"""Subjects that the towns answer for themselves."""
DUTIES = "land", "environment.pollution", "dispute.labor", "utilities.electricity"
"""Subjects that no town or village may be given."""

USUAL = timedelta(days=7)
"""The term of orders so old that their cases have no clocks: five working days, about."""
CATEGORIES = "select distinct on (code) code, id from cases.category order by code, edition desc"
UNITS = "select code, id from units.unit where valid_to is null"
PLACES = """
select id, code, name, kind, valid_from::timestamp at time zone 'Asia/Shanghai' as since from grids.grid
where id = $1 or kind = 'TOWN' and county_id = $1 and use = 'BASE' order by kind, code
"""
ENTRY = """
insert into dispatch.rule (category_id, grid_id, unit_id, basis, weight, valid_from, version)
values ($1, $2, $3, $4, $5, $6, 1) returning id
"""
HELP = "insert into dispatch.rule_support (rule_id, unit_id) values ($1, $2)"
DUTY = """
insert into dispatch.duty (category_id, grid_id, kind, basis, valid_from) values ($1, $2, $3, $4, $5)
"""


# Raw SQL over the timeline: each order's state depends on the step that came next, which window functions tell.
# What a case's own events tell: the last dispatch is its lead unit's order, one that was returned was somebody else's.
ORDERS = """
with step as (
  select e.case_id, e.type, e.at, e.account, e.data, lead(e.type) over later as next, lead(e.at) over later as ended
  from cases.event e window later as (partition by e.case_id order by e.at, e.id)
), given as (
  select s.case_id, s.at, s.account, u.id as unit_id, 'LEAD' as role, 'RETURNED' as state, s.ended as finished_at
  from step s join units.unit u on u.code = s.data->>'leadUnit'
  where s.type = 'case.dispatched' and s.next = 'case.returned'
  union all
  select c.id, s.at, s.account, u.unit_id, u.role, case
    when c.status = 'DISPATCHED' then 'ISSUED'
    when c.status in ('HANDLING', 'SUSPENDED') then case u.role when 'LEAD' then c.status else 'ACKNOWLEDGED' end
    when c.status = 'VOIDED' then 'WITHDRAWN' else 'DONE' end, coalesce(c.settled_at, c.closed_at)
  from cases.case c join step s on s.case_id = c.id and s.type = 'case.dispatched' and s.next <> 'case.returned'
    or s.case_id = c.id and s.type = 'case.dispatched' and s.next is null
  cross join lateral (select c.lead_unit_id as unit_id, 'LEAD' as role where c.lead_unit_id is not null
    union all select p.unit_id, 'SUPPORT' from cases.support p where p.case_id = c.id) u
)
insert into dispatch.work_order (id, case_id, unit_id, role, state, issued_at, issued_by, due_at, warn_at,
  acknowledged_at, suspended_at, finished_at, extended, contribution, version)
select md5(g.case_id::text || g.unit_id || g.at)::uuid, g.case_id, g.unit_id, g.role, g.state, g.at, g.account,
  coalesce(k.due_at, g.at + $1::interval), coalesce(k.warn_at, g.at + $1::interval * 0.8),
  case when g.state not in ('ISSUED', 'RETURNED') then g.at + interval '10 minutes' end,
  case when g.state = 'SUSPENDED' then (select max(s.at) from step s where s.case_id = g.case_id
    and s.type = 'case.suspended') end,
  case when g.state in ('DONE', 'RETURNED', 'WITHDRAWN') then g.finished_at end, false,
  case when g.role = 'SUPPORT' and g.state = 'DONE' then '已按分工配合处理。' end, 1
from given g left join clocks.clock k on k.case_id = g.case_id and k.stage = 'HANDLE' and k.started_at = g.at
  and isfinite(k.due_at)
"""
MERGES = """
insert into dispatch.merge (id, case_id, into_id, merged_at, merged_by)
select md5('merge' || e.id)::uuid, e.case_id, m.id, e.at, e.account
from cases.event e join cases.case m on m.number = e.data->>'into' where e.type = 'case.merged'
"""


async def fill_dispatch(connection: Any, county: int, now: datetime, keys: KeyRing) -> None:
    """Write the directory, the duties, and the work orders and merges that the county's timelines tell of."""
    categories: dict[str, int] = dict(await connection.fetch(CATEGORIES))
    units: dict[str, int] = dict(await connection.fetch(UNITS))
    whole, *towns = await connection.fetch(PLACES, county)
    await write_directory(connection, whole, towns, categories, units)
    for at, category in enumerate(DUTIES, 1):
        kind = UnitKind.ENTERPRISE if category.startswith("utilities") else UnitKind.COUNTY_DEPARTMENT
        basis = f"县级部门职责清单（虚构示例）第 {at} 项"
        await connection.execute(DUTY, categories[category], county, kind, basis, whole["since"])
    await connection.execute(ORDERS, USUAL)
    await connection.execute(MERGES)


async def write_directory(
    connection: Any, county: Any, towns: Any, categories: Mapping[str, int], units: Mapping[str, int]
) -> None:
    """Write who answers for which subject, in the county and in its towns."""

    async def enter(category: str, place: Any, unit: str, basis: str) -> int:
        weight = entry_weight(category, Kind(place["kind"]))
        values = categories[category], place["id"], units[unit], basis, weight, place["since"]
        key: int = (await connection.fetch(ENTRY, *values))[0]["id"]
        return key

    for at, (category, (lead, *others)) in enumerate(DIRECTORY.items(), 1):
        key = await enter(category, county, f"{county['code']}-{lead}", f"汉阴县派单目录（虚构示例）第 {at} 条")
        for one in others:
            await connection.execute(HELP, key, units[f"{county['code']}-{one}"])
    for category in TOWNS:
        for town in towns:
            await enter(category, town, f"{town['code']}-ZF", f"{town['name']}履职事项清单（虚构示例）")
