"""Plugin activation: switches plugins on and off in counties, from the console and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gongzhi_server.errors import Problem
from gongzhi_server.storage import database
from gongzhi_server.storage.audit import record_act

# Activations are never changed, only closed and followed by another, so that it stays known when a plugin was on.
DECIDED = """
select g.id, p.plugin from grids.grid g cross join unnest($1::text[]) p(plugin)
where g.kind = 'COUNTY' and g.valid_to is null and ($2::text is null or g.code = $2) and not exists (
    select from plugins.activation a where a.grid_id = g.id and a.plugin = p.plugin
    and ($4 or a.until is null and a.active = $3)
)
"""
CLOSE = """
update plugins.activation set until = $3 where grid_id = $1 and plugin = $2 and until is null
"""
OPEN = """
insert into plugins.activation (id, grid_id, plugin, active, since, account)
values (uuidv7(), $1, $2, $3, $4, 'console') returning id
"""


async def switch_plugins(
    dsn: str,
    plugins: Sequence[str],
    now: datetime,
    county: str | None = None,
    *,
    active: bool = True,
    undecided: bool = False,
) -> int:
    """Switch plugins on or off in a county by its code, or in all; return in how many that changed something.

    With `undecided` only where nothing was ever decided. Raises Problem for a code that is no county's.
    """
    async with database.connect_database(dsn) as connection, connection.transaction():
        there = "select exists(select from grids.grid where code = $1 and kind = 'COUNTY' and valid_to is null)"
        if county and not await connection.fetchval(there, county):
            raise Problem(f"there is no county {county}; give the six digits of one that has been imported")
        found = await connection.fetch(DECIDED, plugins, county, active, undecided)
        for grid, plugin in found:
            await connection.execute(CLOSE, grid, plugin, now)
            decided = await connection.fetchval(OPEN, grid, plugin, active, now)
            # What is on from the beginning nobody has decided.
            if not undecided:
                await record_act(connection, "setPluginActivation", [f"PluginActivation:{decided}"], now)
        return len(found)
